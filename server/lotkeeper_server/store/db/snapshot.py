"""What those know of a transaction who only ask the store something: that what they ask is asked of one moment."""

from typing import TypeAlias

from sqlalchemy import Connection

Snapshot: TypeAlias = Connection
"""One moment of the store. It is handed on to what reads; whoever stands above the store runs nothing on it himself."""
