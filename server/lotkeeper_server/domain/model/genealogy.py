"""Genealogy: each completed record between two lots adds to the edge between them; a reversal subtracts it again.

A record of a lot that names a production order, and no other lot, adds to an edge between the lot and the order.
"""

from lotkeeper_server.domain.keys import EdgeKey, GenealogyKey, OrderEdgeKey
from lotkeeper_server.domain.kinds import BETWEEN_LOTS, INTO_PRIMARY, THROUGH_ORDER
from lotkeeper_server.domain.model.enumerations import LotRecordType
from lotkeeper_server.domain.model.identifiers import Id, LotId, ProductionOrderId
from lotkeeper_server.domain.model.quantity import QUANTITY_LIMIT_MILLIONTHS
from lotkeeper_server.domain.model.stock import Edge
from lotkeeper_server.domain.refusals import QuantityOverflow, Refused
from lotkeeper_server.domain.working_set import WorkingSet


def edge_key(record_type: LotRecordType, primary: LotId, secondary: LotId) -> EdgeKey:
    """The direction of a record of a type between its two lots."""
    if record_type in INTO_PRIMARY:
        return EdgeKey(secondary, primary, record_type)
    return EdgeKey(primary, secondary, record_type)


def genealogy_key(
    record_type: LotRecordType, primary: bytes, secondary: bytes | None, order: bytes | None
) -> GenealogyKey | None:
    """The edge that a record of a type adds to; None for none.

    Args:
        record_type: of the record.
        primary: the id of its lot.
        secondary: that of its secondary lot; where it has one, the edge between the lots is all.
        order: that of its production order.
    """
    if secondary is not None:
        return edge_key(record_type, LotId(primary), LotId(secondary))
    if order is not None and record_type in THROUGH_ORDER:
        return OrderEdgeKey(LotId(primary), record_type, ProductionOrderId(order))
    return None


def ends_of(key: GenealogyKey) -> tuple[Id, Id]:
    """From which lot or order to which: ids are unique among all things."""
    if isinstance(key, EdgeKey):
        return key.from_lot_id, key.to_lot_id
    return (key.order_id, key.lot_id) if key.record_type in INTO_PRIMARY else (key.lot_id, key.order_id)


def primary_lots(key: GenealogyKey) -> tuple[LotId, ...]:
    """The lots whose unit an edge has: its records' primary lot; for SPLIT and MERGE both, which share a unit."""
    if isinstance(key, OrderEdgeKey):
        return (key.lot_id,)
    if key.record_type in BETWEEN_LOTS:
        return key.from_lot_id, key.to_lot_id
    return (key.to_lot_id,) if key.record_type in INTO_PRIMARY else (key.from_lot_id,)


def primary_of(key: GenealogyKey) -> LotId:
    """The primary lot of an edge's records."""
    if isinstance(key, OrderEdgeKey):
        return key.lot_id
    return key.to_lot_id if key.record_type in INTO_PRIMARY else key.from_lot_id


def add_to_edge(state: WorkingSet, key: GenealogyKey, lot_quantity_millionths: int) -> None:
    """Counts a record with a quantity above zero, in its primary lot's unit.

    Raises:
        Refused: QUANTITY_OVERFLOW.
    """
    edge = state.edge(key) or Edge(0, 0)
    millionths = edge.millionths + lot_quantity_millionths
    if millionths >= QUANTITY_LIMIT_MILLIONTHS:
        raise Refused(QuantityOverflow())
    state.put_edge(key, Edge(millionths, edge.record_count + 1))


def take_from_edge(state: WorkingSet, key: GenealogyKey, lot_quantity_millionths: int) -> None:
    """Subtracts a record that was counted."""
    edge = state.edge(key)
    assert edge is not None
    assert edge.record_count >= 1
    state.put_edge(key, Edge(edge.millionths - lot_quantity_millionths, edge.record_count - 1))
