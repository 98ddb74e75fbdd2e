"""Figures on PostgreSQL, compared with pgbench on the same server: B2 and B6, and others that make sense."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from typing import Final

from bench import latency, throughput
from bench.figures import Omitted, Result, interleaved, ratio
from bench.served import CORES, EXECUTE, Bench, Conditions, plain_echo, plant_of_lots, rate, served
from tests.postgresql import PostgresServer

NAME: Final = "PostgreSQL"
PGBENCH_SCALE: Final = 10
PGBENCH_CLIENTS: Final = 8
SHARED_LOTS: Final = 100
PROCESSES: Final = 2
SUFFIX: Final = ", PostgreSQL"


def measure(conditions: Conditions) -> Iterator[Result]:
    """B2 and B6 with nothing pinned; the others with server and generator on a core each, PostgreSQL on both."""
    with PostgresServer() as postgres:
        if conditions.want("B2"):
            with served(f"{NAME}, nothing pinned", url=postgres.create_database("unpinned"), pinned=False) as bench:
                yield from _beside_pgbench(postgres, bench, plant_of_lots(bench), conditions)
                yield bench.audit()
        if any(map(conditions.want, ("B3", "B4", "B5", "B8"))):
            yield from _pinned(postgres, conditions)
        if conditions.want("B6"):
            yield from _processes(postgres, conditions)


def _pinned(postgres: PostgresServer, conditions: Conditions) -> Iterator[Result]:
    with served(NAME, url=postgres.create_database("pinned")) as bench, plain_echo() as plain:
        bodies = plant_of_lots(bench)
        yield from throughput.beside_plain_echo(bench, bodies, conditions, plain, SUFFIX)
        if conditions.want("B8"):
            yield from throughput.picking(bench, conditions, SUFFIX)
        if conditions.want("B4"):
            yield from latency.one_in_flight(
                bench, bodies, conditions, lambda: _durable_commits(postgres, conditions.seconds / 2), SUFFIX
            )
        yield bench.audit()


def _beside_pgbench(
    postgres: PostgresServer, bench: Bench, bodies: list[bytes], conditions: Conditions
) -> Iterator[Result]:
    what = f"Execute, 128 in flight over 8 connections, 1,000 lots, {bench.name}"
    pgbench = _pgbench_binary(postgres)
    if pgbench is None:
        yield Omitted("B2", what, "there is no pgbench here")
        return
    postgres.create_database("pgbench")
    _pgbench(postgres, pgbench, "-i", "-q", "-s", str(PGBENCH_SCALE))

    def transactions() -> float:
        seconds = str(max(1, round(conditions.seconds)))
        load = ("-M", "prepared", "-c", str(PGBENCH_CLIENTS), "-j", "1", "-n", "-T", seconds)
        found = re.search(r"^tps = ([\d.]+)", _pgbench(postgres, pgbench, *load), re.MULTILINE)
        assert found
        return float(found[1])

    execute = rate(bench, EXECUTE, bodies, conditions.seconds)
    found = interleaved(conditions.runs, {"Execute": execute, "pgbench": transactions})
    yield ratio(
        "B2",
        what,
        f"pgbench -M prepared -c {PGBENCH_CLIENTS} -j 1 -n, TPC-B at scale {PGBENCH_SCALE}, same server",
        found["Execute"],
        found["pgbench"],
        "/s",
    )


def _pgbench_binary(postgres: PostgresServer) -> str | None:
    beside = postgres.binaries / "pgbench"
    return str(beside) if beside.exists() else shutil.which("pgbench")


def _pgbench(postgres: PostgresServer, binary: str, *arguments: str) -> str:
    command = [binary, *arguments, "-h", "127.0.0.1", "-p", str(postgres.port), "-U", "postgres", "pgbench"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _durable_commits(postgres: PostgresServer, seconds: float) -> list[float]:
    """Seconds that each took: one row written and synced through the raw driver."""
    latencies = []
    with postgres.connect() as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS reference (payload BYTEA)")
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            begun = time.perf_counter()
            connection.execute("INSERT INTO reference VALUES (%b)", (latency.PAYLOAD,))
            latencies.append(time.perf_counter() - begun)
    return latencies


def _processes(postgres: PostgresServer, conditions: Conditions) -> Iterator[Result]:
    """B6: two processes want the same lots."""
    cores = len(CORES)
    what = f"{PROCESSES} processes on {NAME}, both on the same {SHARED_LOTS} lots, {cores} cores"
    with served(f"{NAME}, one process", url=postgres.create_database("one"), pinned=False) as one:
        if "--processes" not in one.server.run("serve", "--help").stdout:
            yield Omitted("B6", what, "this server has no --processes")
            return
        flags = ("--processes", str(PROCESSES))
        url = postgres.create_database("two")
        with served(f"{NAME}, {PROCESSES} processes", url=url, flags=flags, pinned=False) as two:
            several, alone = (
                rate(bench, EXECUTE, plant_of_lots(bench, SHARED_LOTS), conditions.seconds) for bench in (two, one)
            )
            found = interleaved(conditions.runs, {"several": several, "one": alone})
            yield ratio(
                "B6",
                what,
                "one process, same load",
                found["several"],
                found["one"],
                "/s",
                note="on two cores one process, PostgreSQL and the generator fill the machine" if cores <= 2 else "",
            )
            yield two.audit()
        yield one.audit()
