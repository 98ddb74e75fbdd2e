"""Reads genealogy: edges by the lots at their ends, never more than asked for; and what a trace shows of a lot."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import Connection, FromClause, select

from lotkeeper_server.domain.keys import EdgeKey
from lotkeeper_server.domain.model.enumerations import LotRecordType, LotStatus, TraceDirection
from lotkeeper_server.domain.model.identifiers import Id, LotId
from lotkeeper_server.domain.model.stock import Edge
from lotkeeper_server.store.db.statements import chunks, fetch, rows_by_key
from lotkeeper_server.store.schema import tables

_TYPES: Final = {int(one): one for one in LotRecordType}
_STATUSES: Final = {int(one): one for one in LotStatus}
_NEAR: Final = {TraceDirection.INPUT: "to_lot_id", TraceDirection.OUTPUT: "from_lot_id"}
_FAR: Final = {TraceDirection.INPUT: "from_lot_id", TraceDirection.OUTPUT: "to_lot_id"}


class TracedLot(NamedTuple):
    """What a trace shows of a lot, by the names that things have now."""

    id: LotId
    name: str
    status: LotStatus
    expiration_millis: int | None
    material_id: Id
    material_path: str
    unit_id: Id | None
    unit_name: str | None
    unit_symbol: str | None


@dataclass(frozen=True, slots=True)
class EdgeReading:
    """Reads edges in one snapshot.

    Attributes:
        connection: the snapshot.
    """

    connection: Connection

    def edges_onward(
        self, lot_ids: Sequence[LotId], direction: TraceDirection, limit: int
    ) -> list[tuple[EdgeKey, Edge]]:
        """The edges of these lots in a direction that are not all reversed, by lot, then by the lot at the other end.

        Args:
            lot_ids: each once, in order.
            direction: INPUT: edges into them; OUTPUT: edges out of them.
            limit: at most so many, above 0.
        """
        near, far = _NEAR[direction], _FAR[direction]
        found: list[tuple[EdgeKey, Edge]] = []
        for chunk in chunks(lot_ids):
            places = ", ".join("?" for _ in chunk)
            text = (
                "SELECT from_lot_id, to_lot_id, lot_record_type, quantity, record_count FROM lot_edge "  # noqa: S608
                f"WHERE {near} IN ({places}) AND record_count > 0 ORDER BY {near}, {far}, lot_record_type LIMIT ?"
            )
            rows = fetch(self.connection, text, (*chunk, limit - len(found)))
            found += [
                (EdgeKey(from_id, to_id, _TYPES[record_type]), Edge(quantity, count))
                for from_id, to_id, record_type, quantity, count in rows
            ]
            if len(found) >= limit:
                break
        return found

    def lots_onward(self, lot_ids: Sequence[LotId], direction: TraceDirection, limit: int) -> Iterator[LotId]:
        """The lots one edge away in a direction, some of them several times; at most `limit` + 1 for some lots."""
        near, far = _NEAR[direction], _FAR[direction]
        for chunk in chunks(lot_ids):
            places = ", ".join("?" for _ in chunk)
            text = f"SELECT DISTINCT {far} FROM lot_edge WHERE {near} IN ({places}) AND record_count > 0 LIMIT ?"  # noqa: S608
            for (lot_id,) in fetch(self.connection, text, (*chunk, limit + 1)):
                yield lot_id

    def with_edges_onward(self, lot_ids: Sequence[LotId], direction: TraceDirection) -> set[LotId]:
        """Those of these lots that have an edge in a direction."""
        found: set[LotId] = set()
        for chunk in chunks(lot_ids):
            places = ", ".join("?" for _ in chunk)
            text = (
                f"SELECT id FROM inventory_lot WHERE id IN ({places}) AND EXISTS (SELECT 1 FROM lot_edge "  # noqa: S608
                f"WHERE lot_edge.{_NEAR[direction]} = inventory_lot.id AND record_count > 0)"
            )
            found.update(lot_id for (lot_id,) in fetch(self.connection, text, tuple(chunk)))
        return found


def _select_lots() -> str:
    lot, material, unit = tables.inventory_lot.c, tables.material.c, tables.unit_of_measure.c
    columns = (
        lot.id,
        lot.name,
        lot.status,
        lot.expiration_millis,
        lot.material_id,
        material.path,
        lot.unit_of_measure_id,
        unit.name,
        unit.symbol,
    )
    joined: FromClause = tables.inventory_lot.join(tables.material, material.id == lot.material_id)
    joined = joined.outerjoin(tables.unit_of_measure, unit.id == lot.unit_of_measure_id)
    return str(select(*columns).select_from(joined))


_LOTS: Final = _select_lots()


def read_traced_lots(connection: Connection, lot_ids: Sequence[LotId]) -> dict[LotId, TracedLot]:
    """What a trace shows of each of these lots."""
    rows = rows_by_key(connection, _LOTS, str(tables.inventory_lot.c.id), lot_ids)
    return {row[0]: TracedLot(row[0], row[1], _STATUSES[row[2]], *row[3:]) for row in rows}
