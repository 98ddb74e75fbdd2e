"""Databases: connections, transactions, dialects, statements, and what can go wrong."""
