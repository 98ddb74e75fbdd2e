"""Definitions, master data and lots: how they are saved, read and listed. One description an entity, one mechanism."""
