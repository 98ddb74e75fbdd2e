"""Lots, their stock and runs as the last transactions left them, on a store that says whether anybody else has written.

Most calls are about the lots of the calls before them. To read these again took a tenth of an execution in a batch.
"""

from collections.abc import Iterable
from typing import Final

from lotkeeper_server.domain.keys import Key, LotKey, LotNameKey, RunKey, StockKey
from lotkeeper_server.domain.model.identifiers import Id, LocationId, LotId, MaterialId
from lotkeeper_server.domain.model.stock import Lot, OperationRun, StockRow
from lotkeeper_server.domain.working_set import WorkingSet
from lotkeeper_server.store.db.write_transaction import ReadTransaction

ROWS_KEPT_MAX: Final = 16_384
"""Of all kinds, some 400 bytes each; beyond it all are read again."""


class KeptRows:
    """What one connection has read and written, between its transactions. Values are never changed, so they are shared.

    Nothing is kept that somebody else may have changed: every commit of another connection, of whichever process, shows
    in the number that is looked at when a transaction has begun. A transaction that fails drops everything, since the
    connection may be another one afterwards.
    """

    def __init__(self) -> None:
        """Keeps nothing yet."""
        self._others: int | None = None
        self.drop()

    def drop(self) -> None:
        """Forgets everything."""
        self._lots: dict[LotId, Lot] = {}
        self._named: dict[tuple[MaterialId, str], Lot] = {}
        self._stock: dict[tuple[LocationId, LotId], StockRow] = {}
        self._runs: dict[Id, OperationRun] = {}

    def follow(self, tx: ReadTransaction) -> None:
        """Forgets everything if another connection has written; once the transaction has begun."""
        others = tx.commits_of_others()
        if others != self._others:
            self.drop()
            self._others = others

    def give(self, state: WorkingSet, keys: Iterable[Key]) -> list[Key]:
        """Brings in what is kept; returns the keys of what is not."""
        others: list[Key] = []
        for key in keys:
            if isinstance(key, StockKey) and (row := self._stock.get(key)) is not None:
                state.accept_stock([row])
            elif (lot := self._lot(key)) is not None:
                state.accept_lots([lot])
            elif isinstance(key, RunKey) and (run := self._runs.get(key.operation_id)) is not None:
                state.runs.setdefault(key.operation_id, run)
            else:
                others.append(key)
        return others

    def _lot(self, key: Key) -> Lot | None:
        if isinstance(key, LotNameKey):
            return self._named.get(key)
        return self._lots.get(key.id) if isinstance(key, LotKey) else None

    def keep(self, state: WorkingSet) -> None:
        """Keeps what a transaction has read and written, once it was committed."""
        if len(self._lots) + len(self._stock) + len(self._runs) > ROWS_KEPT_MAX:
            self.drop()
        for lot in state.lots.values():
            if lot is not None:
                self._lots[lot.id] = lot
                self._named[lot.material_id, lot.name] = lot
        for rows in state.stock.values():
            for row in rows.values():
                if row is not None:
                    self._stock[row.location_id, row.lot_id] = row
        self._runs |= {operation_id: run for operation_id, run in state.runs.items() if run is not None}
