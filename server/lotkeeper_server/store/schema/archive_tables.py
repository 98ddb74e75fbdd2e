"""The part of the schema that archiving writes: what records left behind when they moved out to files.

An opening balance is a sum over archived records; it counts for them wherever records are summed.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
)

from lotkeeper_server.store.schema.column_types import fixed_bytes, short_text
from lotkeeper_server.store.schema.tables import metadata

archive_state = Table(
    "archive_state",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("files", BigInteger, nullable=False, comment="how many there are; the number of the latest one"),
    Column("until_millis", BigInteger, comment="the latest moment of an archived record"),
    Column("feed_order", BigInteger, nullable=False, comment="the largest effect_order of an archived record"),
    Column("owner", short_text(255), nullable=False, comment="the archive at work; empty: none"),
    Column("renewals", BigInteger, nullable=False, comment="raised by the owner as long as it is alive"),
    Column(
        "files_before_orders",
        BigInteger,
        nullable=False,
        server_default="0",
        comment="of files that have left no edges of orders, the number of the latest",
    ),
    CheckConstraint("id = 1", name="one_row"),
    comment="how far records are archived, and the lease of who archives; no row: nothing was ever archived",
)

archive_file = Table(
    "archive_file",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("name", short_text(255), nullable=False, unique=True),
    Column("records", Integer, nullable=False),
    Column("from_millis", BigInteger, nullable=False, comment="the earliest moment of its records"),
    Column("to_millis", BigInteger, nullable=False, comment="the latest one"),
    Column("feed_order", BigInteger, nullable=False, comment="of the record that is last in the feed"),
    Column("feed_record_id", fixed_bytes(16), nullable=False),
    Column("sha256", fixed_bytes(32), nullable=False, comment="of the file as it is on disk"),
    Column("created_millis", BigInteger, nullable=False),
)

archived_record = Table(
    "archived_record",
    metadata,
    Column("id", fixed_bytes(16), primary_key=True),
    Column("file_number", BigInteger, nullable=False),
    comment="ids of records that are in a file now",
    sqlite_with_rowid=False,
)

archived_reference = Table(
    "archived_reference",
    metadata,
    Column("id", fixed_bytes(16), primary_key=True, comment="of whatever records refer to: ids are unique among all"),
    Column("records", BigInteger, nullable=False, comment="archived records that refer to it, in whichever columns"),
    CheckConstraint("records > 0", name="counted"),
    sqlite_with_rowid=False,
)

opening_stock = Table(
    "opening_stock",
    metadata,
    Column("location_id", fixed_bytes(16), ForeignKey("location.id"), primary_key=True),
    Column("lot_id", fixed_bytes(16), ForeignKey("inventory_lot.id"), primary_key=True),
    Column("quantity", BigInteger, nullable=False, comment="0 where records touched the row and left nothing"),
    Index("ix_opening_stock_lot_id", "lot_id"),
    sqlite_with_rowid=False,
)

opening_lot_total = Table(
    "opening_lot_total",
    metadata,
    Column("lot_id", fixed_bytes(16), ForeignKey("inventory_lot.id"), primary_key=True),
    Column("quantity", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

opening_order_count = Table(
    "opening_order_count",
    metadata,
    Column("production_order_id", fixed_bytes(16), ForeignKey("production_order.id"), primary_key=True),
    Column("quantity", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

opening_edge = Table(
    "opening_edge",
    metadata,
    Column("from_lot_id", fixed_bytes(16), ForeignKey("inventory_lot.id"), primary_key=True),
    Column("to_lot_id", fixed_bytes(16), ForeignKey("inventory_lot.id"), primary_key=True),
    Column("lot_record_type", SmallInteger, primary_key=True, autoincrement=False),
    Column("quantity", BigInteger, nullable=False),
    Column("record_count", BigInteger, nullable=False),
    Index("ix_opening_edge_to_lot_id", "to_lot_id"),
    sqlite_with_rowid=False,
)

opening_order_edge = Table(
    "opening_order_edge",
    metadata,
    Column("lot_id", fixed_bytes(16), ForeignKey("inventory_lot.id"), primary_key=True),
    Column("lot_record_type", SmallInteger, primary_key=True, autoincrement=False),
    Column("production_order_id", fixed_bytes(16), ForeignKey("production_order.id"), primary_key=True),
    Column("quantity", BigInteger, nullable=False),
    Column("record_count", BigInteger, nullable=False),
    Index("ix_opening_order_edge_production_order_id", "production_order_id"),
    sqlite_with_rowid=False,
)

OPENING_BALANCES: Final = frozenset(
    table.name for table in (opening_stock, opening_lot_total, opening_order_count, opening_edge, opening_order_edge)
)
"""Sums of archived records. What these refer to is counted by `archived_reference`."""
