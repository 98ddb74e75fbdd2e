"""A role may be limited to locations."""

import sqlalchemy as sa
from alembic import op

from lotkeeper_server.store.schema.column_types import fixed_bytes, short_text

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Adds the table, empty: roles that exist hold everywhere. Takes a moment."""
    op.create_table(
        "role_location",
        sa.Column("role_name", short_text(255), sa.ForeignKey("role.name"), primary_key=True),
        sa.Column("location_id", fixed_bytes(16), primary_key=True, comment="the role holds there and below"),
    )
