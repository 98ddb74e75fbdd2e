"""The schema: what a store holds, and what the database itself refuses.

Ids are 16 bytes, quantities 64-bit millionths of a unit, times milliseconds since the epoch in UTC, enums the
contract's numbers. Names are compared by code point in every store. `name` is unique where the model says so; a
unique set with optional members has them in a key column of its own, since NULLs never collide.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    UniqueConstraint,
    false,
)

from lotkeeper_server.store.schema.column_types import fixed_bytes, long_text, many_bytes, short_text
from lotkeeper_server.store.schema.columns import (
    common_columns,
    disabled_index,
    enum_check,
    id_column,
    index_where,
    quantity_check,
    reference,
)

NO_ID: Final = bytes(16)
"""Stands for an absent reference in a key column."""

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

unit_of_measure = Table(
    "unit_of_measure",
    metadata,
    id_column(),
    Column("name", short_text(255), nullable=False, unique=True),
    Column("symbol", short_text(255), nullable=False, unique=True),
    *common_columns(),
    Column(
        "whole_only",
        Boolean(create_constraint=False),
        nullable=False,
        server_default=false(),
        comment="quantities in it are whole numbers",
    ),
)

unit_of_measure_conversion = Table(
    "unit_of_measure_conversion",
    metadata,
    id_column(),
    reference("from_unit_id", "unit_of_measure", nullable=False),
    reference("to_unit_id", "unit_of_measure", nullable=False, index=True),
    reference("material_id", "material"),
    Column("material_key", fixed_bytes(16), nullable=False, comment="material_id, or sixteen zeros"),
    Column("factor", short_text(64), nullable=False, comment="decimal text, all digits"),
    *common_columns(),
    UniqueConstraint("from_unit_id", "to_unit_id", "material_key"),
    Index("ix_unit_of_measure_conversion_material_id", "material_id", "id"),
    disabled_index("unit_of_measure_conversion"),
)

material_class = Table(
    "material_class",
    metadata,
    id_column(),
    Column("name", short_text(255), nullable=False),
    reference("parent_id", "material_class"),
    Column("path", short_text(750), nullable=False, unique=True),
    *common_columns(),
    Index("ix_material_class_parent_id", "parent_id", "id"),
    Index("ix_material_class_name", "name", "id"),
    disabled_index("material_class"),
)

material = Table(
    "material",
    metadata,
    id_column(),
    Column("name", short_text(255), nullable=False),
    reference("material_class_id", "material_class"),
    Column("path", short_text(750), nullable=False, unique=True),
    Column("erp_id", short_text(255), nullable=False, default=""),
    Column("description", long_text(), nullable=False, default=""),
    reference("unit_of_measure_id", "unit_of_measure", index=True),
    Column("shelf_life_days", Integer),
    *common_columns(),
    Index("ix_material_material_class_id", "material_class_id", "id"),
    Index("ix_material_name", "name", "id"),
    disabled_index("material"),
)

material_reason_code = Table(
    "material_reason_code",
    metadata,
    id_column(),
    Column("reason_code", short_text(255), nullable=False, unique=True),
    Column("description", long_text(), nullable=False, default=""),
    Column("lot_record_type", SmallInteger, comment="NULL: serves every type"),
    Column("require_comments", Boolean(create_constraint=False), nullable=False, default=False),
    *common_columns(),
    enum_check("lot_record_type", 12),
)

location = Table(
    "location",
    metadata,
    id_column(),
    Column("name", short_text(255), nullable=False),
    reference("parent_id", "location"),
    Column("path", short_text(750), nullable=False, unique=True),
    Column("type", SmallInteger, nullable=False),
    Column("process_type", SmallInteger, nullable=False),
    Column("sort_order", Integer, nullable=False, default=0),
    Column("allow_negative_inventory", Boolean(create_constraint=False), nullable=False, default=False),
    Column("storage_capacity", BigInteger, comment="millionths; NULL: no limit"),
    reference("storage_capacity_unit_id", "unit_of_measure", index=True),
    Column("lot_storage_strategy", SmallInteger, nullable=False),
    Column("lot_use_strategy", SmallInteger, nullable=False),
    *common_columns(),
    enum_check("type", 8),
    enum_check("process_type", 5),
    enum_check("lot_storage_strategy", 5),
    enum_check("lot_use_strategy", 3),
    CheckConstraint(
        "storage_capacity IS NULL OR storage_capacity >= 0 AND storage_capacity_unit_id IS NOT NULL", name="capacity"
    ),
    Index("ix_location_parent_id", "parent_id", "id"),
    Index("ix_location_name", "name", "id"),
    disabled_index("location"),
)

operation = Table(
    "operation",
    metadata,
    id_column(),
    Column("name", short_text(255), nullable=False, unique=True),
    reference("location_id", "location", index=True),
    Column("current_operation_record_id", short_text(255), nullable=False, default=""),
    reference("current_production_order_id", "production_order", index=True),
    *common_columns(),
    disabled_index("operation"),
    comment="process operations",
)

production_order = Table(
    "production_order",
    metadata,
    id_column(),
    Column("name", short_text(255), nullable=False, unique=True),
    reference("product_material_id", "material", index=True),
    Column("quantity", BigInteger, nullable=False, default=0),
    Column("quantity_produced", BigInteger, nullable=False, default=0),
    reference("unit_of_measure_id", "unit_of_measure", index=True),
    Column("status", SmallInteger, nullable=False),
    *common_columns(),
    quantity_check("quantity"),
    quantity_check("quantity_produced"),
    enum_check("status", 7),
    Index("ix_production_order_status", "status", "id"),
    disabled_index("production_order"),
)

inventory_lot = Table(
    "inventory_lot",
    metadata,
    id_column(),
    Column("name", short_text(255), nullable=False),
    reference("material_id", "material", nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("total_quantity", BigInteger, nullable=False, default=0),
    reference("unit_of_measure_id", "unit_of_measure", index=True),
    Column("expiration_millis", BigInteger),
    Column("closed_millis", BigInteger),
    Column("changed_order", BigInteger, nullable=False, default=0, comment="order of the last record that wrote it"),
    *common_columns(),
    Column("supplier_lot_name", short_text(255), nullable=False, server_default=""),
    UniqueConstraint("material_id", "name"),
    quantity_check("total_quantity"),
    enum_check("status", 6),
    CheckConstraint("(status = 6) = (closed_millis IS NOT NULL)", name="closed"),
    Index("ix_inventory_lot_material_id", "material_id", "id"),
    Index("ix_inventory_lot_status", "status", "id"),
    Index("ix_inventory_lot_name", "name", "id"),
    index_where("ix_inventory_lot_expiration_millis", ["expiration_millis", "id"], "expiration_millis IS NOT NULL"),
    index_where("ix_inventory_lot_supplier_lot_name", ["supplier_lot_name", "id"], "supplier_lot_name <> ''"),
)

inventory = Table(
    "inventory",
    metadata,
    Column("location_id", fixed_bytes(16), ForeignKey("location.id"), primary_key=True),
    Column("lot_id", fixed_bytes(16), ForeignKey("inventory_lot.id"), primary_key=True, index=True),
    Column("material_id", fixed_bytes(16), nullable=False, comment="the lot's, so that one index serves a pick"),
    Column("quantity", BigInteger, nullable=False),
    Column("in_stock", Boolean(create_constraint=False), nullable=False, comment="quantity > 0, to be indexed"),
    Column("name", short_text(255), nullable=False, default=""),
    reference("production_order_id", "production_order"),
    Column("arrived_order", BigInteger, nullable=False, comment="order of the record that last raised it from zero"),
    Column("arrived_millis", BigInteger),
    Column("arrived_record_id", fixed_bytes(16)),
    Column("changed_order", BigInteger, nullable=False, comment="order of the last record that changed it"),
    Column("latest_end_millis", BigInteger, comment="of its completed records"),
    quantity_check("quantity"),
    CheckConstraint("in_stock = (quantity > 0)", name="in_stock"),
    index_where("ix_inventory_production_order_id", ["production_order_id"], "production_order_id IS NOT NULL"),
    Index("ix_inventory_arrival", "location_id", "in_stock", "arrived_order"),
    Index("ix_inventory_material_arrival", "location_id", "material_id", "in_stock", "arrived_order"),
    Index("ix_inventory_material_id", "material_id", "location_id", "lot_id"),
    index_where("ix_inventory_name", ["name", "location_id", "lot_id"], "name <> ''"),
    index_where("ix_inventory_not_zero", ["location_id", "lot_id"], "quantity <> 0"),
    sqlite_with_rowid=False,
)

inventory_operation = Table(
    "inventory_operation",
    metadata,
    id_column(),
    Column("name", short_text(255), nullable=False),
    Column("operation_type", SmallInteger, nullable=False),
    Column("route", fixed_bytes(32), nullable=False, comment="source and destination id, zeros for none"),
    reference("operation_id", "operation"),
    Column("trigger_source", SmallInteger, nullable=False),
    Column("start_trigger_expression", long_text(), nullable=False, default=""),
    Column("start_trigger_type", SmallInteger, nullable=False),
    Column("stop_trigger_expression", long_text(), nullable=False, default=""),
    Column("stop_trigger_type", SmallInteger, nullable=False),
    reference("source_location_id", "location"),
    reference("destination_location_id", "location"),
    Column("material_source", SmallInteger, nullable=False),
    reference("material_id", "material", index=True),
    Column("material_expression", long_text(), nullable=False, default=""),
    reference("secondary_material_id", "material", index=True),
    Column("primary_lot_resolution_strategy", SmallInteger, nullable=False),
    Column("secondary_lot_resolution_strategy", SmallInteger, nullable=False),
    Column("primary_lot_code_expression", long_text(), nullable=False, default=""),
    Column("secondary_lot_code_expression", long_text(), nullable=False, default=""),
    Column("create_lot_if_not_found", Boolean(create_constraint=False), nullable=False, default=False),
    Column("inventory_name_resolution_strategy", SmallInteger, nullable=False),
    Column("inventory_name", short_text(255), nullable=False, default=""),
    Column("inventory_name_expression", long_text(), nullable=False, default=""),
    Column("quantity_source", SmallInteger, nullable=False),
    Column("quantity_expression", long_text(), nullable=False, default=""),
    Column("quantity_calc_type", SmallInteger, nullable=False),
    Column("quantity_overflow_value", BigInteger),
    Column("unit_of_measure_resolution_strategy", SmallInteger, nullable=False),
    reference("unit_of_measure_id", "unit_of_measure", index=True),
    reference("material_reason_code_id", "material_reason_code", index=True),
    Column("increment_production_order_count", Boolean(create_constraint=False), nullable=False, default=False),
    *common_columns(),
    UniqueConstraint("name", "operation_type", "route"),
    enum_check("operation_type", 9),
    *(
        Index(f"ix_inventory_operation_{column}", column, "id")
        for column in ("operation_id", "source_location_id", "destination_location_id", "operation_type")
    ),
)

inventory_operation_run = Table(
    "inventory_operation_run",
    metadata,
    Column("operation_id", fixed_bytes(16), ForeignKey("inventory_operation.id"), primary_key=True),
    Column("status", SmallInteger, nullable=False),
    Column("current_record_id", fixed_bytes(16)),
    enum_check("status", 7),
    CheckConstraint("(status = 2) = (current_record_id IS NOT NULL)", name="running"),
    Index("ix_inventory_operation_run_status", "status", "operation_id"),
    comment="where a definition's run stands: state, apart from the definition",
    sqlite_with_rowid=False,
)

inventory_lot_record = Table(
    "inventory_lot_record",
    metadata,
    id_column(),
    Column("lot_record_type", SmallInteger, nullable=False),
    Column("status", SmallInteger, nullable=False),
    reference("lot_id", "inventory_lot", nullable=False),
    reference("secondary_lot_id", "inventory_lot"),
    reference("material_id", "material", nullable=False),
    reference("inventory_operation_id", "inventory_operation"),
    Column("operation_record_id", short_text(255), nullable=False, default=""),
    reference("production_order_id", "production_order"),
    reference("material_reason_code_id", "material_reason_code"),
    reference("source_location_id", "location"),
    reference("destination_location_id", "location"),
    Column("lot_status", SmallInteger, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    reference("unit_of_measure_id", "unit_of_measure"),
    Column("source_quantity_change", BigInteger, nullable=False, default=0),
    Column("destination_quantity_change", BigInteger, nullable=False, default=0),
    Column("lot_total_change", BigInteger, nullable=False, default=0, comment="by how much it raised its lot's total"),
    Column("order_count_change", BigInteger, nullable=False, default=0, comment="and the order's quantity_produced"),
    Column("picked", Boolean(create_constraint=False), nullable=False, default=False, comment="a Start fixed the lot"),
    Column("inventory_name", short_text(255), nullable=False, default=""),
    Column("start_millis", BigInteger, nullable=False),
    Column("end_millis", BigInteger),
    Column("moment_millis", BigInteger, nullable=False, comment="end, or start while running: what lists sort by"),
    Column("effect_order", BigInteger, nullable=False, comment="order in which completions took effect"),
    Column("reverses_record_id", fixed_bytes(16)),
    Column("reversed_by_record_id", fixed_bytes(16)),
    Column("request_id", short_text(128), nullable=False, default=""),
    *common_columns(),
    Column(
        "lot_quantity",
        BigInteger,
        nullable=False,
        server_default="0",
        comment="quantity in the lot's unit, as converted when written",
    ),
    Column(
        "merge_expiration_millis", BigInteger, comment="of a MERGE: the date that its lot got; NULL: it kept its own"
    ),
    Column("merge_expiration_before_millis", BigInteger, comment="the lot's date before that; NULL: none"),
    Column(
        "merge_closed_from", SmallInteger, comment="status from which a MERGE closed its other lot; NULL: it did not"
    ),
    enum_check("lot_record_type", 12),
    enum_check("status", 7),
    enum_check("lot_status", 6),
    quantity_check("quantity"),
    CheckConstraint("(status = 2) = (end_millis IS NULL)", name="running"),
    CheckConstraint("end_millis IS NULL OR end_millis >= start_millis", name="times"),
    CheckConstraint(
        "status = 3 OR source_quantity_change = 0 AND destination_quantity_change = 0 "
        "AND lot_total_change = 0 AND order_count_change = 0",
        name="completed_moves_stock",
    ),
    Index("ix_inventory_lot_record_lot_id", "lot_id", "moment_millis", "id"),
    Index("ix_inventory_lot_record_moment", "moment_millis", "id"),
    *(
        index_where(f"ix_inventory_lot_record_{column}", [column, "moment_millis", "id"], f"{column} IS NOT NULL")
        for column in (
            "secondary_lot_id",
            "inventory_operation_id",
            "production_order_id",
            "material_reason_code_id",
            "source_location_id",
            "destination_location_id",
        )
    ),
    Index("ix_inventory_lot_record_material_id", "material_id", "moment_millis", "id"),
    Index("ix_inventory_lot_record_lot_record_type", "lot_record_type", "moment_millis", "id"),
    index_where("ix_inventory_lot_record_status", ["status", "moment_millis", "id"], "status <> 3"),
    index_where("ix_inventory_lot_record_effect_order", ["effect_order", "id"], "status = 3"),
)

request = Table(
    "request",
    metadata,
    Column("principal", short_text(255), primary_key=True),
    Column("request_id", short_text(128), primary_key=True),
    Column("fingerprint", fixed_bytes(32), nullable=False, comment="SHA-256 of method and fields by meaning"),
    Column("created_millis", BigInteger, nullable=False, index=True),
    Column("record_ids", many_bytes(), nullable=False, comment="16 bytes each, in order"),
    Column("main_index", Integer, nullable=False, comment="which of them is the record of the call; -1: none"),
    Column("stopped_running_operation", Boolean(create_constraint=False), nullable=False),
    Column("action_indexes", many_bytes(), comment="of actions: for each record its action's, 2 bytes; else NULL"),
    comment="request ids that took effect, and what their answer needs",
)
