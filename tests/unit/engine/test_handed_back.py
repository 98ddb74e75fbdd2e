"""Who answers the calls of a batch: on a thread of its own the engine leaves many to whoever brings calls."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lotkeeper_server.domain.commands import Cancel
from lotkeeper_server.engine.engine import HANDED_BACK_MIN, Engine
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.schema.migrating import migrate

from tests.plant import new_id
from tests.unit.engine.scripted import Call


class BroughtCall(Call):
    """A call whose thread does what it is given only when the test says so."""

    given: list[Callable[[], None]]

    def on_bringing_thread(self, work: Callable[[], None]) -> None:
        self.given.append(work)


class LostCall(Call):
    """A call whose thread takes no work."""

    def on_bringing_thread(self, work: Callable[[], None]) -> None:
        raise RuntimeError(work)


def _confirm(_snapshot: Any, _caller: Any) -> None:
    return


@pytest.mark.parametrize(("count", "works"), [(HANDED_BACK_MIN - 1, 0), (HANDED_BACK_MIN, 1)])
async def test_many_answers_are_left_to_the_thread_that_brings_calls(tmp_path: Path, count: int, works: int) -> None:
    store = Store(f"sqlite:///{tmp_path}/store.db")
    migrate(store)
    engine = Engine(store, _confirm)
    given: list[Callable[[], None]] = []
    calls = [BroughtCall(Cancel("me", new_id())) for _ in range(count)]
    for call in calls:
        call.given = given
        engine.submit(call)
    engine.when_quiet()
    engine.when_quiet()
    await engine.close()
    assert len(given) == works
    assert {call.outcome for call in calls} == ({"waits"} if works else {"INVENTORY_OPERATION_NOT_FOUND"})
    for work in given:
        work()
    assert {call.outcome for call in calls} == {"INVENTORY_OPERATION_NOT_FOUND"}
    store.close()


async def test_where_they_cannot_be_left_to_it_they_are_answered_all_the_same(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/store.db")
    migrate(store)
    engine = Engine(store, _confirm)
    calls = [LostCall(Cancel("me", new_id())) for _ in range(HANDED_BACK_MIN)]
    for call in calls:
        engine.submit(call)
    engine.when_quiet()
    engine.when_quiet()
    await engine.close()
    assert {call.outcome for call in calls} == {"INVENTORY_OPERATION_NOT_FOUND"}
    store.close()
