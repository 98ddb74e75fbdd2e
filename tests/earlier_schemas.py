"""Stores as earlier versions left them."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from lotkeeper_server.store import schema
from sqlalchemy import Connection


def upgrade_to(connection: Connection, revision: str) -> None:
    """Runs the migrations up to one, in this transaction."""
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
