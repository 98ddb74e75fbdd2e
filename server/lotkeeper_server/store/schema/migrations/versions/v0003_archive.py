"""Tables of archived records: files, ids, references, opening balances, and the lease of who archives."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds them, empty. Takes a moment, whatever the store holds."""
    _add_files()
    _add_archived()
    _add_opening_balances()


def _id(name: str, comment: str | None = None) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(length=16), nullable=False, comment=comment)


def _add_files() -> None:
    op.create_table(
        "archive_state",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("files", sa.BigInteger(), nullable=False, comment="how many there are; the number of the latest one"),
        sa.Column("until_millis", sa.BigInteger(), comment="the latest moment of an archived record"),
        sa.Column(
            "feed_order",
            sa.BigInteger(),
            nullable=False,
            comment="the largest effect_order of an archived record",
        ),
        sa.Column("owner", sa.String(length=255), nullable=False, comment="the archive at work; empty: none"),
        sa.Column("renewals", sa.BigInteger(), nullable=False, comment="raised by the owner as long as it is alive"),
        sa.CheckConstraint("id = 1", name=op.f("ck_archive_state_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archive_state")),
        comment="how far records are archived, and the lease of who archives; no row: nothing was ever archived",
    )
    op.create_table(
        "archive_file",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("from_millis", sa.BigInteger(), nullable=False, comment="the earliest moment of its records"),
        sa.Column("to_millis", sa.BigInteger(), nullable=False, comment="the latest one"),
        sa.Column("feed_order", sa.BigInteger(), nullable=False, comment="of the record that is last in the feed"),
        _id("feed_record_id"),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False, comment="of the file as it is on disk"),
        sa.Column("created_millis", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_archive_file")),
        sa.UniqueConstraint("name", name=op.f("uq_archive_file_name")),
    )


def _add_archived() -> None:
    op.create_table(
        "archived_record",
        _id("id"),
        sa.Column("file_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archived_record")),
        comment="ids of records that are in a file now",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "archived_reference",
        _id("id", "of whatever records refer to: ids are unique among all"),
        sa.Column(
            "records",
            sa.BigInteger(),
            nullable=False,
            comment="archived records that refer to it, in whichever columns",
        ),
        sa.CheckConstraint("records > 0", name=op.f("ck_archived_reference_counted")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archived_reference")),
        sqlite_with_rowid=False,
    )


def _add_opening_balances() -> None:
    op.create_table(
        "opening_stock",
        _id("location_id"),
        _id("lot_id"),
        sa.Column(
            "quantity",
            sa.BigInteger(),
            nullable=False,
            comment="0 where records touched the row and left nothing",
        ),
        sa.ForeignKeyConstraint(["location_id"], ["location.id"], name=op.f("fk_opening_stock_location_id")),
        sa.ForeignKeyConstraint(["lot_id"], ["inventory_lot.id"], name=op.f("fk_opening_stock_lot_id")),
        sa.PrimaryKeyConstraint("location_id", "lot_id", name=op.f("pk_opening_stock")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_opening_stock_lot_id", "opening_stock", ["lot_id"])
    op.create_table(
        "opening_lot_total",
        _id("lot_id"),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["lot_id"], ["inventory_lot.id"], name=op.f("fk_opening_lot_total_lot_id")),
        sa.PrimaryKeyConstraint("lot_id", name=op.f("pk_opening_lot_total")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "opening_order_count",
        _id("production_order_id"),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["production_order_id"],
            ["production_order.id"],
            name=op.f("fk_opening_order_count_production_order_id"),
        ),
        sa.PrimaryKeyConstraint("production_order_id", name=op.f("pk_opening_order_count")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "opening_edge",
        _id("from_lot_id"),
        _id("to_lot_id"),
        sa.Column("lot_record_type", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("record_count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["from_lot_id"], ["inventory_lot.id"], name=op.f("fk_opening_edge_from_lot_id")),
        sa.ForeignKeyConstraint(["to_lot_id"], ["inventory_lot.id"], name=op.f("fk_opening_edge_to_lot_id")),
        sa.PrimaryKeyConstraint("from_lot_id", "to_lot_id", "lot_record_type", name=op.f("pk_opening_edge")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_opening_edge_to_lot_id", "opening_edge", ["to_lot_id"])
