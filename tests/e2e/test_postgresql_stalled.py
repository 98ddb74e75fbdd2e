"""A server process is killed or frozen under load: the other one goes on, and what was frozen recovers by itself."""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import pytest
from lotkeeper import Client

from tests import stores
from tests.callers import Callers, Request, percentile
from tests.plants import ServedPlant
from tests.server_process import ServerProcess
from tests.site import Site
from tests.two_processes import two_processes

OWN_ROWS_SECONDS = 6.0
"""After which the rows that a frozen process holds are free again."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two processes on one store."""
    url = stores.migrated_postgresql_url()
    with two_processes(url, tmp_path_factory.mktemp("stalled")) as processes:
        yield Site(processes, url)


@contextmanager
def frozen(process: ServerProcess) -> Iterator[None]:
    """SIGSTOP, and SIGCONT at the end."""
    assert process.process is not None
    os.kill(process.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.process.pid, signal.SIGCONT)


def load_on(site: Site, process: ServerProcess, lots: list[str], **more: float) -> Callers:
    """Callers of one process, one a lot."""

    def request(number: int) -> Request:
        return Request(inventory_operation_id=site.operation.id, primary_lot_id_or_name=lots[number], quantity=1.0)

    timeout_seconds, repeats = more.get("timeout_seconds", 20.0), int(more.get("repeats", 0))
    made = Callers([process.address], process.token, request, len(lots), timeout_seconds, repeats)
    site.callers.append(made)
    return made


def test_kill_9_under_load_loses_and_doubles_nothing_and_stops_nobody(site: Site) -> None:
    """Of one of two that share every lot, three times; the other answers on within moments."""
    first, second = site.processes
    shared = [f"K{number}" for number in range(8)]
    for _ in range(3):
        with load_on(site, second, shared) as others, load_on(site, first, shared, timeout_seconds=3.0) as own:
            own.wait_for(30)
            time.sleep(random.uniform(0.0, 0.2))
            first.kill()
            killed_at = time.monotonic()
            own.stop()
            time.sleep(1.0)
            first.start()
        pause = longest_pause(others, killed_at, 1.0)
        sys.stdout.write(f"longest pause of the other {pause:.2f} s\n")
        assert pause < 2.0
        assert not others.reasons, others.reasons
    site.check()


def longest_pause(callers: Callers, since: float, seconds: float) -> float:
    """The longest time without any answer, in so many seconds from a moment on."""
    ends = [since, *sorted(o.ended for o in callers.acknowledged.values() if since < o.ended < since + seconds)]
    return max(later - earlier for earlier, later in zip(ends, [*ends[1:], since + seconds], strict=True))


def test_a_frozen_process_stops_others_at_its_own_rows_only_and_for_seconds_only(site: Site) -> None:
    """At random moments under load, many times: other rows are served at once, shared ones within seconds."""
    first, second = site.processes
    shared = [f"S{number}" for number in range(4)]
    apart = [f"A{number}" for number in range(4)]
    worst_apart = worst_shared = 0.0
    with (
        load_on(site, second, shared) as contended,
        load_on(site, second, apart) as free,
        load_on(site, first, shared, timeout_seconds=20.0) as own,
    ):
        for _ in range(6):
            own.wait_for(10)
            contended.wait_for(10)
            time.sleep(random.uniform(0.0, 0.1))
            with frozen(first):
                frozen_at = time.monotonic()
                time.sleep(0.5)
                while len({one.caller for one in contended.ended_after(frozen_at)}) < len(shared):
                    assert time.monotonic() < frozen_at + 15, "rows are held for ever"
                    time.sleep(0.02)
                worst_shared = max(worst_shared, time.monotonic() - frozen_at)
            during = [one.seconds for one in free.ended_after(frozen_at)]
            worst_apart = max(worst_apart, percentile(during, 99))
    sys.stdout.write(f"p99 at other rows {worst_apart:.2f} s, the same rows free after {worst_shared:.2f} s\n")
    assert worst_shared < OWN_ROWS_SECONDS
    assert worst_apart < 1.0
    for callers in (contended, free):
        assert not callers.reasons, callers.reasons
    site.check()


def test_a_request_that_a_frozen_process_has_begun_is_done_once_by_the_other(site: Site) -> None:
    """The caller gives up there and asks here under the same id, while the first one holds it; others are not held."""
    first, second = site.processes
    with Client(second.address, token=second.token) as client:
        for number in range(4):
            sent: list[str] = []

            def request(_caller: int, sent: list[str] = sent, number: int = number) -> Request:
                sent.append(uuid.uuid4().hex)
                return Request(
                    inventory_operation_id=site.operation.id,
                    primary_lot_id_or_name=f"Q{number}",
                    quantity=1.0,
                    request_id=sent[-1],
                )

            own = Callers([first.address], first.token, request, 4, timeout_seconds=20.0)
            site.callers.append(own)
            with own, load_on(site, second, ["FREE"]) as free:
                own.wait_for(20)
                time.sleep(random.uniform(0.0, 0.05))
                with frozen(first):
                    frozen_at = time.monotonic()
                    for request_id in sent[-4:]:
                        client.execute_inventory_operation(
                            site.operation.id, f"Q{number}", 1.0, request_id=request_id, timeout_seconds=15
                        )
                    settled = time.monotonic() - frozen_at
                slowest = percentile([one.seconds for one in free.ended_after(frozen_at)], 99)
                sys.stdout.write(f"settled after {settled:.2f} s, p99 of others {slowest:.2f} s\n")
                assert settled < OWN_ROWS_SECONDS
    stored = site.auditor.records_by_request()
    assert set(stored.values()) == {1}
    site.auditor.check_books()


def test_a_save_that_waits_behind_a_frozen_process_delays_no_execution(site: Site) -> None:
    """A raw session holds what every save needs; executions go on, and the save is done when it lets go."""
    _first, second = site.processes
    with (
        Client(second.address, token=second.token) as client,
        site.auditor.connect() as session,
        load_on(site, second, ["W1", "W2"]) as free,
    ):
        plant = ServedPlant(client)
        free.wait_for(10)
        session.execute("BEGIN")
        session.execute("SELECT * FROM store_state FOR UPDATE")
        since = time.monotonic()
        saving = threading.Thread(target=plant.location, args=("Late",))
        saving.start()
        time.sleep(2.5)
        during = [one.seconds for one in free.ended_after(since)]
        assert saving.is_alive()
        session.execute("ROLLBACK")
        saving.join(10)
        assert not saving.is_alive()
    sys.stdout.write(f"p99 of executions {percentile(during, 99):.3f} s\n")
    assert percentile(during, 99) < 0.5
    site.check()


def test_calls_at_different_locations_never_wait_for_each_other(site: Site) -> None:
    """A session holds a lot at one location for seconds, and an insert of another lot's name: all others go on."""
    _first, second = site.processes
    with (
        Client(second.address, token=second.token) as client,
        load_on(site, second, [f"D{number}" for number in range(4)]) as free,
    ):
        plant = ServedPlant(client)
        elsewhere = plant.operation("PRODUCE")
        plant.lot("HELD")
        free.wait_for(50)
        quiet = [one.seconds for one in free.ended_after(0.0)]

        def held_request(caller: int) -> Request:
            name = "HELD" if caller % 2 else "MADE"
            return Request(inventory_operation_id=elsewhere.id, primary_lot_id_or_name=name, quantity=1.0)

        with site.auditor.connect() as session:
            session.execute("BEGIN")
            session.execute("SELECT 1 FROM inventory_lot WHERE name = 'HELD' FOR UPDATE")
            copy_lot(session, "HELD", "MADE")
            since = time.monotonic()
            held = Callers([second.address], second.token, held_request, 4, timeout_seconds=20.0)
            site.callers.append(held)
            with held:
                time.sleep(4)
                assert not held.acknowledged
                during = [one.seconds for one in free.ended_after(since)]
                session.execute("ROLLBACK")
                held.wait_for(4)
    sys.stdout.write(
        f"p50 {percentile(quiet, 50):.3f} and p99 {percentile(quiet, 99):.3f} s before, "
        f"p50 {percentile(during, 50):.3f} and p99 {percentile(during, 99):.3f} s while held\n"
    )
    assert percentile(during, 99) < 0.5
    assert not free.reasons, free.reasons
    site.check()


def copy_lot(session: psycopg.Connection, name: str, new_name: str) -> None:
    """Makes a lot like another one, in this session's transaction."""
    columns = [
        row[0]
        for row in session.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'inventory_lot' "
            "AND column_name NOT IN ('id', 'name') ORDER BY 1"
        )
    ]
    listed = ", ".join(columns)
    session.execute(
        f"INSERT INTO inventory_lot (id, name, {listed}) SELECT %s, %s, {listed} FROM inventory_lot WHERE name = %s",  # type: ignore[arg-type]  # noqa: S608
        [uuid.uuid4().bytes, new_name, name],
    )


def test_a_process_that_is_frozen_while_it_numbers_the_feed_stops_it_for_seconds_only(site: Site) -> None:
    """A session named as the server's own takes the lease in a message sent by half, which no timeout ends."""
    _first, second = site.processes
    with (
        Client(second.address, token=second.token) as client,
        suppress(psycopg.OperationalError),  # it is ended, which its end finds out
        psycopg.connect(site.auditor.conninfo, application_name="lotkeeper") as stalled,
        stalled.pipeline(),
    ):
        stalled.execute("SELECT 1 FROM feed_lease FOR UPDATE")
        stalled.pgconn.send_flush_request()
        stalled.pgconn.flush()
        time.sleep(0.2)
        plant = ServedPlant(client)
        produce = plant.operation("PRODUCE")
        record = client.execute_inventory_operation(produce.id, "FED", 1.0)
        since = time.monotonic()
        watching = client.watch_inventory_lot_records(from_beginning=True, inventory_operation_id=produce.id)
        assert next(one for one in watching if one.inventory_lot_record.id == record.id)
        watching.close()
        waited = time.monotonic() - since
        sys.stdout.write(f"in the feed after {waited:.1f} s\n")
        assert waited < 10
