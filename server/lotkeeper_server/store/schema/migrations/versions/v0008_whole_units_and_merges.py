"""Units of whole numbers, and what a MERGE changed beside stock."""

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Changes nothing yet."""
