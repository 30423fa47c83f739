"""Training of the encoder's adapter, and what all trainings share."""
