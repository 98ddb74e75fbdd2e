"""Lots know their number at their supplier."""

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Changes nothing yet."""
