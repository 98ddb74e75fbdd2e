"""Alembic migrations: numbered, forward only; all together equal `tables`."""
