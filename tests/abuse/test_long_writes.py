"""Long writes on the embedded store: nobody waits for them, nobody sees a half, and kill -9 leaves nothing or all."""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest
from lotkeeper import Client, LotkeeperError
from lotkeeper.inventory.v1 import master_data_pb2
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.staged.staging import read_staging

from tests import stores
from tests.exchange import CSV, JSON, Exchange
from tests.exchange_at_size import csv_pieces
from tests.plant_at_size import apply, document
from tests.plants import ServedPlant
from tests.server_process import ServerProcess
from tests.watchers import SteadyWatcher

pytestmark = pytest.mark.skipif(stores.kind() != "sqlite", reason="other stores have many writers")

WAIT_SECONDS_MAX = 0.25
"""How long an Execute or a Save may wait for somebody else's import."""
TRIES = 4
ALONE_SECONDS = 3
ENTRIES = 6_000
DEFINITIONS = 6_000
SEED = 20_261_129
KILLS = 4
LEFT_SECONDS_MAX = 20


class Callers:
    """Honest callers: one executes, one saves, each again and again; and whoever looks in between.

    Attributes:
        waits_seconds: how long each call took.
        looks: what was seen, each time.
        executed: how many calls of Execute were answered.
    """

    def __init__(self, server: ServerProcess, look: Callable[[Client], object] | None = None) -> None:
        self._server = server
        self._look = look
        # Another principal: one may have only one document of a plant in progress.
        created = server.run("token", "create", "--name", f"looker {time.monotonic_ns()}", "--role", "admin")
        self._looker_token = created.stdout.strip()
        self._over = threading.Event()
        self.waits_seconds: list[float] = []
        self.looks: list[object] = []
        self.executed = 0
        with Client(server.address, token=server.token) as client:
            self._operation = ServedPlant(client).operation("PRODUCE", primary_lot_resolution_strategy=0).id

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """They call while the block runs."""
        self._over.clear()
        works = [self._execute, self._save, *([self._see] if self._look else [])]
        with ThreadPoolExecutor(len(works)) as pool:
            running = [pool.submit(work) for work in works]
            try:
                yield
            finally:
                self._over.set()
            for one in running:
                one.result()

    def _execute(self) -> None:
        with self._client() as client:
            while not self._over.is_set():
                self._timed(lambda: client.execute_inventory_operation(self._operation, "L", 1.0))
                self.executed += 1

    def _save(self) -> None:
        with self._client() as client:
            for number in itertools.count():
                if self._over.wait(0.01):
                    break
                name = f"Honest {time.monotonic_ns()} {number}"
                self._timed(lambda name=name: client.save_location(master_data_pb2.Location(name=name)))  # type: ignore[misc]

    def _see(self) -> None:
        assert self._look is not None
        with Client(self._server.address, token=self._looker_token, timeout_seconds=60) as client:
            while not self._over.wait(0.02):
                self.looks.append(self._look(client))

    def _timed(self, call: Callable[[], object]) -> None:
        began = time.monotonic()
        call()
        self.waits_seconds.append(time.monotonic() - began)

    def _client(self) -> Client:
        return Client(self._server.address, token=self._server.token, timeout_seconds=60)


def numbered(data: bytes, number: int) -> bytes:
    """A document of other things for each number; its first unit is the same."""
    return data.replace(b'"Part ', b'"Part %d-' % number).replace(b'"Bin ', b'"Bin %d-' % number)


def seen_of_plant(client: Client) -> tuple[int, ...]:
    """How much of each section of the document an export shows."""
    exported = json.loads(b"".join(client.export_master_data(export_format=JSON, include_lots=True)))
    with_prefix = {
        section: sum(str(entry.get(field, "")).startswith(prefix) for entry in exported.get(section) or [])
        for section, field, prefix in (
            ("materials", "name", "Part "),
            ("locations", "name", "Bin "),
            ("lots", "name", "L-"),
            ("inventory", "lot", "L-"),
        )
    }
    return tuple(with_prefix.values())


def staged(server: ServerProcess) -> bool:
    with closing(Store(server.database_url)) as store, store.read() as connection:
        return read_staging(connection) is not None


def test_nobody_waits_for_a_plant_and_nobody_sees_a_half(own_server: ServerProcess) -> None:
    """Lists, exports, executions and saves go on; the watch has each record once."""
    quarter = ENTRIES // 4
    callers = Callers(own_server, seen_of_plant)

    def once(number: int) -> None:
        executed = callers.executed
        with (
            Client(own_server.address, token=own_server.token, timeout_seconds=60) as client,
            SteadyWatcher(own_server.address, own_server.token) as watcher,
        ):
            with callers.at_work():
                answer = apply(client, numbered(document(ENTRIES), number))
                time.sleep(0.3)
            records = watcher.seen(quarter + callers.executed - executed)
        assert answer.created == 4 * quarter + (number == 0)
        assert callers.looks
        assert set(callers.looks) <= {(number * quarter,) * 4, ((number + 1) * quarter,) * 4}
        opened = [record.inventory_lot_name for record in records if record.inventory_lot_name != "L"]
        assert len(records) == len({record.id for record in records}) == quarter + callers.executed - executed
        assert sorted(opened) == sorted(f"L-{number}" for number in range(quarter))

    nobody_waits(callers, once)
    own_server.verify()


def test_nobody_waits_for_an_import_of_definitions_and_nobody_sees_a_half(own_server: ServerProcess) -> None:
    """An export has none of them, or all."""

    def look(_client: Client) -> int:
        with Exchange(own_server) as exchange:
            return exchange.give(CSV).count(b"Filler ")

    callers = Callers(own_server, look)
    with Client(own_server.address, token=own_server.token) as client, Exchange(own_server) as exchange:
        plant = ServedPlant(client)

        def once(number: int) -> None:
            place = plant.location(f"Line {number}").path
            with callers.at_work():
                answer = exchange.take_in(csv_pieces(plant, [place], DEFINITIONS))
                time.sleep(0.3)
            assert answer.created == DEFINITIONS
            assert callers.looks
            assert set(callers.looks) <= {number * DEFINITIONS, (number + 1) * DEFINITIONS}

        nobody_waits(callers, once)


def nobody_waits(callers: Callers, once: Callable[[int], None]) -> None:
    """Fails if somebody waited long each time, beyond what a busy machine adds: that is there without an import, too.

    Args:
        callers: who call while it is done.
        once: does it; told how often it was done before.
    """
    seen_seconds = []
    for number in range(TRIES):
        callers.waits_seconds.clear()
        with callers.at_work():
            time.sleep(ALONE_SECONDS)
        alone_seconds = max(callers.waits_seconds)
        callers.waits_seconds.clear()
        callers.looks.clear()
        once(number)
        longest_seconds = max(callers.waits_seconds)
        if longest_seconds < WAIT_SECONDS_MAX + alone_seconds:
            return
        seen_seconds.append((alone_seconds, longest_seconds))
    pytest.fail(f"the longest waits were {seen_seconds}, without an import and with one")


def test_kill_9_at_any_moment_leaves_nothing_or_all_of_a_plant(own_server: ServerProcess) -> None:
    """What is left is taken away after the start, and the document applies to what is there."""
    kill_again_and_again(own_server, random.Random(SEED), KILLS, ENTRIES)


def kill_again_and_again(server: ServerProcess, chance: random.Random, kills: int, entries: int) -> None:
    """Kills a server that applies a document, at random moments; then lets it be applied.

    Args:
        server: is running.
        chance: chooses the moments.
        kills: how often.
        entries: of the document.
    """
    quarter, applied_seconds = entries // 4, 2.0
    for number in range(kills):
        data = numbered(document(entries), number)
        began = time.monotonic()
        applying = threading.Thread(target=_apply_until_killed, args=(server, data))
        applying.start()
        time.sleep(chance.uniform(0.2, 1.1) * applied_seconds)
        server.kill()
        applying.join()
        server.start()
        server.verify()
        with Client(server.address, token=server.token, timeout_seconds=60) as client:
            before = _of_document(client, number)
            assert before in {(0, 0), (quarter, quarter)}, f"seed {SEED}, kill {number}: {before}"
            _wait_until(lambda: not staged(server))
            assert _of_document(client, number) == before
            answer = apply(client, data)
            applied_seconds = min(applied_seconds, time.monotonic() - began)
            assert answer.created + answer.unchanged == 4 * quarter + 1
            assert _of_document(client, number) == (quarter, quarter)
        server.verify()


def _apply_until_killed(server: ServerProcess, data: bytes) -> None:
    with Client(server.address, token=server.token, timeout_seconds=60) as client:
        try:
            apply(client, data)
        except LotkeeperError:
            return


def _of_document(client: Client, number: int) -> tuple[int, int]:
    exported = json.loads(b"".join(client.export_master_data(export_format=JSON, include_lots=True)))
    locations = [one for one in exported.get("locations") or [] if one["name"].startswith(f"Bin {number}-")]
    stock = [one for one in exported.get("inventory") or [] if one["location"].startswith(f"Bin {number}-")]
    return len(locations), len(stock)


def _wait_until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + LEFT_SECONDS_MAX
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_document_with_one_wrong_entry_leaves_nothing(own_server: ServerProcess) -> None:
    """It is refused with the entry's place, before anything is staged."""
    data = json.loads(document(ENTRIES))
    data["inventory"][-1]["location"] = "Nowhere"
    with Client(own_server.address, token=own_server.token, timeout_seconds=60) as client:
        with pytest.raises(LotkeeperError) as caught:
            apply(client, json.dumps(data).encode())
        assert caught.value.field_violations[0].field == f"inventory[{ENTRIES // 4 - 1}].location"
        assert seen_of_plant(client) == (0, 0, 0, 0)
    assert not staged(own_server)


def test_whoever_wants_a_name_that_is_being_imported_is_refused_or_finds_it(own_server: ServerProcess) -> None:
    """Never a second one, never half of one: the import goes on, and is told if the other was first."""
    data = document(ENTRIES)
    reasons = set()
    with (
        Client(own_server.address, token=own_server.token, timeout_seconds=60) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        applying = pool.submit(apply, client, data)
        while not applying.done():
            try:
                client.save_location(master_data_pb2.Location(name=f"Bin {ENTRIES // 4 - 1}"))
            except LotkeeperError as refused:
                reasons.add(refused.reason)
        assert applying.result().created + applying.result().unchanged == 4 * (ENTRIES // 4) + 1
    assert reasons <= {"CONTENTION", "NAME_TAKEN"}
    own_server.verify()
