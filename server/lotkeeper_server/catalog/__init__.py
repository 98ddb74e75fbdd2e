"""Definitions, master data and lots: how they are saved, read and listed. All share one mechanism."""
