"""Training of the service's learned parts: `pincite train`."""
