"""Genealogy through production orders, summed by lot, order and type of record."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from lotkeeper_server.store.schema.column_types import fixed_bytes
from lotkeeper_server.store.schema.progress import report

revision = "0009"
down_revision = "0008"


_ORDERS_PIECE: Final = 100
"""Production orders whose records one statement sums."""
_COLUMN: Final = "files_before_orders"


def upgrade() -> None:
    """Adds the edges, filled from the records, and their opening balance, which is empty.

    Reads the records that name an order once, some seconds for a million, and holds the store's write lock meanwhile.
    What went through orders in records that are archived stays in their files: traces do not find it. Where a database
    makes tables outside of transactions, what a migration left that was killed is made anew.
    """
    connection = op.get_bind()
    for table in ("order_edge", "opening_order_edge"):
        op.execute(f"DROP TABLE IF EXISTS {table}")
    _create("order_edge", comments=True)
    op.create_index(
        "ix_order_edge_production_order_id", "order_edge", ["production_order_id", "lot_record_type", "lot_id"]
    )
    _create("opening_order_edge", comments=False)
    op.create_index("ix_opening_order_edge_production_order_id", "opening_order_edge", ["production_order_id"])
    if not any(column["name"] == _COLUMN for column in sa.inspect(connection).get_columns("archive_state")):
        comment = "of files that have left no edges of orders, the number of the latest"
        column = sa.Column(_COLUMN, sa.BigInteger(), server_default="0", nullable=False, comment=comment)
        op.add_column("archive_state", column)
    op.execute(f"UPDATE archive_state SET {_COLUMN} = files")  # noqa: S608
    _fill(connection)


def _fill(connection: sa.Connection) -> None:
    orders = [bytes(row[0]) for row in connection.execute(sa.text("SELECT id FROM production_order ORDER BY id"))]
    for at in range(0, len(orders), _ORDERS_PIECE):
        piece = orders[at : at + _ORDERS_PIECE]
        connection.execute(_SUM, {"first": piece[0], "last": piece[-1]})
        report("what went through production orders is summed", at + len(piece), len(orders))


_SUM: Final = sa.text(
    "INSERT INTO order_edge (lot_id, lot_record_type, production_order_id, quantity, record_count) "
    "SELECT lot_id, lot_record_type, production_order_id, SUM(lot_quantity), COUNT(*) FROM inventory_lot_record "
    "WHERE production_order_id BETWEEN :first AND :last AND secondary_lot_id IS NULL AND lot_record_type IN (1, 2, 3) "
    "AND status = 3 AND lot_quantity > 0 AND reverses_record_id IS NULL AND reversed_by_record_id IS NULL "
    "GROUP BY lot_id, lot_record_type, production_order_id"
)


def _create(table: str, *, comments: bool) -> None:
    quantity = "of the records, in the lot's unit" if comments else None
    record_count = "0: every one of them was reversed" if comments else None
    checks = (
        sa.CheckConstraint("lot_record_type BETWEEN 1 AND 12", name=op.f(f"ck_{table}_lot_record_type_known")),
        sa.CheckConstraint(
            "quantity > -9200000000000000000 AND quantity < 9200000000000000000",
            name=op.f(f"ck_{table}_quantity_range"),
        ),
        sa.CheckConstraint("record_count >= 0 AND quantity >= 0", name=op.f(f"ck_{table}_counted")),
    )
    op.create_table(
        table,
        sa.Column("lot_id", fixed_bytes(16), nullable=False),
        sa.Column("lot_record_type", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("production_order_id", fixed_bytes(16), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False, comment=quantity),
        sa.Column("record_count", sa.BigInteger(), nullable=False, comment=record_count),
        *(checks if comments else ()),
        sa.ForeignKeyConstraint(["lot_id"], ["inventory_lot.id"], name=op.f(f"fk_{table}_lot_id")),
        sa.ForeignKeyConstraint(
            ["production_order_id"], ["production_order.id"], name=op.f(f"fk_{table}_production_order_id")
        ),
        sa.PrimaryKeyConstraint("lot_id", "lot_record_type", "production_order_id", name=op.f(f"pk_{table}")),
        comment="genealogy: the same of records of a lot with a production order and without a secondary lot"
        if comments
        else None,
        sqlite_with_rowid=False,
    )
