"""Completed records in the order in which they took effect: what watchers follow."""
