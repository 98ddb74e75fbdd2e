"""Writes that are too long for one transaction where one transaction holds the whole store.

New rows are staged: written beside what is there in many short transactions, between which everybody else has his turn,
and unseen until one more short transaction switches them in. That one looks whether what the import relies on is still
as it was. One import is staged at a time; what a killed process has left is taken away before the next.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Final

from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.refusals import Contention, Refused
from lotkeeper_server.engine.calls import Caller
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.engine.itself import Itself
from lotkeeper_server.event_log import get_logger
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.staged.staging import (
    Orders,
    Piece,
    Staging,
    begin_staging,
    drop_piece,
    read_staging,
    stage,
    switch_in,
    take_over,
    take_turn,
)

ROWS_AT_ONCE: Final = 250
"""Of a piece: it holds the store for some ten milliseconds."""
LEFT_AFTER_SECONDS: Final = 3.0
"""An import that has not moved for so long belongs to nobody any more."""
_LOOK_SECONDS: Final = 0.25
_PIECES_BETWEEN_CHECKPOINTS: Final = 8
_log = get_logger()

Switch = Callable[[Transaction], bool]
"""Looks whether an import still fits, and writes what is not staged: changes of what is there."""


class LongWrites:
    """The long writes of one process."""

    def __init__(self, engine: Engine, store: Store) -> None:
        """Nothing is done yet.

        Args:
            engine: runs the transactions.
            store: that they write to.
        """
        self._engine = engine
        self._store = store
        self._new_id = engine.new_id
        self._one = asyncio.Lock()
        self._cleaning: set[asyncio.Task[None]] = set()
        self.are_staged: Final = not store.capabilities.has_many_writers

    def begin(self) -> None:
        """Begins to take away what a killed process has left."""
        if self.are_staged:
            self._soon(self._clean())

    async def write(
        self, pieces: Iterator[list[Piece]], switch: Switch, caller: Caller, orders: Orders | None = None
    ) -> bool:
        """Writes new rows, and switches them in together with other changes.

        Args:
            pieces: rows for one transaction each; what comes first is referred to by what comes later. Advanced on
                another thread.
            switch: called in the last transaction. If it returns False, nothing has happened.
            caller: who writes.
            orders: of the records among the rows.

        Returns:
            What `switch` returned.

        Raises:
            Refused: as by `Engine.transact`; nothing has happened then.
        """
        owner = self._new_id()
        async with self._one:
            await self._begin(owner, caller, orders)
            switched = False
            try:
                await self._stage(owner, pieces, caller)
                switched = await self._engine.transact(lambda tx: _switch(tx, owner, switch), caller)
            finally:
                # Also where the caller has gone: then nobody waits for it.
                if not switched:
                    self._soon(self._drop(owner))
        if not switched:
            await asyncio.gather(*self._cleaning, return_exceptions=True)
        return switched

    async def _begin(self, owner: Id, caller: Caller, orders: Orders | None) -> None:
        while True:
            present = await self._engine.transact(lambda tx: begin_staging(tx.connection, owner, orders), caller)
            if present is None:
                return
            await self._await_end(present)

    async def _stage(self, owner: Id, pieces: Iterator[list[Piece]], caller: Caller) -> None:
        count = 0
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            await self._engine.transact(lambda tx, piece=piece: _stage(tx, owner, piece), caller)  # type: ignore[misc]
            count += 1
            if count % _PIECES_BETWEEN_CHECKPOINTS == 0:
                await asyncio.to_thread(self._store.checkpoint)
        await asyncio.to_thread(self._store.checkpoint)

    async def _await_end(self, seen: Staging) -> None:
        """Returns once another import has ended, or has been taken away since it has not moved."""
        looks_left = LEFT_AFTER_SECONDS / _LOOK_SECONDS
        while looks_left > 0:
            await asyncio.sleep(_LOOK_SECONDS)  # another process writes it: there is nothing to wait for
            present = await self._engine.read(read_staging)
            if present is None:
                return
            looks_left = looks_left - 1 if present == seen else LEFT_AFTER_SECONDS / _LOOK_SECONDS
            seen = present
        owner = self._new_id()
        if await self._engine.transact(lambda tx: take_over(tx.connection, seen, owner), Itself()):
            _log.info("staged_import_left", owner=seen.owner.hex())
            await self._drop(owner)

    async def _clean(self) -> None:
        async with self._one:
            while (present := await self._engine.read(read_staging)) is not None:
                await self._await_end(present)

    async def _drop(self, owner: Id) -> None:
        """Takes away what an owner has staged, if it was not switched in."""
        while not await self._engine.transact(lambda tx: _drop(tx, owner), Itself()):
            pass

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._cleaning.add(task)
        task.add_done_callback(self._cleaned)

    def _cleaned(self, task: asyncio.Task[None]) -> None:
        """Where it failed, the store cannot be used, or the server ends: the next import or start goes on with it."""
        self._cleaning.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("staged_import_left", error=str(error))


def _stage(tx: Transaction, owner: Id, pieces: list[Piece]) -> None:
    if not take_turn(tx.connection, owner):
        raise Refused(Contention())
    stage(tx.connection, pieces)


def _switch(tx: Transaction, owner: Id, switch: Switch) -> bool:
    if not take_turn(tx.connection, owner):
        raise Refused(Contention())
    with tx.connection.begin_nested() as changes:
        if not switch(tx):
            changes.rollback()
            tx.effects.clear()
            return False
    switch_in(tx.connection)
    return True


def _drop(tx: Transaction, owner: Id) -> bool:
    return not take_turn(tx.connection, owner) or drop_piece(tx.connection, ROWS_AT_ONCE)
