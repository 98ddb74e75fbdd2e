"""The same stock movements done by other open products beside Lotkeeper, on one PostgreSQL, in one run."""
