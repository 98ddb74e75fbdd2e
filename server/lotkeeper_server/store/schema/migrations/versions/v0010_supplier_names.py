"""Lots know their number at their supplier."""

import sqlalchemy as sa
from alembic import op

from lotkeeper_server.store.schema.column_types import short_text

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Adds the column, empty, and its index, where only MariaDB has rows of it. Takes a moment."""
    op.add_column("inventory_lot", sa.Column("supplier_lot_name", short_text(255), nullable=False, server_default=""))
    with_name = sa.text("supplier_lot_name <> ''")
    op.create_index(
        "ix_inventory_lot_supplier_lot_name",
        "inventory_lot",
        ["supplier_lot_name", "id"],
        sqlite_where=with_name,
        postgresql_where=with_name,
    )
