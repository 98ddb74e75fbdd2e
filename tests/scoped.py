"""Callers whose role is limited to locations, and what they should see, by what somebody without a limit sees."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from typing import Any, Final

from lotkeeper import Client
from lotkeeper.inventory.v1 import enums_pb2, inventory_pb2, trace_service_pb2
from lotkeeper_server.access.roles import add_role, change_role
from lotkeeper_server.access.tokens import TokenEntry, add_token, new_token
from lotkeeper_server.domain.kinds import INTO_PRIMARY, THROUGH_ORDER
from lotkeeper_server.domain.model.enumerations import LotRecordType
from lotkeeper_server.domain.model.identifiers import LocationId, parse_id
from lotkeeper_server.engine.clock import IdSource, now_millis
from lotkeeper_server.store.db.connection import Store

from tests.server_process import ServerProcess

EVERYTHING: Final = ("*",)
_numbers = itertools.count(1)
Sees = Callable[[Iterable[str]], bool]
"""Whether somebody sees what names these paths of locations; empty ones name none."""


def ids_of(locations: Iterable[Any]) -> frozenset[LocationId]:
    """The ids of locations of the contract."""
    ids = [parse_id(one.id) for one in locations]
    return frozenset(LocationId(one) for one in ids if one is not None)


def make_caller(
    server: ServerProcess, locations: Iterable[Any] = (), permissions: Iterable[str] = EVERYTHING
) -> tuple[str, str]:
    """A new token, and the name of its only role, which is limited to some locations; to none: it holds everywhere."""
    role, token, now = f"limited {next(_numbers)}", new_token(), now_millis()
    with closing(Store(server.database_url)) as store, store.write() as connection:
        add_role(connection, role, list(permissions), now, locations=ids_of(locations))
        add_token(connection, token, TokenEntry(IdSource()(), role, (role,), False, now, None, None))
    return token, role


def move_role(server: ServerProcess, role: str, locations: Iterable[Any]) -> None:
    """Limits a role to other locations."""
    with closing(Store(server.database_url)) as store, store.write() as connection:
        change_role(connection, role, locations=ids_of(locations))


@contextmanager
def limited_client(
    server: ServerProcess, locations: Iterable[Any], permissions: Iterable[str] = EVERYTHING
) -> Iterator[Client]:
    """A client whose role is limited to some locations."""
    token, _ = make_caller(server, locations, permissions)
    with Client(server.address, token=token) as client:
        yield client


def within(paths: Iterable[str]) -> Sees:
    """Sees what lies at some paths, or below."""
    roots = list(paths)

    def sees(named: Iterable[str]) -> bool:
        return all(any(path == root or path.startswith(f"{root}/") for root in roots) for path in named if path)

    return sees


def places_of(record: Any) -> list[str]:
    """The locations that a record or a definition names."""
    return [record.source_location_path, record.destination_location_path]


def exactly(quantity: Any) -> Decimal:
    """The exact quantity of a message."""
    return Decimal(quantity.value or "0")


def sums_by_lot(rows: Iterable[inventory_pb2.Inventory]) -> dict[str, tuple[Decimal, int]]:
    """What SummarizeInventory should say, by lot: the stock, and the rows."""
    found: dict[str, tuple[Decimal, int]] = {}
    for row in rows:
        stock, count = found.get(row.inventory_lot_id, (Decimal(0), 0))
        found[row.inventory_lot_id] = stock + exactly(row.exact_quantity), count + 1
    return found


Edge = tuple[str, str, int]
"""From which lot or order, to which, by which type of record."""


def edges_of(records: Iterable[Any]) -> dict[Edge, tuple[int, Decimal]]:
    """The edges of a genealogy that records make, of how many records each, and their sum."""
    found: dict[Edge, tuple[int, Decimal]] = {}
    for record in records:
        if record.status != enums_pb2.STATUS_COMPLETED or not record.quantity:
            continue
        if record.reverses_record_id or record.reversed_by_record_id:
            continue
        other = record.secondary_inventory_lot_id
        kind = LotRecordType(record.lot_record_type)
        if not other and kind in THROUGH_ORDER:
            other = record.production_order_id
        if other:
            ends = (record.inventory_lot_id, other)
            start, end = reversed(ends) if kind in INTO_PRIMARY else ends
            count, total = found.get((start, end, int(kind)), (0, Decimal(0)))
            found[start, end, int(kind)] = count + 1, total + exactly(record.exact_quantity)
    return found


def walked(edges: Iterable[Edge], root: str, near: int, far: int) -> set[str]:
    """What is reached from a node along edges in one direction, the node itself among it."""
    edges, level, seen = list(edges), {root}, {root}
    while level:
        level = {str(edge[far]) for edge in edges if edge[near] in level} - seen
        seen |= level
    return seen


def reached(edges: Iterable[Edge], root: str) -> tuple[set[str], set[Edge]]:
    """The nodes and edges of a trace from a lot in both directions."""
    edges = list(edges)
    onward, back = walked(edges, root, 0, 1), walked(edges, root, 1, 0)
    return onward | back, {edge for edge in edges if edge[0] in onward or edge[1] in back}


def reached_from(edges: Iterable[Edge], seen: Iterable[Edge], root: str) -> set[Edge]:
    """The edges that a trace meets which follows only some of them."""
    seen = list(seen)
    onward, back = walked(seen, root, 0, 1), walked(seen, root, 1, 0)
    return {edge for edge in edges if edge[0] in onward or edge[1] in back}


def ends_of(edges: Iterable[Edge], root: str, near: int, far: int, lots: set[str]) -> set[str]:
    """The lots of a trace from which no lot outside their own circle is reached."""
    edges = list(edges)
    onward = {one: walked(edges, one, near, far) for one in walked(edges, root, near, far)}
    return {
        one for one in onward if one in lots and all(one in onward[other] for other in onward[one] if other in lots)
    }


def edge_in(edge: trace_service_pb2.TraceEdge) -> Edge:
    """An edge of an answer."""
    return (
        edge.from_inventory_lot_id or edge.from_production_order_id,
        edge.to_inventory_lot_id or edge.to_production_order_id,
        edge.lot_record_type,
    )
