"""A small dairy to try things with."""
