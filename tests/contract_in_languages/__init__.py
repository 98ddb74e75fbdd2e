"""Stubs of the contract, made and compiled in each language."""
