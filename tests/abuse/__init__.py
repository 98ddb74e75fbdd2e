"""Attacks, bounded in time and count: each is tried, and honest callers must not notice."""
