"""${message}."""

${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Add a word on locks and duration here."""
    ${upgrades if upgrades else "pass"}
