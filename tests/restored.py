"""What a restore may do to callers and watchers: load before it, tokens from before it, and what they hear after it."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType

import pytest
from lotkeeper import Client, LotkeeperError

from tests.plants import ServedPlant
from tests.server_process import ServerProcess

WAIT_SECONDS = 60


@dataclass
class Producing:
    """Callers that produce 1 kg again and again until they are told to stop, or are refused.

    Attributes:
        ids: of the records that were acknowledged.
    """

    address: str
    token: str
    operation_id: str
    callers: int = 4
    ids: list[str] = field(default_factory=list)
    refusals: list[LotkeeperError] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _grown: threading.Condition = field(default_factory=threading.Condition)

    def __enter__(self) -> Producing:
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(self.callers)]
        for thread in self._threads:
            thread.start()
        return self

    def _run(self, number: int) -> None:
        with Client(self.address, token=self.token, timeout_seconds=10) as client:
            while not self._stopping.is_set():
                try:
                    record = client.execute_inventory_operation(
                        self.operation_id, f"L{number}", 1.0, request_id=uuid.uuid4().hex
                    )
                except LotkeeperError as error:
                    self.refusals.append(error)
                    return
                with self._grown:
                    self.ids.append(record.id)
                    self._grown.notify_all()

    def wait_for(self, more: int) -> None:
        """Returns once so many more records were acknowledged."""
        with self._grown:
            count = len(self.ids) + more
            assert self._grown.wait_for(lambda: len(self.ids) >= count, WAIT_SECONDS), self.refusals

    def end(self) -> None:
        """Stops; every call has ended."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(WAIT_SECONDS)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end()


def tokens_along_the_feed(server: ServerProcess, count: int) -> list[str]:
    """Tokens of a watch from the beginning: before the first record, and after each of the first few."""
    with Client(server.address, token=server.token) as client:
        watch = client.watch_inventory_lot_records(from_beginning=True)
        return [next(watch).resume_token for _ in range(count + 1)]


def latest_token(server: ServerProcess) -> str:
    """The token of a watch that has seen everything."""
    with Client(server.address, token=server.token) as client:
        return next(client.watch_inventory_lot_records()).resume_token


def expect_expired(server: ServerProcess, tokens: Sequence[str]) -> None:
    """A watch with any of these hears RESUME_TOKEN_EXPIRED, and not silence."""
    with Client(server.address, token=server.token) as client:
        for token in tokens:
            with pytest.raises(LotkeeperError) as refused:
                next(client.watch_inventory_lot_records(resume_token=token))
            assert refused.value.reason == "RESUME_TOKEN_EXPIRED"


def restored_under_load(
    server: ServerProcess, back_up: Callable[[], None], put_back: Callable[[], None], *, is_stopped: bool = True
) -> None:
    """Load and watchers, a backup in the middle of it, more load, a restore; then everything agrees, and all hear it.

    Args:
        server: serves.
        back_up: takes a backup of the serving store.
        put_back: restores it, while nothing serves.
        is_stopped: whether the server ends by SIGTERM before that.
    """
    with Client(server.address, token=server.token) as client:
        plant = ServedPlant(client)
        operation = plant.operation("PRODUCE")
    with Producing(server.address, server.token, operation.id) as producing:
        producing.wait_for(40)
        before = len(producing.ids)
        back_up()
        producing.wait_for(40)
        producing.end()
        assert producing.refusals == []
    tokens = [*tokens_along_the_feed(server, 5), latest_token(server)]
    assert server.terminate() == 0 or not is_stopped
    put_back()
    server.start()
    server.verify()
    with Client(server.address, token=server.token) as client:
        stored = [record.id for record in client.list_inventory_lot_records(page_size=1_000)]
        assert before <= len(stored) < len(producing.ids)
        assert set(stored) <= set(producing.ids)
        plant.client = client
        assert sum(plant.stock().values()) == len(stored)
        expect_expired(server, tokens)
        watch = client.watch_inventory_lot_records(from_beginning=True)
        seen = [next(watch) for _ in range(len(stored) + 1)]
        assert {message.inventory_lot_record.id for message in seen[1:]} == set(stored)
        client.execute_inventory_operation(operation.id, "after", 1.0)
        resumed = client.watch_inventory_lot_records(resume_token=seen[-1].resume_token)
        names = [next(resumed).inventory_lot_record.inventory_lot_name for _ in range(2)]
        assert [name for name in names if name] == ["after"]
