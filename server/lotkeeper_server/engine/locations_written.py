"""How often the stock of each location was changed, for whoever asks where the work is."""

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Final

from lotkeeper_server.domain.changes import Changes
from lotkeeper_server.domain.model.identifiers import LocationId
from lotkeeper_server.domain.model.stock import StockRow

LOCATIONS_MAX: Final = 4_096
"""So many are counted before all begin anew."""


class LocationsWritten:
    """Counted by the thread that commits; others may read."""

    def __init__(self) -> None:
        self._totals: dict[LocationId, int] = {}

    def note(self, changes: Changes) -> None:
        """What one transaction has written."""
        rows: Iterable[StockRow] = chain(changes.changed_quantities, changes.changed_stock, changes.new_stock)
        totals = self._totals
        for row in rows:
            totals[row.location_id] = totals.get(row.location_id, 0) + 1
        if len(totals) > LOCATIONS_MAX:
            self._totals = {}

    @property
    def totals(self) -> Mapping[LocationId, int]:
        """By location, a copy."""
        return dict(self._totals)
