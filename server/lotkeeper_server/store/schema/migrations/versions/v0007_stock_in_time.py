"""Each inventory row knows its latest end."""

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Changes nothing yet."""
