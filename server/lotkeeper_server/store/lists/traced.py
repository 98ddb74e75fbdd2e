"""Reads what a trace shows of lots and production orders, by the names that things have now."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, FromClause, select

from lotkeeper_server.domain.model.enumerations import LotStatus
from lotkeeper_server.domain.model.identifiers import Id, LocationId, LotId, ProductionOrderId
from lotkeeper_server.store.db.statements import rows_by_key
from lotkeeper_server.store.entities.within import within
from lotkeeper_server.store.schema import tables
from lotkeeper_server.store.staged.visible import visible_by

STOCK_SHOWN_MAX: Final = 20
_STATUSES: Final = {int(one): one for one in LotStatus}


class TracedLot(NamedTuple):
    """What a trace shows of a lot."""

    id: LotId
    name: str
    status: LotStatus
    expiration_millis: int | None
    supplier_lot_name: str
    material_id: Id
    material_path: str
    unit_id: Id | None
    unit_name: str | None
    unit_symbol: str | None


class TracedStock(NamedTuple):
    """The stock of a lot at a location, above zero, in the lot's unit."""

    location_id: LocationId
    location_path: str
    millionths: int


class OnHand(NamedTuple):
    """The stock of a lot above zero.

    Attributes:
        millionths: at all locations, in the lot's unit.
        stock: where the most of it is, the largest first; at most `STOCK_SHOWN_MAX`.
    """

    millionths: int
    stock: Sequence[TracedStock]


class _StockRow(NamedTuple):
    lot_id: LotId
    location_id: LocationId
    millionths: int


NOTHING_ON_HAND: Final = OnHand(0, ())


class Shown(NamedTuple):
    """What a trace shows of its nodes.

    Attributes:
        lots: by id.
        order_names: by the orders' ids.
        on_hand: by the lots' ids; those without any stock are left out.
        left_out: whether some of their stock lies where the caller may not look.
    """

    lots: Mapping[LotId, TracedLot]
    order_names: Mapping[ProductionOrderId, str]
    on_hand: Mapping[LotId, OnHand]
    left_out: bool


def _select_lots() -> str:
    lot, material, unit = tables.inventory_lot.c, tables.material.c, tables.unit_of_measure.c
    columns = (
        lot.id,
        lot.name,
        lot.status,
        lot.expiration_millis,
        lot.supplier_lot_name,
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


def read_shown(connection: Connection, lot_ids: Sequence[LotId], order_ids: Iterable[ProductionOrderId] = ()) -> Shown:
    """What a trace shows of these lots and production orders."""
    rows, left_out = _stock_seen(connection, lot_ids)
    lots, order_names = _read_lots(connection, lot_ids), _read_order_names(connection, order_ids)
    return Shown(lots, order_names, _read_on_hand(connection, rows), left_out)


def _read_lots(connection: Connection, lot_ids: Sequence[LotId]) -> dict[LotId, TracedLot]:
    rows = rows_by_key(connection, _LOTS, str(tables.inventory_lot.c.id), lot_ids)
    return {row[0]: TracedLot(row[0], row[1], _STATUSES[row[2]], *row[3:]) for row in rows}


def _read_order_names(connection: Connection, order_ids: Iterable[ProductionOrderId]) -> dict[ProductionOrderId, str]:
    rows = rows_by_key(connection, "SELECT id, name FROM production_order", "id", sorted(order_ids))
    return {row[0]: row[1] for row in rows}


def _stock_seen(connection: Connection, lot_ids: Iterable[LotId]) -> tuple[list[_StockRow], bool]:
    """The stock above zero that the caller may see, and whether there is more."""
    by = visible_by(connection, "inventory", "quantity > 0 AND lot_id")
    select_stock = "SELECT lot_id, location_id, quantity FROM inventory"
    rows = [_StockRow(*row) for row in rows_by_key(connection, select_stock, by, sorted(lot_ids))]
    seen = within(connection)
    if seen is None:
        return rows, False
    there = seen.among(connection, {row.location_id for row in rows})
    shown = [row for row in rows if row.location_id in there]
    return shown, len(shown) < len(rows)


def _read_on_hand(connection: Connection, rows: Iterable[_StockRow]) -> Mapping[LotId, OnHand]:
    rows_of: dict[LotId, list[tuple[int, LocationId]]] = defaultdict(list)
    for lot_id, location_id, millionths in rows:
        rows_of[lot_id].append((-millionths, location_id))
    shown = {lot_id: sorted(rows)[:STOCK_SHOWN_MAX] for lot_id, rows in rows_of.items()}
    places = sorted({location_id for rows in shown.values() for _, location_id in rows})
    paths = {row[0]: row[1] for row in rows_by_key(connection, "SELECT id, path FROM location", "id", places)}
    return {
        lot_id: OnHand(
            -sum(millionths for millionths, _ in rows),
            [TracedStock(one, paths[one], -millionths) for millionths, one in shown[lot_id]],
        )
        for lot_id, rows in rows_of.items()
    }
