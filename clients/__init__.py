"""Clients in other languages, and what all clients have in common: the story and the conformance suite."""
