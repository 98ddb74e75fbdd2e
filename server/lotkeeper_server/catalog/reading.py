"""Get and List, for every entity: rows become messages, with the names of what they refer to."""

from collections.abc import Sequence
from typing import Any

from lotkeeper_server.catalog.descriptions import Description
from lotkeeper_server.catalog.fields import Reference
from lotkeeper_server.domain.model.enumerations import LotStatus
from lotkeeper_server.domain.model.identifiers import Id, format_id
from lotkeeper_server.domain.resolve.lots import USABLE
from lotkeeper_server.store.db.rows import stored_row
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.entities.pages import values_by_id
from lotkeeper_server.store.entities.records_within import totals_within
from lotkeeper_server.store.entities.row import EntityRow
from lotkeeper_server.store.entities.runs import runs_of
from lotkeeper_server.store.entities.within import within


def read_one(snapshot: Snapshot, description: Description, identifier: Id, now_millis: int) -> Any:
    """The message of a thing that is known to exist, by id."""
    row = stored_row(snapshot, description.table, identifier)
    assert row is not None, f"{description.entity} is not there"
    return messages(snapshot, description, [row], now_millis)[0]


def messages(snapshot: Snapshot, description: Description, rows: Sequence[EntityRow], now_millis: int) -> list[Any]:
    """Rows as messages, in their order.

    Args:
        snapshot: for reading the names of what they refer to.
        description: of the entity.
        rows: of its table.
        now_millis: the moment by which lots show as EXPIRED.
    """
    if description.entity == "lot" and (seen := within(snapshot)) is not None:
        totals = totals_within(snapshot, seen, [row["id"] for row in rows])
        rows = [row | {"total_quantity": totals.get(row["id"], 0)} for row in rows]
    built = [_own_fields(description, row) for row in rows]
    for reference in description.references:
        _write_reference(snapshot, reference, rows, built)
    if description.entity == "inventory_operation":
        _write_runs(snapshot, rows, built)
    elif description.entity == "lot":
        _write_shown_status(rows, built, now_millis)
    return built


def _own_fields(description: Description, row: EntityRow) -> Any:
    message: Any = description.message()
    message.id = format_id(row["id"])
    for one in (*description.all_fields, *description.shown):
        one.write(row[one.column], message)
    message.enabled = bool(row["enabled"])
    message.created_date.FromMilliseconds(row["created_millis"])
    message.created_by = row["created_by"]
    if row["modified_millis"] is not None:
        message.modified_date.FromMilliseconds(row["modified_millis"])
        message.modified_by = row["modified_by"]
    message.version = row["version"]
    return message


def _write_reference(snapshot: Snapshot, reference: Reference, rows: Sequence[EntityRow], built: Sequence[Any]) -> None:
    ids = {row[reference.column] for row in rows if row[reference.column] is not None}
    targets = values_by_id(snapshot, reference.target, tuple(reference.beside.values()), ids)
    for row, message in zip(rows, built, strict=True):
        identifier = row[reference.column]
        if identifier is None:
            continue
        setattr(message, reference.id_field, format_id(identifier))
        for name, value in zip(reference.beside, targets[identifier], strict=True):
            setattr(message, name, value)


def _write_runs(snapshot: Snapshot, rows: Sequence[EntityRow], built: Sequence[Any]) -> None:
    runs = runs_of(snapshot, [row["id"] for row in rows])
    for message, row in zip(built, rows, strict=True):
        run = runs[row["id"]]
        message.status = int(run.status)
        message.current_record_id = format_id(run.current_record_id) if run.current_record_id else ""


def _write_shown_status(rows: Sequence[EntityRow], built: Sequence[Any], now_millis: int) -> None:
    for row, message in zip(rows, built, strict=True):
        expiration = row["expiration_millis"]
        if expiration is not None and expiration < now_millis and LotStatus(row["status"]) in USABLE:
            message.status = int(LotStatus.EXPIRED)
