"""Compares Lotkeeper with other open-source products: the same stock movements, on one PostgreSQL, in one run."""
