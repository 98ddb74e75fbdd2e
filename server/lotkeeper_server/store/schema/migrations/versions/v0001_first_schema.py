"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes every table of an empty store, the row of versions, and the role `admin`. Takes no time."""
    op.create_table(
        "definition_change",
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entity", sa.String(length=40), nullable=False),
        sa.Column(
            "entity_id", sa.LargeBinary(length=16), nullable=False, comment="sixteen zeros: every one of the entity"
        ),
        sa.PrimaryKeyConstraint("version", "entity", "entity_id", name=op.f("pk_definition_change")),
        comment="what each version changed, so that caches drop only that",
    )
    op.create_table(
        "definition_version",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="raised by each change of a definition"),
        sa.Column(
            "access_version", sa.BigInteger(), nullable=False, comment="raised by each change of a role or token"
        ),
        sa.CheckConstraint("id = 1", name=op.f("ck_definition_version_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_definition_version")),
    )
    op.create_table(
        "material_class",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("parent_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("path", sa.String(length=750), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("spare1", sa.String(length=255), nullable=False),
        sa.Column("spare2", sa.String(length=255), nullable=False),
        sa.Column("spare3", sa.String(length=255), nullable=False),
        sa.Column("created_millis", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.Column("modified_millis", sa.BigInteger(), nullable=True),
        sa.Column("modified_by", sa.String(length=255), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["material_class.id"], name=op.f("fk_material_class_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_material_class")),
        sa.UniqueConstraint("path", name=op.f("uq_material_class_path")),
    )
    op.create_index(op.f("ix_material_class_parent_id"), "material_class", ["parent_id"], unique=False)
    op.create_table(
        "material_reason_code",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("reason_code", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("lot_record_type", sa.SmallInteger(), nullable=True, comment="NULL: serves every type"),
        sa.Column("require_comments", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("spare1", sa.String(length=255), nullable=False),
        sa.Column("spare2", sa.String(length=255), nullable=False),
        sa.Column("spare3", sa.String(length=255), nullable=False),
        sa.Column("created_millis", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.Column("modified_millis", sa.BigInteger(), nullable=True),
        sa.Column("modified_by", sa.String(length=255), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "lot_record_type BETWEEN 1 AND 12", name=op.f("ck_material_reason_code_lot_record_type_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_material_reason_code")),
        sa.UniqueConstraint("reason_code", name=op.f("uq_material_reason_code_reason_code")),
    )
    op.create_table(
        "request",
        sa.Column("principal", sa.String(length=255), nullable=False),
        sa.Column("request_id", sa.String(length=128), nullable=False),
        sa.Column(
            "fingerprint", sa.LargeBinary(length=32), nullable=False, comment="SHA-256 of method and fields by meaning"
        ),
        sa.Column("created_millis", sa.BigInteger(), nullable=False),
        sa.Column("record_ids", sa.LargeBinary(), nullable=False, comment="16 bytes each, in order"),
        sa.Column(
            "main_index", sa.Integer(), nullable=False, comment="which of them is the record of the call; -1: none"
        ),
        sa.Column("stopped_running_operation", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("principal", "request_id", name=op.f("pk_request")),
        comment="request ids that took effect, and what their answer needs",
    )
    op.create_index(op.f("ix_request_created_millis"), "request", ["created_millis"], unique=False)
    op.create_table(
        "role",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("permissions", sa.Text(), nullable=False, comment="one a line"),
        sa.Column("created_millis", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_role")),
    )
    op.create_table(
        "token",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("principal", sa.String(length=255), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False, comment="SHA-256 of the token"),
        sa.Column("development", sa.Boolean(), nullable=False),
        sa.Column("created_millis", sa.BigInteger(), nullable=False),
        sa.Column("expires_millis", sa.BigInteger(), nullable=True),
        sa.Column("revoked_millis", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_token_digest")),
    )
    op.create_index(op.f("ix_token_principal"), "token", ["principal"], unique=False)
    op.create_table(
        "unit_of_measure",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("symbol", sa.String(length=255), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("spare1", sa.String(length=255), nullable=False),
        sa.Column("spare2", sa.String(length=255), nullable=False),
        sa.Column("spare3", sa.String(length=255), nullable=False),
        sa.Column("created_millis", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.Column("modified_millis", sa.BigInteger(), nullable=True),
        sa.Column("modified_by", sa.String(length=255), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_of_measure")),
        sa.UniqueConstraint("name", name=op.f("uq_unit_of_measure_name")),
        sa.UniqueConstraint("symbol", name=op.f("uq_unit_of_measure_symbol")),
    )
    op.create_table(
        "location",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("parent_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("path", sa.String(length=750), nullable=False),
        sa.Column("type", sa.SmallInteger(), nullable=False),
        sa.Column("process_type", sa.SmallInteger(), nullable=False),
        sa.Column("sort_order", sa.Integer(), nullable=False),
        sa.Column("allow_negative_inventory", sa.Boolean(), nullable=False),
        sa.Column("storage_capacity", sa.BigInteger(), nullable=True, comment="millionths; NULL: no limit"),
        sa.Column("storage_capacity_unit_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("lot_storage_strategy", sa.SmallInteger(), nullable=False),
        sa.Column("lot_use_strategy", sa.SmallInteger(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("spare1", sa.String(length=255), nullable=False),
        sa.Column("spare2", sa.String(length=255), nullable=False),
        sa.Column("spare3", sa.String(length=255), nullable=False),
        sa.Column("created_millis", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.Column("modified_millis", sa.BigInteger(), nullable=True),
        sa.Column("modified_by", sa.String(length=255), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("lot_storage_strategy BETWEEN 1 AND 5", name=op.f("ck_location_lot_storage_strategy_known")),
        sa.CheckConstraint("lot_use_strategy BETWEEN 1 AND 3", name=op.f("ck_location_lot_use_strategy_known")),
        sa.CheckConstraint("process_type BETWEEN 1 AND 5", name=op.f("ck_location_process_type_known")),
        sa.CheckConstraint(
            "storage_capacity IS NULL OR storage_capacity >= 0 AND storage_capacity_unit_id IS NOT NULL",
            name=op.f("ck_location_capacity"),
        ),
        sa.CheckConstraint("type BETWEEN 1 AND 8", name=op.f("ck_location_type_known")),
        sa.ForeignKeyConstraint(["parent_id"], ["location.id"], name=op.f("fk_location_parent_id")),
        sa.ForeignKeyConstraint(
            ["storage_capacity_unit_id"], ["unit_of_measure.id"], name=op.f("fk_location_storage_capacity_unit_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_location")),
        sa.UniqueConstraint("path", name=op.f("uq_location_path")),
    )
    op.create_index(op.f("ix_location_parent_id"), "location", ["parent_id"], unique=False)
    op.create_table(
        "material",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("material_class_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("path", sa.String(length=750), nullable=False),
        sa.Column("erp_id", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("unit_of_measure_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("shelf_life_days", sa.Integer(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("spare1", sa.String(length=255), nullable=False),
        sa.Column("spare2", sa.String(length=255), nullable=False),
        sa.Column("spare3", sa.String(length=255), nullable=False),
        sa.Column("created_millis", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.Column("modified_millis", sa.BigInteger(), nullable=True),
        sa.Column("modified_by", sa.String(length=255), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["material_class_id"], ["material_class.id"], name=op.f("fk_material_material_class_id")
        ),
        sa.ForeignKeyConstraint(
            ["unit_of_measure_id"], ["unit_of_measure.id"], name=op.f("fk_material_unit_of_measure_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_material")),
        sa.UniqueConstraint("path", name=op.f("uq_material_path")),
    )
    op.create_index(op.f("ix_material_material_class_id"), "material", ["material_class_id"], unique=False)
    op.create_table(
        "token_role",
        sa.Column("token_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("role_name", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["role_name"], ["role.name"], name=op.f("fk_token_role_role_name")),
        sa.ForeignKeyConstraint(["token_id"], ["token.id"], name=op.f("fk_token_role_token_id")),
        sa.PrimaryKeyConstraint("token_id", "role_name", name=op.f("pk_token_role")),
    )
    op.create_index(op.f("ix_token_role_role_name"), "token_role", ["role_name"], unique=False)
    op.create_table(
        "inventory_lot",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("material_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("total_quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit_of_measure_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("expiration_millis", sa.BigInteger(), nullable=True),
        sa.Column("closed_millis", sa.BigInteger(), nullable=True),
        sa.Column("changed_order", sa.BigInteger(), nullable=False, comment="order of the last record that wrote it"),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("spare1", sa.String(length=255), nullable=False),
        sa.Column("spare2", sa.String(length=255), nullable=False),
        sa.Column("spare3", sa.String(length=255), nullable=False),
        sa.Column("created_millis", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.Column("modified_millis", sa.BigInteger(), nullable=True),
        sa.Column("modified_by", sa.String(length=255), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(status = 6) = (closed_millis IS NOT NULL)", name=op.f("ck_inventory_lot_closed")),
        sa.CheckConstraint("status BETWEEN 1 AND 6", name=op.f("ck_inventory_lot_status_known")),
        sa.CheckConstraint(
            "total_quantity > -9200000000000000000 AND total_quantity < 9200000000000000000",
            name=op.f("ck_inventory_lot_total_quantity_range"),
        ),
        sa.ForeignKeyConstraint(["material_id"], ["material.id"], name=op.f("fk_inventory_lot_material_id")),
        sa.ForeignKeyConstraint(
            ["unit_of_measure_id"], ["unit_of_measure.id"], name=op.f("fk_inventory_lot_unit_of_measure_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inventory_lot")),
        sa.UniqueConstraint("material_id", "name", name=op.f("uq_inventory_lot_material_id_name")),
    )
    op.create_table(
        "production_order",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("product_material_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("quantity_produced", sa.BigInteger(), nullable=False),
        sa.Column("unit_of_measure_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("spare1", sa.String(length=255), nullable=False),
        sa.Column("spare2", sa.String(length=255), nullable=False),
        sa.Column("spare3", sa.String(length=255), nullable=False),
        sa.Column("created_millis", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.Column("modified_millis", sa.BigInteger(), nullable=True),
        sa.Column("modified_by", sa.String(length=255), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "quantity > -9200000000000000000 AND quantity < 9200000000000000000",
            name=op.f("ck_production_order_quantity_range"),
        ),
        sa.CheckConstraint(
            "quantity_produced > -9200000000000000000 AND quantity_produced < 9200000000000000000",
            name=op.f("ck_production_order_quantity_produced_range"),
        ),
        sa.CheckConstraint("status BETWEEN 1 AND 7", name=op.f("ck_production_order_status_known")),
        sa.ForeignKeyConstraint(
            ["product_material_id"], ["material.id"], name=op.f("fk_production_order_product_material_id")
        ),
        sa.ForeignKeyConstraint(
            ["unit_of_measure_id"], ["unit_of_measure.id"], name=op.f("fk_production_order_unit_of_measure_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_production_order")),
        sa.UniqueConstraint("name", name=op.f("uq_production_order_name")),
    )
    op.create_table(
        "unit_of_measure_conversion",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("from_unit_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("to_unit_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("material_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("material_key", sa.LargeBinary(length=16), nullable=False, comment="material_id, or sixteen zeros"),
        sa.Column("factor", sa.String(length=64), nullable=False, comment="decimal text, all digits"),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("spare1", sa.String(length=255), nullable=False),
        sa.Column("spare2", sa.String(length=255), nullable=False),
        sa.Column("spare3", sa.String(length=255), nullable=False),
        sa.Column("created_millis", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.Column("modified_millis", sa.BigInteger(), nullable=True),
        sa.Column("modified_by", sa.String(length=255), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["from_unit_id"], ["unit_of_measure.id"], name=op.f("fk_unit_of_measure_conversion_from_unit_id")
        ),
        sa.ForeignKeyConstraint(
            ["material_id"], ["material.id"], name=op.f("fk_unit_of_measure_conversion_material_id")
        ),
        sa.ForeignKeyConstraint(
            ["to_unit_id"], ["unit_of_measure.id"], name=op.f("fk_unit_of_measure_conversion_to_unit_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_of_measure_conversion")),
        sa.UniqueConstraint(
            "from_unit_id",
            "to_unit_id",
            "material_key",
            name=op.f("uq_unit_of_measure_conversion_from_unit_id_to_unit_id_material_key"),
        ),
    )
    op.create_index(
        op.f("ix_unit_of_measure_conversion_material_id"), "unit_of_measure_conversion", ["material_id"], unique=False
    )
    op.create_table(
        "inventory",
        sa.Column("location_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("lot_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column(
            "material_id",
            sa.LargeBinary(length=16),
            nullable=False,
            comment="the lot's, so that one index serves a pick",
        ),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("in_stock", sa.Boolean(), nullable=False, comment="quantity > 0, to be indexed"),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("production_order_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column(
            "arrived_order",
            sa.BigInteger(),
            nullable=False,
            comment="order of the record that last raised it from zero",
        ),
        sa.Column("arrived_millis", sa.BigInteger(), nullable=True),
        sa.Column("arrived_record_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("changed_order", sa.BigInteger(), nullable=False, comment="order of the last record that changed it"),
        sa.CheckConstraint("in_stock = (quantity > 0)", name=op.f("ck_inventory_in_stock")),
        sa.CheckConstraint(
            "quantity > -9200000000000000000 AND quantity < 9200000000000000000",
            name=op.f("ck_inventory_quantity_range"),
        ),
        sa.ForeignKeyConstraint(["location_id"], ["location.id"], name=op.f("fk_inventory_location_id")),
        sa.ForeignKeyConstraint(["lot_id"], ["inventory_lot.id"], name=op.f("fk_inventory_lot_id")),
        sa.ForeignKeyConstraint(
            ["production_order_id"], ["production_order.id"], name=op.f("fk_inventory_production_order_id")
        ),
        sa.PrimaryKeyConstraint("location_id", "lot_id", name=op.f("pk_inventory")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_inventory_arrival", "inventory", ["location_id", "in_stock", "arrived_order"], unique=False)
    op.create_index(op.f("ix_inventory_lot_id"), "inventory", ["lot_id"], unique=False)
    op.create_index(
        "ix_inventory_material_arrival",
        "inventory",
        ["location_id", "material_id", "in_stock", "arrived_order"],
        unique=False,
    )
    op.create_table(
        "operation",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("location_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("current_operation_record_id", sa.String(length=255), nullable=False),
        sa.Column("current_production_order_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("spare1", sa.String(length=255), nullable=False),
        sa.Column("spare2", sa.String(length=255), nullable=False),
        sa.Column("spare3", sa.String(length=255), nullable=False),
        sa.Column("created_millis", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.Column("modified_millis", sa.BigInteger(), nullable=True),
        sa.Column("modified_by", sa.String(length=255), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["current_production_order_id"],
            ["production_order.id"],
            name=op.f("fk_operation_current_production_order_id"),
        ),
        sa.ForeignKeyConstraint(["location_id"], ["location.id"], name=op.f("fk_operation_location_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operation")),
        sa.UniqueConstraint("name", name=op.f("uq_operation_name")),
        comment="process operations",
    )
    op.create_table(
        "inventory_operation",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("operation_type", sa.SmallInteger(), nullable=False),
        sa.Column(
            "route", sa.LargeBinary(length=32), nullable=False, comment="source and destination id, zeros for none"
        ),
        sa.Column("operation_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("trigger_source", sa.SmallInteger(), nullable=False),
        sa.Column("start_trigger_expression", sa.Text(), nullable=False),
        sa.Column("start_trigger_type", sa.SmallInteger(), nullable=False),
        sa.Column("stop_trigger_expression", sa.Text(), nullable=False),
        sa.Column("stop_trigger_type", sa.SmallInteger(), nullable=False),
        sa.Column("source_location_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("destination_location_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("material_source", sa.SmallInteger(), nullable=False),
        sa.Column("material_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("material_expression", sa.Text(), nullable=False),
        sa.Column("secondary_material_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("primary_lot_resolution_strategy", sa.SmallInteger(), nullable=False),
        sa.Column("secondary_lot_resolution_strategy", sa.SmallInteger(), nullable=False),
        sa.Column("primary_lot_code_expression", sa.Text(), nullable=False),
        sa.Column("secondary_lot_code_expression", sa.Text(), nullable=False),
        sa.Column("create_lot_if_not_found", sa.Boolean(), nullable=False),
        sa.Column("inventory_name_resolution_strategy", sa.SmallInteger(), nullable=False),
        sa.Column("inventory_name", sa.String(length=255), nullable=False),
        sa.Column("inventory_name_expression", sa.Text(), nullable=False),
        sa.Column("quantity_source", sa.SmallInteger(), nullable=False),
        sa.Column("quantity_expression", sa.Text(), nullable=False),
        sa.Column("quantity_calc_type", sa.SmallInteger(), nullable=False),
        sa.Column("quantity_overflow_value", sa.BigInteger(), nullable=True),
        sa.Column("unit_of_measure_resolution_strategy", sa.SmallInteger(), nullable=False),
        sa.Column("unit_of_measure_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("material_reason_code_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("increment_production_order_count", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("spare1", sa.String(length=255), nullable=False),
        sa.Column("spare2", sa.String(length=255), nullable=False),
        sa.Column("spare3", sa.String(length=255), nullable=False),
        sa.Column("created_millis", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.Column("modified_millis", sa.BigInteger(), nullable=True),
        sa.Column("modified_by", sa.String(length=255), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("operation_type BETWEEN 1 AND 9", name=op.f("ck_inventory_operation_operation_type_known")),
        sa.ForeignKeyConstraint(
            ["destination_location_id"], ["location.id"], name=op.f("fk_inventory_operation_destination_location_id")
        ),
        sa.ForeignKeyConstraint(["material_id"], ["material.id"], name=op.f("fk_inventory_operation_material_id")),
        sa.ForeignKeyConstraint(
            ["material_reason_code_id"],
            ["material_reason_code.id"],
            name=op.f("fk_inventory_operation_material_reason_code_id"),
        ),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_inventory_operation_operation_id")),
        sa.ForeignKeyConstraint(
            ["secondary_material_id"], ["material.id"], name=op.f("fk_inventory_operation_secondary_material_id")
        ),
        sa.ForeignKeyConstraint(
            ["source_location_id"], ["location.id"], name=op.f("fk_inventory_operation_source_location_id")
        ),
        sa.ForeignKeyConstraint(
            ["unit_of_measure_id"], ["unit_of_measure.id"], name=op.f("fk_inventory_operation_unit_of_measure_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inventory_operation")),
        sa.UniqueConstraint(
            "name", "operation_type", "route", name=op.f("uq_inventory_operation_name_operation_type_route")
        ),
    )
    op.create_index(
        op.f("ix_inventory_operation_destination_location_id"),
        "inventory_operation",
        ["destination_location_id"],
        unique=False,
    )
    op.create_index(op.f("ix_inventory_operation_operation_id"), "inventory_operation", ["operation_id"], unique=False)
    op.create_index(
        op.f("ix_inventory_operation_source_location_id"), "inventory_operation", ["source_location_id"], unique=False
    )
    op.create_table(
        "inventory_lot_record",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("lot_record_type", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("lot_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("secondary_lot_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("material_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("inventory_operation_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("operation_record_id", sa.String(length=255), nullable=False),
        sa.Column("production_order_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("material_reason_code_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("source_location_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("destination_location_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("lot_status", sa.SmallInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit_of_measure_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("source_quantity_change", sa.BigInteger(), nullable=False),
        sa.Column("destination_quantity_change", sa.BigInteger(), nullable=False),
        sa.Column("lot_total_change", sa.BigInteger(), nullable=False, comment="by how much it raised its lot's total"),
        sa.Column("order_count_change", sa.BigInteger(), nullable=False, comment="and the order's quantity_produced"),
        sa.Column("picked", sa.Boolean(), nullable=False, comment="a Start fixed the lot"),
        sa.Column("inventory_name", sa.String(length=255), nullable=False),
        sa.Column("start_millis", sa.BigInteger(), nullable=False),
        sa.Column("end_millis", sa.BigInteger(), nullable=True),
        sa.Column(
            "moment_millis", sa.BigInteger(), nullable=False, comment="end, or start while running: what lists sort by"
        ),
        sa.Column("effect_order", sa.BigInteger(), nullable=False, comment="order in which completions took effect"),
        sa.Column("reverses_record_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("reversed_by_record_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("request_id", sa.String(length=128), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("spare1", sa.String(length=255), nullable=False),
        sa.Column("spare2", sa.String(length=255), nullable=False),
        sa.Column("spare3", sa.String(length=255), nullable=False),
        sa.Column("created_millis", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.Column("modified_millis", sa.BigInteger(), nullable=True),
        sa.Column("modified_by", sa.String(length=255), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(status = 2) = (end_millis IS NULL)", name=op.f("ck_inventory_lot_record_running")),
        sa.CheckConstraint(
            "end_millis IS NULL OR end_millis >= start_millis", name=op.f("ck_inventory_lot_record_times")
        ),
        sa.CheckConstraint(
            "lot_record_type BETWEEN 1 AND 12", name=op.f("ck_inventory_lot_record_lot_record_type_known")
        ),
        sa.CheckConstraint("lot_status BETWEEN 1 AND 6", name=op.f("ck_inventory_lot_record_lot_status_known")),
        sa.CheckConstraint(
            "quantity > -9200000000000000000 AND quantity < 9200000000000000000",
            name=op.f("ck_inventory_lot_record_quantity_range"),
        ),
        sa.CheckConstraint(
            "status = 3 OR source_quantity_change = 0 AND destination_quantity_change = 0 "
            "AND lot_total_change = 0 AND order_count_change = 0",
            name=op.f("ck_inventory_lot_record_completed_moves_stock"),
        ),
        sa.CheckConstraint("status BETWEEN 1 AND 7", name=op.f("ck_inventory_lot_record_status_known")),
        sa.ForeignKeyConstraint(
            ["destination_location_id"], ["location.id"], name=op.f("fk_inventory_lot_record_destination_location_id")
        ),
        sa.ForeignKeyConstraint(
            ["inventory_operation_id"],
            ["inventory_operation.id"],
            name=op.f("fk_inventory_lot_record_inventory_operation_id"),
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["inventory_lot.id"], name=op.f("fk_inventory_lot_record_lot_id")),
        sa.ForeignKeyConstraint(["material_id"], ["material.id"], name=op.f("fk_inventory_lot_record_material_id")),
        sa.ForeignKeyConstraint(
            ["material_reason_code_id"],
            ["material_reason_code.id"],
            name=op.f("fk_inventory_lot_record_material_reason_code_id"),
        ),
        sa.ForeignKeyConstraint(
            ["production_order_id"], ["production_order.id"], name=op.f("fk_inventory_lot_record_production_order_id")
        ),
        sa.ForeignKeyConstraint(
            ["secondary_lot_id"], ["inventory_lot.id"], name=op.f("fk_inventory_lot_record_secondary_lot_id")
        ),
        sa.ForeignKeyConstraint(
            ["source_location_id"], ["location.id"], name=op.f("fk_inventory_lot_record_source_location_id")
        ),
        sa.ForeignKeyConstraint(
            ["unit_of_measure_id"], ["unit_of_measure.id"], name=op.f("fk_inventory_lot_record_unit_of_measure_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inventory_lot_record")),
    )
    op.create_index(
        "ix_inventory_lot_record_lot_id", "inventory_lot_record", ["lot_id", "moment_millis", "id"], unique=False
    )
    op.create_index("ix_inventory_lot_record_moment", "inventory_lot_record", ["moment_millis", "id"], unique=False)
    op.create_table(
        "inventory_operation_run",
        sa.Column("operation_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("current_record_id", sa.LargeBinary(length=16), nullable=True),
        sa.CheckConstraint(
            "(status = 2) = (current_record_id IS NOT NULL)", name=op.f("ck_inventory_operation_run_running")
        ),
        sa.CheckConstraint("status BETWEEN 1 AND 7", name=op.f("ck_inventory_operation_run_status_known")),
        sa.ForeignKeyConstraint(
            ["operation_id"], ["inventory_operation.id"], name=op.f("fk_inventory_operation_run_operation_id")
        ),
        sa.PrimaryKeyConstraint("operation_id", name=op.f("pk_inventory_operation_run")),
        comment="where a definition's run stands: state, apart from the definition",
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO definition_version (id, version, access_version) VALUES (1, 1, 1)")
    op.execute("INSERT INTO role (name, permissions, created_millis) VALUES ('admin', '*', 0)")
