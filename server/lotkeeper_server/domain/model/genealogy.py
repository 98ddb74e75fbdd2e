"""Genealogy: each completed record between two lots adds to the edge between them; a reversal subtracts it again."""

from lotkeeper_server.domain.keys import EdgeKey
from lotkeeper_server.domain.kinds import BETWEEN_LOTS, INTO_PRIMARY
from lotkeeper_server.domain.model.enumerations import LotRecordType
from lotkeeper_server.domain.model.identifiers import LotId
from lotkeeper_server.domain.model.quantity import QUANTITY_LIMIT_MILLIONTHS
from lotkeeper_server.domain.model.stock import Edge
from lotkeeper_server.domain.refusals import QuantityOverflow, Refused
from lotkeeper_server.domain.working_set import WorkingSet


def edge_key(record_type: LotRecordType, primary: LotId, secondary: LotId) -> EdgeKey:
    """The direction of a record of a type between its two lots."""
    if record_type in INTO_PRIMARY:
        return EdgeKey(secondary, primary, record_type)
    return EdgeKey(primary, secondary, record_type)


def primary_lots(key: EdgeKey) -> tuple[LotId, ...]:
    """The lots whose unit an edge has: its records' primary lot; for SPLIT and MERGE both, which share a unit."""
    if key.record_type in BETWEEN_LOTS:
        return key.from_lot_id, key.to_lot_id
    return (key.to_lot_id,) if key.record_type in INTO_PRIMARY else (key.from_lot_id,)


def add_to_edge(state: WorkingSet, key: EdgeKey, lot_quantity_millionths: int) -> None:
    """Counts a record with a quantity above zero, in its primary lot's unit.

    Raises:
        Refused: QUANTITY_OVERFLOW.
    """
    edge = state.edge(key) or Edge(0, 0)
    millionths = edge.millionths + lot_quantity_millionths
    if millionths >= QUANTITY_LIMIT_MILLIONTHS:
        raise Refused(QuantityOverflow())
    state.put_edge(key, Edge(millionths, edge.record_count + 1))


def take_from_edge(state: WorkingSet, key: EdgeKey, lot_quantity_millionths: int) -> None:
    """Subtracts a record that was counted."""
    edge = state.edge(key)
    assert edge is not None
    assert edge.record_count >= 1
    state.put_edge(key, Edge(edge.millionths - lot_quantity_millionths, edge.record_count - 1))
