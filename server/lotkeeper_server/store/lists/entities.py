"""Filters of the lists of entities."""

from dataclasses import replace
from typing import Final

from sqlalchemy import Table

from lotkeeper_server.domain.model.enumerations import LotStatus, Status
from lotkeeper_server.domain.resolve.lots import USABLE
from lotkeeper_server.store.lists.conditions import Condition, PartialIndex, Walk, among, equal
from lotkeeper_server.store.schema import tables

ROUTE: Final = ("source_location_id", "destination_location_id")
"""The columns that put an inventory operation at a location."""
_SUPPLIED: Final = PartialIndex("ix_inventory_lot_supplier_lot_name", "supplier_lot_name <> ''")


def is_enabled(table: Table, wanted: bool) -> Condition:
    """Enabled rows, or disabled ones; tables that never grow large have no index of the latter."""
    if wanted:
        return Condition("t.enabled")
    index = f"ix_{table.name}_disabled"
    indexed = any(one.name == index for one in table.indexes)
    return Condition("NOT t.enabled", walks=(Walk("NOT enabled", index=index),) if indexed else ())


def runs_in(status: Status) -> Condition:
    """Inventory operations by the status of their run, which is in a separate table."""
    run, number = tables.inventory_operation_run.name, int(status)
    holds = f"EXISTS (SELECT 1 FROM {run} AS r WHERE r.operation_id = t.id AND r.status = ?)"  # noqa: S608
    walk = Walk("status = ?", (number,), table=run, columns=("operation_id",))
    return Condition(holds, (number,), (walk,))


def supplied_as(name: str) -> Condition:
    """Lots by their number at their supplier, which is not empty."""
    return equal("supplier_lot_name", name, _SUPPLIED)


def shows(status: LotStatus, now_millis: int) -> Condition:
    """Lots that show a status: an OPEN or AVAILABLE one past its date shows EXPIRED."""
    stored = sorted({status, *USABLE}) if status is LotStatus.EXPIRED else [status]
    holds = among("status", [int(one) for one in stored])
    past = "t.expiration_millis IS NOT NULL AND t.expiration_millis < ?"
    parameters = (*holds.parameters, now_millis)
    if status is LotStatus.EXPIRED:
        expired = f"{holds.holds} AND (t.status = {status:d} OR {past})"
        return replace(holds, holds=expired, parameters=parameters, exact=False)
    if status in USABLE:
        return replace(holds, holds=f"{holds.holds} AND NOT ({past})", parameters=parameters, exact=False)
    return holds
