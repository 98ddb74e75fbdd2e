"""Imports that are too long for one transaction of the embedded store: written beside, then switched in at once."""
