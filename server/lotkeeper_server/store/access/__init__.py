"""Rows of tokens and roles."""
