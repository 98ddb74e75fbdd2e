"""Names in their one form."""

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Changes nothing yet."""
