"""Backups of the embedded store: taken while it serves, checked, and restored."""
