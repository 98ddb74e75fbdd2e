"""The rule of locations that take one lot at a time: nothing leaves a second lot above zero there."""

from collections.abc import Mapping
from typing import Final

from lotkeeper_server.domain.keys import QueueKey
from lotkeeper_server.domain.model.definitions import Location
from lotkeeper_server.domain.model.enumerations import LotStorageStrategy, LotUseStrategy
from lotkeeper_server.domain.model.identifiers import LotId
from lotkeeper_server.domain.refusals import LocationHoldsAnotherLot, Refused
from lotkeeper_server.domain.working_set import QUEUE_LENGTH_FIRST, WorkingSet

_SINGLE: Final = frozenset({LotStorageStrategy.ALLOW_SINGLE_OR_THROW})
_SINGLE_OR_MERGED: Final = _SINGLE | {LotStorageStrategy.MERGE_INTO_PREVIOUS, LotStorageStrategy.MERGE_INTO_NEW}


def check_single_lot(
    state: WorkingSet, location: Location, lot_id: LotId, changes: Mapping[LotId, int], *, also_where_merged: bool
) -> None:
    """Refuses if another lot would be above zero in the end.

    Args:
        state: what is there.
        location: where the lot will be above zero.
        lot_id: of the lot.
        changes: how stock of other lots there changes at the same time, in millionths of their units.
        also_where_merged: whether the rule also holds at locations where a rise merges lots: true for what is not a
            rise and so merges none. A reversal may leave several lots there, since it restores what was.

    Raises:
        Refused: LOCATION_HOLDS_ANOTHER_LOT with the first one.
    """
    if location.lot_storage_strategy not in (_SINGLE_OR_MERGED if also_where_merged else _SINGLE):
        return
    for row, other in state.in_stock(location.id, None, LotUseStrategy.FIFO):
        if other.id != lot_id and row.millionths + changes.get(other.id, 0) > 0:
            raise Refused(LocationHoldsAnotherLot(location=location.path, lot=other.name))


def likely_reads(location: Location, *, also_where_merged: bool) -> list[QueueKey]:
    """Returns what the rule reads. It may miss something, but never decides."""
    if location.lot_storage_strategy not in (_SINGLE_OR_MERGED if also_where_merged else _SINGLE):
        return []
    return [QueueKey(location.id, None, LotUseStrategy.FIFO, QUEUE_LENGTH_FIRST)]
