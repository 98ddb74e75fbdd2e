"""Decides each command, completely or not at all: an answer with its changes, or a refusal without any."""
