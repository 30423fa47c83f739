"""Runs for other tools, and other tools' questions for our suites."""
