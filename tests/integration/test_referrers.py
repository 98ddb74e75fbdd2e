"""What a delete looks at before it deletes."""

from __future__ import annotations

import pytest
from lotkeeper_server.catalog import descriptions
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.entities.referrers import referrers_of
from lotkeeper_server.store.schema.tables import inventory_lot_record

ENTITIES = [one.table.name for one in (*descriptions.MASTER_DATA, descriptions.INVENTORY_OPERATION, descriptions.LOT)]


@pytest.mark.parametrize("entity", ENTITIES)
def test_what_refers_to_a_thing_is_counted_by_an_index(embedded_store: Store, entity: str) -> None:
    """No delete reads a table from end to end, neither to count nor where the database looks itself.

    SQLite's planner is asked, which needs no rows for that, and whose schema has the indexes of all.

    But for a unit's among the records: an index of it would be paid by every record, to serve a delete that is rare.
    """
    for referrer in referrers_of(entity):
        for column in set(referrer.columns) - {inventory_lot_record.c.unit_of_measure_id}:
            query = f"EXPLAIN QUERY PLAN SELECT COUNT(*) FROM {referrer.table.name} WHERE {column.name} = ?"  # noqa: S608
            with embedded_store.read() as connection:
                plan = " ".join(row[3] for row in connection.exec_driver_sql(query, (bytes(16),)))
            assert "SEARCH" in plan, f"{referrer.table.name}.{column.name}: {plan}"
            assert "SCAN" not in plan, f"{referrer.table.name}.{column.name}: {plan}"


def test_referrers_stand_in_the_order_of_the_schema() -> None:
    """Of several kinds a refusal names the first; where a run stands is part of its operation."""
    assert [one.entity for one in referrers_of("location")] == [
        "location",
        "operation",
        "inventory",
        "inventory_operation",
        "inventory_lot_record",
    ]
    assert [one.entity for one in referrers_of("inventory_operation")] == ["inventory_lot_record"]
    of_lots = ["inventory", "inventory_lot_record", "trace_edge", "trace_edge"]
    assert [one.entity for one in referrers_of("inventory_lot")] == of_lots
