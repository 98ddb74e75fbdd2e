"""Get and List, for every entity: rows become messages, with the names of what they refer to."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from lotkeeper_server.catalog.descriptions import Description
from lotkeeper_server.catalog.fields import Reference
from lotkeeper_server.domain.model.enumerations import LotStatus, Status
from lotkeeper_server.domain.model.identifiers import Id, format_id
from lotkeeper_server.domain.resolve.lots import USABLE
from lotkeeper_server.store.db.statements import columns_of, rows_by_key
from lotkeeper_server.store.lists.conditions import Condition
from lotkeeper_server.store.lists.walking import Order, walk_page
from lotkeeper_server.store.schema import tables
from lotkeeper_server.store.schema.tables import inventory_operation_run


def read_one(connection: Connection, description: Description, identifier: Id, now_millis: int) -> Any:
    """The message of an id that is known to be there."""
    table = description.table
    rows = connection.execute(select(table).where(table.c.id == identifier)).mappings().all()
    return messages(connection, description, rows, now_millis)[0]


class CatalogPage(NamedTuple):
    """Rows by id, as mappings of their columns, and the id after which the next page begins; None on the last one."""

    rows: list[dict[str, Any]]
    next_after: Id | None


def read_page(
    connection: Connection,
    description: Description,
    conditions: Sequence[Condition],
    after: Id | None,
    limit: int,
) -> CatalogPage:
    """A page of what every condition holds of; it may hold fewer than `limit`, or none, and yet not be the last."""
    order = Order(description.table.name, ("id",))
    page = walk_page(connection, order, conditions, limit, None if after is None else (after,))
    columns = columns_of(description.table)
    select_from = f"SELECT {', '.join(columns)} FROM {description.table.name}"  # noqa: S608 - the schema's own names
    ids = [key[0] for key in page.keys]
    found = {row[0]: dict(zip(columns, row, strict=True)) for row in rows_by_key(connection, select_from, "id", ids)}
    return CatalogPage([found[one] for one in ids], None if page.next_after is None else page.next_after[0])


def messages(connection: Connection, description: Description, rows: Sequence[Any], now_millis: int) -> list[Any]:
    """Rows as messages, in their order.

    Args:
        connection: a transaction.
        description: of the entity.
        rows: mappings of its table's columns.
        now_millis: the moment by which lots show as EXPIRED.
    """
    built = [_own_fields(description, row) for row in rows]
    for reference in description.references:
        _write_reference(connection, reference, rows, built)
    if description.entity == "inventory_operation":
        _write_runs(connection, rows, built)
    elif description.entity == "lot":
        _write_shown_status(rows, built, now_millis)
    return built


def _own_fields(description: Description, row: Any) -> Any:
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


def _write_reference(connection: Connection, reference: Reference, rows: Sequence[Any], built: Sequence[Any]) -> None:
    ids = sorted({row[reference.column] for row in rows if row[reference.column] is not None})
    columns = ", ".join(["id", *reference.beside.values()])
    table = tables.metadata.tables[reference.target]
    targets = {row[0]: row for row in rows_by_key(connection, f"SELECT {columns} FROM {table.name}", "id", ids)}  # noqa: S608
    for row, message in zip(rows, built, strict=True):
        if row[reference.column] is None:
            continue
        target = targets[row[reference.column]]
        setattr(message, reference.id_field, format_id(target[0]))
        for name, value in zip(reference.beside, target[1:], strict=True):
            setattr(message, name, value)


def _write_runs(connection: Connection, rows: Sequence[Any], built: Sequence[Any]) -> None:
    runs = read_runs(connection, [row["id"] for row in rows])
    for message, row in zip(built, rows, strict=True):
        status, record_id = runs[row["id"]]
        message.status = int(status)
        message.current_record_id = format_id(record_id) if record_id else ""


def read_runs(connection: Connection, ids: Sequence[Id]) -> dict[Id, tuple[Status, Id | None]]:
    """Where the runs of inventory operations stand."""
    columns = "SELECT operation_id, status, current_record_id FROM inventory_operation_run"
    found = rows_by_key(connection, columns, inventory_operation_run.c.operation_id.name, sorted(ids))
    return {row[0]: (Status(row[1]), row[2]) for row in found}


def _write_shown_status(rows: Sequence[Any], built: Sequence[Any], now_millis: int) -> None:
    for row, message in zip(rows, built, strict=True):
        expiration = row["expiration_millis"]
        if expiration is not None and expiration < now_millis and LotStatus(row["status"]) in USABLE:
            message.status = int(LotStatus.EXPIRED)
