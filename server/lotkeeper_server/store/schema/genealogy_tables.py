"""Genealogy as it is stored: what completed records add up to between lots, and between lots and orders."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, SmallInteger, Table

from lotkeeper_server.store.schema.column_types import fixed_bytes
from lotkeeper_server.store.schema.columns import enum_check, quantity_check
from lotkeeper_server.store.schema.tables import metadata

lot_edge = Table(
    "lot_edge",
    metadata,
    Column("from_lot_id", fixed_bytes(16), ForeignKey("inventory_lot.id"), primary_key=True),
    Column("to_lot_id", fixed_bytes(16), ForeignKey("inventory_lot.id"), primary_key=True),
    Column("lot_record_type", SmallInteger, primary_key=True, autoincrement=False),
    Column("quantity", BigInteger, nullable=False, comment="of the records, in their primary lot's unit"),
    Column("record_count", BigInteger, nullable=False, comment="0: every one of them was reversed"),
    enum_check("lot_record_type", 12),
    quantity_check("quantity"),
    CheckConstraint("record_count >= 0 AND quantity >= 0", name="counted"),
    Index("ix_lot_edge_to_lot_id", "to_lot_id", "from_lot_id", "lot_record_type"),
    comment="genealogy: completed records between two lots summed by type, without reversals and what they reverse",
    sqlite_with_rowid=False,
)

order_edge = Table(
    "order_edge",
    metadata,
    Column("lot_id", fixed_bytes(16), ForeignKey("inventory_lot.id"), primary_key=True),
    Column("lot_record_type", SmallInteger, primary_key=True, autoincrement=False),
    Column("production_order_id", fixed_bytes(16), ForeignKey("production_order.id"), primary_key=True),
    Column("quantity", BigInteger, nullable=False, comment="of the records, in the lot's unit"),
    Column("record_count", BigInteger, nullable=False, comment="0: every one of them was reversed"),
    enum_check("lot_record_type", 12),
    quantity_check("quantity"),
    CheckConstraint("record_count >= 0 AND quantity >= 0", name="counted"),
    Index("ix_order_edge_production_order_id", "production_order_id", "lot_record_type", "lot_id"),
    comment="genealogy: the same of records of a lot with a production order and without a secondary lot",
    sqlite_with_rowid=False,
)
