"""Transactions for code that uses the store's functions and runs no SQL of its own."""

from typing import TypeAlias

from sqlalchemy import Connection

Snapshot: TypeAlias = Connection
"""One moment of the store, passed to functions that read."""
WriteConnection: TypeAlias = Connection
"""A write transaction, passed to functions that write; everything in it becomes durable together, or not at all."""
