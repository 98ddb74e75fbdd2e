"""Runs the same stock movements with Lotkeeper and with Tryton's stock modules, on one PostgreSQL, in one run.

python -m bench.peers [--rounds 3] [--seconds 4] [--clients 8] [--lotkeeper-on sqlite]
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import grpc
import psycopg
from lotkeeper import Client, LotkeeperError

from bench.peers.measuring import ClientRun, Comparison, Contender, Load, drive_threads, run
from bench.peers.tryton import Tryton, TrytonModels, TrytonRpc, install, versions
from tests.database_process import free_ports
from tests.plants import ServedPlant
from tests.postgresql import PostgresServer
from tests.server_process import ServerProcess

LOTS: Final = tuple(f"LOT-{number}" for number in range(8))
STOCK: Final = 1_000_000
WARM_UP: Final = 2  # times a run: a process of Tryton fills its caches in its first movements
REPORT: Final = Path(__file__).parents[1] / "report"


class Lotkeeper:
    """Lotkeeper by its Python client over gRPC: one Execute a movement."""

    name = "Lotkeeper"

    def __init__(self, server: ServerProcess) -> None:
        self._server = server
        with Client(server.address, token=server.token) as client:
            plant = ServedPlant(client)
            self._silo = plant.silo.id
            self._lots, self._operations = {}, {}
            for name in LOTS:
                material = plant.material(name).id
                self._lots[name] = plant.lot(name, material_id=material).id
                for movement in ("consume", "produce"):
                    operation = plant.operation(movement.upper(), material_id=material)
                    self._operations[movement, name] = operation.id
                client.execute_inventory_operation(self._operations["produce", name], self._lots[name], STOCK)

    def drive(self, load: Load, seconds: float, seed: int) -> list[ClientRun]:
        """All clients at once, each for so long."""
        return drive_threads(lambda: self._client(load), load, seconds, seed)

    @contextmanager
    def _client(self, load: Load) -> Iterator[Callable[[str], bool]]:
        with Client(self._server.address, token=self._server.token) as client:

            def move(lot: str) -> bool:
                operation = self._operations[load.movement, lot]
                try:
                    client.execute_inventory_operation(operation, self._lots[lot], 1.0)
                except LotkeeperError:
                    return False
                return True

            yield move

    def stock(self) -> Mapping[str, float]:
        """What there is, by lot."""
        with Client(self._server.address, token=self._server.token) as client:
            rows = client.list_inventory(location_id_or_path=self._silo, include_empty=True)
            return {row.inventory_lot_name: row.quantity for row in rows}


class Floor:
    """Not a product: a checked change of one row and the insert of another, one transaction through psycopg."""

    name = "psycopg alone"

    def __init__(self, postgres: PostgresServer, database: str) -> None:
        self._connect = partial(postgres.connect, database)
        with self._connect() as session:
            session.execute("CREATE TABLE stock (lot text PRIMARY KEY, quantity bigint NOT NULL)")
            session.execute(
                "CREATE TABLE movement (id bigserial PRIMARY KEY, lot text NOT NULL REFERENCES stock,"
                " quantity bigint NOT NULL, moved timestamptz NOT NULL DEFAULT now())"
            )
            for lot in LOTS:
                session.execute("INSERT INTO stock VALUES (%s, %s)", [lot, STOCK])

    def drive(self, load: Load, seconds: float, seed: int) -> list[ClientRun]:
        """All clients at once, each for so long."""
        return drive_threads(lambda: self._client(load), load, seconds, seed)

    @contextmanager
    def _client(self, load: Load) -> Iterator[Callable[[str], bool]]:
        change = 1 if load.movement == "produce" else -1
        with self._connect() as session:

            def move(lot: str) -> bool:
                with session.transaction():
                    changed = session.execute(
                        "UPDATE stock SET quantity = quantity + %s WHERE lot = %s AND quantity + %s >= 0",
                        [change, lot, change],
                    )
                    if changed.rowcount != 1:
                        return False
                    session.execute("INSERT INTO movement (lot, quantity) VALUES (%s, %s)", [lot, change])
                return True

            yield move

    def stock(self) -> Mapping[str, float]:
        """What there is, by lot."""
        with self._connect() as session:
            return {lot: float(quantity) for lot, quantity in session.execute("SELECT lot, quantity FROM stock")}


def loads(clients: int) -> list[Load]:
    """One client, several on eight lots, several on one."""
    return [
        Load(movement, many, lots)
        for movement in ("consume", "produce")
        for many, lots in ((1, LOTS), (clients, LOTS), (clients, LOTS[:1]))
    ]


def compare(contenders: list[Contender], clients: int, rounds: int, seconds: float) -> Comparison:
    """A warm-up of all clients of each contender, then rounds in which each contender runs under each load."""
    comparison = Comparison([one.name for one in contenders], _versions(), "python -m bench.peers")
    for contender in contenders:
        for load in loads(clients):
            if load.lots == LOTS and load.clients == clients:
                _say(f"warm-up: {contender.name}, {load}")
                contender.drive(load, seconds * WARM_UP, seed=0)
    for turn in range(1, rounds + 1):
        for load in loads(clients):
            for contender in contenders:
                one = run(contender, load, seconds, seed=turn * 1_000)
                comparison.add(load, contender.name, one)
                _say(
                    f"round {turn}: {load}: {contender.name} {one.per_second:,.4g}/s,"
                    f" {one.failed} failed, {one.lost:g} lost"
                )
    return comparison


def _versions() -> dict[str, str]:
    head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return {
        "lotkeeper": head.stdout.strip(),
        **versions(),
        "grpcio": grpc.__version__,
        "psycopg": psycopg.__version__,
        "python": platform.python_version(),
        "cores": str(os.cpu_count()),
        "load average before": f"{os.getloadavg()[0]:.1f}",
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each contender under each load")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of one run")
    parser.add_argument("--clients", type=int, default=8, help="how many there are when there are several")
    parser.add_argument("--lotkeeper-on", choices=["postgresql", "sqlite"], default="postgresql", help="its store")
    arguments = parser.parse_args()
    _say("the peer's environment")
    install()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres = stack.enter_context(PostgresServer())
        url = f"sqlite:///{folder}/store.db"
        if arguments.lotkeeper_on == "postgresql":
            url = postgres.create_database("lotkeeper")
        server = stack.enter_context(ServerProcess(folder, ("--log-level", "error"), database_url=url))
        postgres.create_database("floor")
        postgres.create_database("tryton")
        _say("Tryton's modules")
        uri = f"postgresql://postgres@127.0.0.1:{postgres.port}/"
        tryton = stack.enter_context(Tryton(uri, "tryton", folder))
        tryton.start(arguments.clients, len(LOTS), STOCK)
        rpc = TrytonRpc(tryton, free_ports(1)[0], folder)
        stack.callback(rpc.close)
        rpc.log_in()
        contenders: list[Contender] = [Lotkeeper(server), TrytonModels(tryton), rpc, Floor(postgres, "floor")]
        comparison = compare(contenders, arguments.clients, arguments.rounds, arguments.seconds)
        server.verify()
        with postgres.connect() as session:
            [(version,)] = session.execute("SHOW server_version")
            comparison.versions["postgresql"] = version
    comparison.versions["lotkeeper's store"] = arguments.lotkeeper_on
    comparison.command = " ".join(["python -m bench.peers", *sys.argv[1:]])
    REPORT.mkdir(exist_ok=True)
    (REPORT / "peers.json").write_text(json.dumps(comparison.document(), indent=2))
    text = comparison.markdown() + "\n"
    (REPORT / "peers.md").write_text(text)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
