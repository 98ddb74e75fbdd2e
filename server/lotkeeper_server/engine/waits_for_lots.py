"""For which lots calls wait that another transaction holds, and whether others get the same lot meanwhile."""

from collections.abc import Iterable, Mapping
from typing import Final

from lotkeeper_server.domain.keys import Key, LotKey, LotNameKey, LotRowsKey, StockKey
from lotkeeper_server.domain.model.identifiers import format_id

LOTS_MAX: Final = 1_024
"""So many are counted before all begin anew."""


def lot_of(keys: Iterable[Key]) -> str:
    """The lot that some keys are about: its name, where one has it, else its id as text; empty for none."""
    text = ""
    for key in keys:
        if isinstance(key, LotNameKey):
            return key.name
        if isinstance(key, LotKey):
            text = format_id(key.id)
        elif isinstance(key, LotRowsKey | StockKey):
            text = format_id(key.lot_id)
    return text


class WaitsForLots:
    """Counted by the thread that decides; others may read.

    A lot is empty where it is not known what holds a call: a whole table is locked, or the embedded store.
    """

    def __init__(self) -> None:
        self._totals: dict[str, int] = {}
        self._through_at_seconds: dict[str, float] = {}

    def note_held(self, lot: str) -> None:
        """A call was put back."""
        totals = self._totals
        totals[lot] = totals.get(lot, 0) + 1
        if len(totals) > LOTS_MAX:
            self._totals, self._through_at_seconds = {}, {}

    def note_through(self, lot: str, now_seconds: float) -> None:
        """A call that had been put back has ended."""
        if lot in self._totals:
            self._through_at_seconds[lot] = now_seconds

    def through_at_seconds(self, lot: str) -> float:
        """When the last call that had waited for a lot got through; minus infinity where none has."""
        return self._through_at_seconds.get(lot, float("-inf"))

    @property
    def totals(self) -> Mapping[str, int]:
        """How often calls were put back, by lot; a copy."""
        return dict(self._totals)
