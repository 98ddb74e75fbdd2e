"""Genealogy through production orders."""

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Changes nothing yet."""
