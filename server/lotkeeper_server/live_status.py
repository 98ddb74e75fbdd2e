"""What one process tells of itself to `lotkeeper-server status`."""

import asyncio
import os
import resource
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lotkeeper_server.domain.model.identifiers import LocationId, format_id
from lotkeeper_server.engine.clock import now_millis
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.observability.busiest import LOOK_SECONDS, Busiest
from lotkeeper_server.observability.call_log import Noted
from lotkeeper_server.observability.status_socket import StatusSocket
from lotkeeper_server.observability.watch_lags import WatchLags
from lotkeeper_server.rpc.gate.accounts import Accounts
from lotkeeper_server.rpc.gate.calls_in_progress import CallsInProgress
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.revision import HEAD_REVISION
from lotkeeper_server.store.db.store_url import store_name

SHOWN_MAX: Final = 10
"""So many principals, locations and watches are told of, the busiest and the latest."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked.

    Attributes:
        engine: for what waits.
        store: for its name and its connections.
        calls: those in progress.
        accounts: of principals.
        watches: all that there are.
        connections: how many there are.
        wait: why calls wait, by its numbers; None where they do not.
        refused: how often callers were not let in, by cause and principal.
    """

    engine: Engine
    store: Store
    calls: CallsInProgress
    accounts: Accounts
    watches: WatchLags
    connections: Callable[[], int]
    wait: Callable[[], dict[str, Any] | None]
    refused: Callable[[], dict[str, int]]


class LiveStatus:
    """Made, followed and asked on one event loop."""

    def __init__(self, asked: Asked, versions: dict[str, str]) -> None:
        """Knows nothing of before.

        Args:
            asked: what is asked.
            versions: of this program and what it stands on.
        """
        self._asked = asked
        self._version = versions["lotkeeper"]
        self._address = ""
        self._begun_millis = now_millis()
        self._principals: Busiest[str] = Busiest(asked.accounts.begun)
        self._locations: Busiest[LocationId] = Busiest(lambda: asked.engine.locations_written)
        self._lots: Busiest[str] = Busiest(lambda: asked.engine.waits_for_lots)
        self._refused: Busiest[str] = Busiest(asked.refused)
        self._usable: bool | None = None
        self._socket = StatusSocket(self)
        self._following: asyncio.Task[None] | None = None
        self._usable_since_seconds = time.monotonic()

    async def begin(self, address: str, folder: int) -> None:
        """Answers from now on, and looks now and then who is busy.

        Args:
            address: where calls are served.
            folder: the descriptor of the private folder in which it can be asked.
        """
        self._address = address
        self._following = asyncio.create_task(self._follow(), name="lotkeeper-status")
        await self._socket.begin(folder, store_name(self._asked.store.url))

    def close(self) -> None:
        """Ends it."""
        if self._following is not None:
            self._following.cancel()
        self._socket.close()

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self._principals.look()
            self._locations.look()
            self._lots.look()
            self._refused.look()

    def tell(self, usable: bool) -> None:
        """Whether the store can be used, from now on."""
        self._usable, self._usable_since_seconds = usable, time.monotonic()

    def __call__(self) -> dict[str, Any]:
        """What it is like now, of JSON's types; times end with their unit."""
        asked = self._asked
        load = asked.engine.load
        in_use = asked.store.connections_in_use
        return {
            "pid": os.getpid(),
            "address": self._address,
            "version": self._version,
            "schema": HEAD_REVISION,
            "store": store_name(asked.store.url),
            "begun_millis": self._begun_millis,
            "now_millis": now_millis(),
            "store_usable": self._usable,
            "store_seconds": round(time.monotonic() - self._usable_since_seconds, 1),
            "store_connections": {"reads": in_use[0], "writes": in_use[1]},
            "connections": asked.connections(),
            "calls_in_progress": asked.calls.count,
            "calls_waiting": load.calls_waiting,
            "calls_held": load.calls_held,
            "held_seconds": round(load.held_seconds, 3),
            "works_waiting": load.works_waiting,
            "reads_waiting": load.reads_waiting,
            "definitions_cached": load.definitions_cached,
            "oldest_call": self._oldest_call(),
            "wait": asked.wait(),
            "principals": [
                {"principal": name, "calls_per_second": round(rate, 2), "calls_in_progress": asked.accounts.calls(name)}
                for name, rate in self._principals.most(SHOWN_MAX)
            ],
            "locations": [
                {"id": format_id(identifier), "changes_per_second": round(rate, 2)}
                for identifier, rate in self._locations.most(SHOWN_MAX)
            ],
            "lots_waited_for": [
                {"lot": lot, "waits_per_second": round(rate, 2)} for lot, rate in self._lots.most(SHOWN_MAX) if lot
            ],
            "refused_callers": [
                {"cause_and_principal": who, "calls_per_second": round(rate, 2)}
                for who, rate in self._refused.most(SHOWN_MAX)
            ],
            "watches": len(asked.watches),
            "watches_behind": [
                {"principal": name, "behind_seconds": round(seconds, 1)}
                for name, seconds in asked.watches.behind(SHOWN_MAX)
            ],
            **_of_process(),
        }

    def _oldest_call(self) -> dict[str, Any] | None:
        call = self._asked.calls.oldest_unary
        if call is None:
            return None
        noted: Noted | None = call.noted
        return {
            "method": call.method.rpartition("/")[2],
            "principal": "" if noted is None else noted.principal,
            "seconds": round(time.monotonic() - call.begun_seconds, 3),
        }


def _of_process() -> dict[str, Any]:
    used = os.times()
    of_process: dict[str, Any] = {"cpu_seconds": round(used.user + used.system, 2)}
    of_process["descriptors_max"] = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    with suppress(OSError, ValueError, IndexError):  # there is no /proc
        of_process["descriptors"] = len(os.listdir("/proc/self/fd")) - 1  # noqa: PTH208 - the names are enough
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        of_process["memory_bytes"] = pages * resource.getpagesize()
    return of_process
