"""Transactions as those know them who ask the store by its functions and run no SQL of their own."""

from typing import TypeAlias

from sqlalchemy import Connection

Snapshot: TypeAlias = Connection
"""One moment of the store, handed on to what reads."""
WriteConnection: TypeAlias = Connection
"""A write transaction, handed on to what writes; all that is written in it is durable together, or not at all."""
