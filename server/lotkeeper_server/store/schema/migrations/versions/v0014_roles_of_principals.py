"""Principals without a stored token have roles by name; tokens know when they were used last."""

import sqlalchemy as sa
from alembic import op

from lotkeeper_server.store.schema.column_types import short_text

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Makes the table and adds the column, both empty. Takes a moment."""
    op.create_table(
        "principal_role",
        sa.Column("principal", short_text(255), primary_key=True),
        sa.Column("role_name", short_text(255), sa.ForeignKey("role.name"), primary_key=True),
        sa.Column("created_millis", sa.BigInteger(), nullable=False),
        comment="roles of principals that come without a stored token",
    )
    op.create_index("ix_principal_role_role_name", "principal_role", ["role_name"])
    op.add_column("token", sa.Column("last_used_millis", sa.BigInteger(), comment="to the hour"))
