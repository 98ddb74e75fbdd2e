"""Indexes for each filter of every list, each reference and the order of effects; genealogy summed by edge."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_RECORD = "inventory_lot_record"
_SPARSE = (
    "secondary_lot_id",
    "inventory_operation_id",
    "production_order_id",
    "material_reason_code_id",
    "source_location_id",
    "destination_location_id",
)

# In place of one over the column alone: lists come by id.
_FOLLOWED_BY_ID = (
    ("unit_of_measure_conversion", "material_id"),
    ("material_class", "parent_id"),
    ("material", "material_class_id"),
    ("location", "parent_id"),
    ("inventory_operation", "operation_id"),
    ("inventory_operation", "source_location_id"),
    ("inventory_operation", "destination_location_id"),
)
_BY_ID = (
    ("material_class", "name"),
    ("material", "name"),
    ("location", "name"),
    ("production_order", "status"),
    ("inventory_lot", "material_id"),
    ("inventory_lot", "status"),
    ("inventory_lot", "name"),
    ("inventory_operation", "operation_type"),
)
_DISABLED = ("unit_of_measure_conversion", "material_class", "material", "location", "operation", "production_order")
_REFERENCES = {
    "unit_of_measure_conversion": ["to_unit_id"],
    "material": ["unit_of_measure_id"],
    "location": ["storage_capacity_unit_id"],
    "operation": ["location_id", "current_production_order_id"],
    "production_order": ["product_material_id", "unit_of_measure_id"],
    "inventory_lot": ["unit_of_measure_id"],
    "inventory_operation": [
        "material_id",
        "secondary_material_id",
        "unit_of_measure_id",
        "material_reason_code_id",
    ],
}
"""By which what refers to a thing is counted before that is deleted."""


def upgrade() -> None:
    """Adds them and fills them from the records. Holds the store's write lock, some 20 s for a million records."""
    comment = "quantity in the lot's unit, as converted when written"
    op.add_column(
        _RECORD, sa.Column("lot_quantity", sa.BigInteger(), server_default="0", nullable=False, comment=comment)
    )
    comment = "of actions: for each record its action's, 2 bytes; else NULL"
    op.add_column("request", sa.Column("action_indexes", sa.LargeBinary(), comment=comment))
    for column in _SPARSE:
        _index(column, [column, "moment_millis", "id"], f"{column} IS NOT NULL")
    _index("material_id", ["material_id", "moment_millis", "id"], None)
    _index("lot_record_type", ["lot_record_type", "moment_millis", "id"], None)
    _index("status", ["status", "moment_millis", "id"], "status <> 3")
    _index("effect_order", ["effect_order", "id"], "status = 3")
    for table, columns in _REFERENCES.items():
        for column in columns:
            op.create_index(f"ix_{table}_{column}", table, [column])
    where = sa.text("production_order_id IS NOT NULL")
    op.create_index(
        "ix_inventory_production_order_id",
        "inventory",
        ["production_order_id"],
        sqlite_where=where,
        postgresql_where=where,
    )
    op.create_table(
        "lot_edge",
        sa.Column("from_lot_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("to_lot_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("lot_record_type", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False, comment="of the records, in their primary lot's unit"),
        sa.Column("record_count", sa.BigInteger(), nullable=False, comment="0: every one of them was reversed"),
        sa.CheckConstraint("lot_record_type BETWEEN 1 AND 12", name=op.f("ck_lot_edge_lot_record_type_known")),
        sa.CheckConstraint(
            "quantity > -9200000000000000000 AND quantity < 9200000000000000000",
            name=op.f("ck_lot_edge_quantity_range"),
        ),
        sa.CheckConstraint("record_count >= 0 AND quantity >= 0", name=op.f("ck_lot_edge_counted")),
        sa.ForeignKeyConstraint(["from_lot_id"], ["inventory_lot.id"], name=op.f("fk_lot_edge_from_lot_id")),
        sa.ForeignKeyConstraint(["to_lot_id"], ["inventory_lot.id"], name=op.f("fk_lot_edge_to_lot_id")),
        sa.PrimaryKeyConstraint("from_lot_id", "to_lot_id", "lot_record_type", name=op.f("pk_lot_edge")),
        comment="genealogy: completed records between two lots summed by type, without reversals and what they reverse",
        sqlite_with_rowid=False,
    )
    op.create_index("ix_lot_edge_to_lot_id", "lot_edge", ["to_lot_id", "from_lot_id", "lot_record_type"], unique=False)
    _index_lists()
    _fill()


def _index_lists() -> None:
    for table, column in _FOLLOWED_BY_ID:
        op.drop_index(f"ix_{table}_{column}", table)
    for table, column in (*_FOLLOWED_BY_ID, *_BY_ID):
        op.create_index(f"ix_{table}_{column}", table, [column, "id"])
    for table in _DISABLED:
        _index_where(table, "disabled", ["id"], "NOT enabled")
    _index_where("inventory_lot", "expiration_millis", ["expiration_millis", "id"], "expiration_millis IS NOT NULL")
    op.create_index("ix_inventory_material_id", "inventory", ["material_id", "location_id", "lot_id"])
    _index_where("inventory", "name", ["name", "location_id", "lot_id"], "name <> ''")
    _index_where("inventory", "not_zero", ["location_id", "lot_id"], "quantity <> 0")
    op.create_index("ix_inventory_operation_run_status", "inventory_operation_run", ["status", "operation_id"])


def _index_where(table: str, name: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(f"ix_{table}_{name}", table, columns, sqlite_where=where, postgresql_where=where)


def _index(name: str, columns: list[str], condition: str | None) -> None:
    if condition is None:
        op.create_index(f"ix_{_RECORD}_{name}", _RECORD, columns)
    else:
        _index_where(_RECORD, name, columns, condition)


def _fill() -> None:
    """What stock or a lot's total did is the quantity in the lot's unit; else the unit was the lot's, or a factor says.

    The factor is the one of now: nothing was kept where a lot passed without stock, in another unit than its own.
    """
    op.execute(
        "UPDATE inventory_lot_record SET lot_quantity = CASE "
        "WHEN source_quantity_change <> 0 THEN ABS(source_quantity_change) "
        "WHEN destination_quantity_change <> 0 THEN ABS(destination_quantity_change) "
        "WHEN lot_total_change <> 0 THEN ABS(lot_total_change) "
        "WHEN unit_of_measure_id = (SELECT l.unit_of_measure_id FROM inventory_lot AS l WHERE l.id = lot_id) "
        "THEN quantity "
        "ELSE CAST(ROUND(quantity * COALESCE("
        "(SELECT CAST(c.factor AS REAL) FROM unit_of_measure_conversion AS c JOIN inventory_lot AS l ON l.id = lot_id "
        "WHERE c.from_unit_id = inventory_lot_record.unit_of_measure_id AND c.to_unit_id = l.unit_of_measure_id "
        "AND (c.material_id = l.material_id OR c.material_id IS NULL) ORDER BY c.material_id IS NULL LIMIT 1), "
        "(SELECT 1.0 / CAST(c.factor AS REAL) FROM unit_of_measure_conversion AS c "
        "JOIN inventory_lot AS l ON l.id = lot_id "
        "WHERE c.to_unit_id = inventory_lot_record.unit_of_measure_id AND c.from_unit_id = l.unit_of_measure_id "
        "AND (c.material_id = l.material_id OR c.material_id IS NULL) ORDER BY c.material_id IS NULL LIMIT 1), "
        "0)) AS BIGINT) END WHERE status = 3"
    )
    op.execute(
        "INSERT INTO lot_edge (from_lot_id, to_lot_id, lot_record_type, quantity, record_count) "
        "SELECT CASE WHEN lot_record_type IN (2, 3, 6, 11) THEN secondary_lot_id ELSE lot_id END, "
        "CASE WHEN lot_record_type IN (2, 3, 6, 11) THEN lot_id ELSE secondary_lot_id END, "
        "lot_record_type, SUM(lot_quantity), COUNT(*) FROM inventory_lot_record "
        "WHERE status = 3 AND secondary_lot_id IS NOT NULL AND lot_quantity > 0 GROUP BY 1, 2, 3"
    )
