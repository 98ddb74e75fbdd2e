"""Tryton's modules stock and stock_lot, installed from PyPI into their own environment, on a given PostgreSQL.

Two interfaces are driven. *Models*: client processes that call Tryton's models themselves, one transaction a movement;
no HTTP, one commit, the least that Tryton can do. *JSON-RPC*: Tryton's server under gunicorn, and what a program
outside of it must call, where each call is a transaction of its own.
"""

import base64
import http.client
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from bench.peers.measuring import ClientRun, Load, drive_threads

ROOT: Final = Path(__file__).parents[2]
REQUIREMENTS: Final = Path(__file__).parent / "requirements.txt"
ENVIRONMENT: Final = Path(__file__).parent / ".venv"
PACKAGES: Final = ("trytond", "trytond-stock", "trytond-stock-lot", "gunicorn")
START_SECONDS: Final = 60
CALL_SECONDS: Final = 60


class PeerFailed(Exception):
    """The peer was not installed, did not start, or broke off."""


def install() -> None:
    """The peer's environment, made or updated by uv.

    Raises:
        PeerFailed: uv is missing or could not.
    """
    uv = ROOT / ".tools" / "bin" / "uv"
    command = str(uv) if uv.exists() else "uv"
    if not ENVIRONMENT.exists():
        _run([command, "venv", "--quiet", "--python", sys.executable, ENVIRONMENT])
    _run([command, "pip", "sync", "--quiet", "--python", ENVIRONMENT, REQUIREMENTS])


def versions() -> dict[str, str]:
    """The pinned versions of the packages that matter."""
    pinned = dict(line.split("==") for line in REQUIREMENTS.read_text().splitlines() if "==" in line)
    return {name: pinned[name] for name in PACKAGES}


def _run(command: list[str | Path], environment: Mapping[str, str] | None = None) -> None:
    try:
        done = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
    except OSError as error:
        raise PeerFailed(f"{command[0]}: {error}") from error
    if done.returncode != 0:
        raise PeerFailed(f"{command[0]} ended with {done.returncode}: {done.stdout[-4_000:]}")


class Worker:
    """One client process of the models."""

    def __init__(self, database: str, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [ENVIRONMENT / "bin" / "python", "-m", "bench.peers.tryton_worker", database],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=ROOT,
        )

    def ask(self, name: str, **arguments: Any) -> None:
        """Sends a question."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([name, arguments]) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        """The answer to the question sent last.

        Raises:
            PeerFailed: the process ended; what it said is on standard error.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise PeerFailed("a client of Tryton's models ended")
        return json.loads(line)

    def close(self) -> None:
        """Ends the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


class Tryton:
    """A database with the modules, a company and lots in stock, and so many client processes on its models."""

    def __init__(self, server_uri: str, database: str, folder: Path) -> None:
        self.database, self._folder = database, folder
        self.password = secrets.token_urlsafe(16)
        self.environment = {**os.environ, "TRYTOND_DATABASE_URI": server_uri, "TRYTOND_DATABASE_NAMES": database}
        self.environment.pop("VIRTUAL_ENV", None)
        self.workers: list[Worker] = []
        self.plant: dict[str, Any] = {}

    def start(self, clients: int, lots: int, stock: float) -> None:
        """Activates the modules, starts the client processes and fills the stock.

        Raises:
            PeerFailed: Tryton could not.
        """
        password = self._folder / "tryton-password"
        password.write_text(self.password)
        _run(
            [
                *(ENVIRONMENT / "bin" / "trytond-admin", "-d", self.database, "-u", "stock_lot"),
                *("--activate-dependencies", "--email", "admin@example.com"),
            ],
            {**self.environment, "TRYTONPASSFILE": str(password)},
        )
        self.workers = [Worker(self.database, self.environment) for _ in range(clients)]
        for worker in self.workers:
            worker.answer()
        self.workers[0].ask("set_up", lots=lots, stock=stock)
        self.plant = self.workers[0].answer()

    def stock(self) -> dict[str, float]:
        """What is in the silo, by lot."""
        self.workers[0].ask("stock", plant=self.plant)
        quantities: dict[str, float] = self.workers[0].answer()
        return quantities

    def __enter__(self) -> "Tryton":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for worker in self.workers:
            worker.close()


class TrytonModels:
    """Tryton by its models: one process a client, one transaction a movement."""

    name = "Tryton, models"

    def __init__(self, tryton: Tryton) -> None:
        self._tryton = tryton
        self.stock = tryton.stock

    def drive(self, load: Load, seconds: float, seed: int) -> list[ClientRun]:
        """All clients at once, each for so long."""
        workers = self._tryton.workers[: load.clients]
        assert len(workers) == load.clients
        for number, worker in enumerate(workers):
            worker.ask(
                "run",
                plant=self._tryton.plant,
                movement=load.movement,
                lots=load.lots,
                seconds=seconds,
                seed=seed + number,
            )
        return [ClientRun(**worker.answer()) for worker in workers]


class TrytonRpc:
    """Tryton by JSON-RPC, served by gunicorn with a process a core and four threads in each.

    A rise is two calls, the move's `create` and `do`. The server allows `do` for a fall only after it is assigned, and
    assigns shipments only: so a fall is four calls, an internal shipment's `create`, `wait`, `assign_try` and `do`.
    """

    name = "Tryton, JSON-RPC"

    def __init__(self, tryton: Tryton, port: int, folder: Path) -> None:
        self._tryton, self._port = tryton, port
        self.stock = tryton.stock
        self._log = folder / "gunicorn.log"
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [
                    *(ENVIRONMENT / "bin" / "gunicorn", "trytond.application:app", "--bind", f"127.0.0.1:{port}"),
                    *("--worker-class", "gthread", "--workers", str(os.cpu_count() or 1), "--threads", "4"),
                ],
                env=tryton.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._authorization = ""

    def log_in(self) -> None:
        """Waits until the server answers, and begins a session.

        Raises:
            PeerFailed: it does not answer, or refuses.
        """
        deadline = time.monotonic() + START_SECONDS
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=CALL_SECONDS)
            try:
                user, session, _ = self._call(
                    connection, "common.db.login", "admin", {"password": self._tryton.password}
                )
            except OSError as error:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise PeerFailed(f"Tryton's server: {error}\n{self._log.read_text()[-4_000:]}") from error
                time.sleep(0.2)
            else:
                self._authorization = "Session " + base64.b64encode(f"admin:{user}:{session}".encode()).decode()
                return
            finally:
                connection.close()

    def drive(self, load: Load, seconds: float, seed: int) -> list[ClientRun]:
        """All clients at once, each for so long."""
        return drive_threads(lambda: self._client(load), load, seconds, seed)

    @contextmanager
    def _client(self, load: Load) -> Iterator[Callable[[str], bool]]:
        plant = self._tryton.plant
        context = {"company": plant["company"]}
        consumes = load.movement == "consume"
        ends = {
            "from_location": plant["silo" if consumes else "outside"],
            "to_location": plant["outside" if consumes else "silo"],
            "company": plant["company"],
        }

        def move(lot: str) -> bool:
            lot_id, product = plant["lots"][lot]
            values = {"product": product, "lot": lot_id, "unit": plant["unit"], "quantity": 1.0, **ends}
            model, buttons = "model.stock.move", ["do"]
            if consumes:
                values = {**ends, "moves": [["create", [values]]]}
                model, buttons = "model.stock.shipment.internal", ["wait", "assign_try", "do"]
            try:
                ids = self._call(connection, f"{model}.create", [values], context)
                for button in buttons:
                    self._call(connection, f"{model}.{button}", ids, context)
            except PeerFailed:
                return False
            return True

        with ExitStack() as stack:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=CALL_SECONDS)
            stack.callback(connection.close)
            yield move

    def _call(self, connection: http.client.HTTPConnection, method: str, *parameters: Any) -> Any:
        """A call's result; PeerFailed if Tryton refused."""
        headers = {"Content-Type": "application/json"}
        if self._authorization:
            headers["Authorization"] = self._authorization
        body = json.dumps({"id": 1, "method": method, "params": parameters})
        connection.request("POST", f"/{self._tryton.database}/rpc/", body, headers)
        response = connection.getresponse()
        answer = response.read()
        if response.status != http.HTTPStatus.OK:
            raise PeerFailed(f"{method}: {response.status} {answer[:1_000]!r}")
        document = json.loads(answer)
        if "error" in document:
            raise PeerFailed(f"{method}: {document['error']}")
        return document["result"]

    def close(self) -> None:
        """Ends the server."""
        self._process.terminate()
        try:
            self._process.wait(CALL_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
