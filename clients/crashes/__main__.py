"""Has a client execute while its server is killed, and audits: `python -m clients.crashes --client COMMAND`."""

from __future__ import annotations

import argparse
import os
import queue
import random
import secrets
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lotkeeper import Client
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.schema.tables import inventory_lot_record
from sqlalchemy import func, select

from clients.crashes.audit import LOTS, Plant, Told
from tests.server_process import ServerProcess

CALLS: Final = 400
IN_FLIGHT: Final = 40
PROGRAM_SECONDS: Final = 120.0
SETTLED_SECONDS: Final = 0.2
"""How long after a kill a program may need to tell what it had been answered before."""
CHOICE_SECONDS: Final = 0.04
"""The same, while a moment for a kill is looked for."""
CHOICE_CALLS: Final = 100
"""Within so many calls a kill comes, wherever they stand then."""
RUN_SECONDS_MAX: Final = 0.004
"""How long the server runs between two looks, by chance: less than a batch is under way."""
ROUNDS_MAX: Final = 8
OF_TESTS: Final = {"LOTKEEPER_TEST_STORE", "LOTKEEPER_TRANSPORT"}
"""Variables that choose what is tested."""


class Failed(Exception):
    """What is wrong, in a few lines."""


@dataclass(frozen=True)
class Plan:
    """One way to lose the server.

    Attributes:
        name: in a word.
        timeout_seconds: of each call.
        kills_after: after so many calls that have ended, one after the other.
        away_seconds: how long the server is away each time, and the time it takes to start.
        all_acknowledged: whether the deadline is long enough for every call to come to its answer.
    """

    name: str
    timeout_seconds: float
    kills_after: tuple[int, ...]
    away_seconds: float
    all_acknowledged: bool


PATIENT: Final = Plan("patient", 90.0, (20, 140, 260), 0.0, all_acknowledged=True)
HASTY: Final = Plan("hasty", 1.5, (100,), 1.6, all_acknowledged=False)


@dataclass
class Round:
    """What one run of the program came to.

    Attributes:
        told: by the program.
        kills: of the server.
        unheard: records that were durable at a kill, and whose calls had no answer yet.
    """

    told: Told
    kills: int = 0
    unheard: int = 0


class Crashes:
    """A server on a store, and a client's program on it."""

    def __init__(self, server: ServerProcess, command: Sequence[str], chance: random.Random) -> None:
        """Starts nothing.

        Args:
            server: that runs.
            command: starts the program.
            chance: when exactly the server is killed.
        """
        self._server, self._command, self._chance = server, command, chance

    def run(self, plan: Plan) -> Round:
        """One run of the program, audited.

        Raises:
            Failed: where a call does not count as it was told.
        """
        with Client(self._server.address, token=self._server.token, timeout_seconds=60.0) as client:
            plant, first_millis = Plant(client), int(time.time() * 1_000) - 3_600_000
            with closing(Store(self._server.database_url)) as store:
                before = _records(store)
            process = self._started(plan, plant, first_millis)
            try:
                done = self._lose(process, plan, before)
            finally:
                process.kill()
                process.wait()
            wrong = plant.differences(done.told, CALLS, first_millis)
        if process.returncode:
            wrong.insert(0, f"the program ended with {process.returncode}")
        if plan.all_acknowledged and done.told.errors:
            number, error = next(iter(done.told.errors.items()))
            wrong.append(f"{len(done.told.errors)} calls were given up before their deadline: {number} with {error}")
        if wrong:
            raise Failed("\n  ".join([f"{plan.name}: after {done.kills} kills", *wrong[:20]]))
        return done

    def _started(self, plan: Plan, plant: Plant, first_millis: int) -> subprocess.Popen[str]:
        mine = {**os.environ, "LOTKEEPER_ADDRESS": self._server.address, "LOTKEEPER_TOKEN": self._server.token}
        order = [plant.operation_id, CALLS, IN_FLIGHT, plan.timeout_seconds, first_millis, *plant.lots]
        return subprocess.Popen(  # noqa: S603 - the caller's own command
            [*self._command, *map(str, order)], env=mine, stdout=subprocess.PIPE, text=True
        )

    def _lose(self, process: subprocess.Popen[str], plan: Plan, before: int) -> Round:
        """Reads what the program tells, and kills the server meanwhile."""
        lines = queue.SimpleQueue[str | None]()
        threading.Thread(target=_read, args=(process, lines), daemon=True).start()
        done, ended, kills = Round(Told()), 0, list(plan.kills_after)
        end = time.monotonic() + PROGRAM_SECONDS
        while True:
            try:
                line = lines.get(timeout=max(end - time.monotonic(), 0.0))
            except queue.Empty:
                raise Failed(f"{plan.name}: the program has not ended in {PROGRAM_SECONDS:g} s") from None
            if line is None:
                process.wait(PROGRAM_SECONDS)
                return done
            done.told.add(line)
            ended += 1
            if not kills or ended < kills[0] or ended + lines.qsize() >= CALLS:
                continue
            kills.pop(0)
            done.unheard += self._kill(before + len(done.told.records), lines.qsize)
            done.kills += 1
            time.sleep(plan.away_seconds)
            self._server.start()

    def _kill(self, known: int, told: Callable[[], int]) -> int:
        """Kills the server, if it can be at a moment where records are durable whose callers have no answer yet.

        A process that is stopped does nothing until it is killed: so the kill meets it where it was stopped.

        Args:
            known: how many records the store had before, and by the lines that were read.
            told: how many lines the program has written since then.

        Returns:
            How many callers were to miss their answer.
        """
        latest = told() + CHOICE_CALLS
        with closing(Store(self._server.database_url)) as store:
            while True:
                time.sleep(self._chance.uniform(0.0, RUN_SECONDS_MAX))
                self._server.pause()
                if _records(store) - known - told() > 0:
                    time.sleep(CHOICE_SECONDS)
                if _records(store) - known - told() > 0 or told() >= latest:
                    break
                self._server.resume()
            self._server.kill()
            time.sleep(SETTLED_SECONDS)
            return max(_records(store) - known - told(), 0)


def _records(store: Store) -> int:
    """How many records a store has."""
    with store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(inventory_lot_record)).scalar_one())


def _read(process: subprocess.Popen[str], lines: queue.SimpleQueue[str | None]) -> None:
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            lines.put(line)
    lines.put(None)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 where every call counts as it was told."""
    parser = argparse.ArgumentParser(prog="python -m clients.crashes", description=__doc__)
    parser.add_argument("--client", metavar="COMMAND", required=True, help="starts the client's program")
    parser.add_argument("--seed", metavar="N", type=int, default=None, help="of the kills' moments")
    given = parser.parse_args(arguments)
    for name in [name for name in os.environ if name.startswith("LOTKEEPER_") and name not in OF_TESTS]:
        del os.environ[name]  # what a shell has set for other clients and servers
    seed = secrets.randbits(32) if given.seed is None else given.seed
    try:
        with tempfile.TemporaryDirectory(prefix="lotkeeper-crashes-") as folder, ServerProcess(Path(folder)) as server:
            crashes = Crashes(server, shlex.split(given.client), random.Random(seed))  # noqa: S311 - no secret
            for plan in (PATIENT, HASTY):
                _prove(crashes, plan)
            server.verify()
    except Failed as failed:
        print(f"FAIL  seed {seed}: {failed}")
        return 1
    return 0


def _prove(crashes: Crashes, plan: Plan) -> None:
    """Runs a plan until its kills have met calls under way, and prints what came of it.

    Raises:
        Failed: where a call does not count as it was told, or nothing was proven.
    """
    for _ in range(ROUNDS_MAX):
        done = crashes.run(plan)
        acknowledged, unknown = len(done.told.records), len(done.told.errors)
        print(
            f"ok    {plan.name}: {CALLS} calls on {LOTS} lots, {done.kills} kills: {acknowledged} acknowledged, each "
            f"counts once; {unknown} unknown, none counts twice; {done.unheard} were durable at a kill and unanswered",
            flush=True,
        )
        if done.kills and (done.unheard if plan.all_acknowledged else unknown):
            return
    raise Failed(f"{plan.name}: in {ROUNDS_MAX} runs no kill met a call under way, so nothing was proven")


if __name__ == "__main__":
    sys.exit(main())
