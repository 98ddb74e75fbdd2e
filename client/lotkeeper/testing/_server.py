"""A server to test with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from lotkeeper._async.client import AsyncClient
from lotkeeper._sync.client import Client
from lotkeeper.testing._backends import Backend, ChildServer, Setting, in_this_process
from lotkeeper.testing._clock import Clock

Plant = str | Path | Mapping[str, Any]
"""A plant document: the path of a YAML or JSON file, or what stands in one; `{}` is a plant with nothing in it."""


class LotkeeperServer:
    """A real server that holds everything in memory, on a free port of loopback. Close it, or use it in a `with` block.

    Attributes:
        clock: what the server takes for now.
    """

    def __init__(
        self,
        plant: Plant | None = None,
        *,
        in_child: bool = False,
        settings: Mapping[str, Setting] | None = None,
    ) -> None:
        """Begins it; returns once it serves.

        Args:
            plant: what it begins with. Default: the demo plant of `lotkeeper-server run`.
            in_child: whether it runs in a process of its own, which ends with this one. Default: on threads of this
                process. Either way the first server has to import what it needs; others begin in a tenth of a second.
            settings: of the server, by name, where the defaults do not do. The environment does not count.

        Raises:
            ServerNotInstalled: where the server is not installed.
            ValueError: for a plant or a setting that is refused.
            RuntimeError: where no process of its own can be had.
            OSError: where the plant's file cannot be read.
        """
        data, is_json = (None, False) if plant is None else _document(plant)
        begin = ChildServer if in_child else in_this_process
        self._backend: Backend = begin(data, is_json=is_json, settings=settings or {})
        self.clock = Clock(self._backend.clock)

    @property
    def address(self) -> str:
        """HOST:PORT. A reset changes it."""
        return self._backend.address

    @property
    def token(self) -> str:
        """A token of the principal `tester`, who may everything."""
        return self._backend.token

    def client(self, **options: Any) -> Client:
        """A client of this server, until the next reset.

        Args:
            **options: of `Client`.
        """
        return Client(self.address, **{"token": self.token, **options})

    def async_client(self, **options: Any) -> AsyncClient:
        """A client for asyncio of this server, until the next reset.

        Args:
            **options: of `AsyncClient`.
        """
        return AsyncClient(self.address, **{"token": self.token, **options})

    def reset(self) -> None:
        """Sets stock, records and definitions back to what they were at the beginning, and lets the clock go.

        Takes some 10 ms. The server has another address then: make new clients.
        """
        self._backend.reset()

    def close(self) -> None:
        """Ends the server; what it held is gone."""
        self._backend.close()

    def __enter__(self) -> LotkeeperServer:
        """The server itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Ends the server."""
        self.close()


def _document(plant: Plant) -> tuple[bytes, bool]:
    if isinstance(plant, Mapping):
        return json.dumps(plant).encode(), True
    path = Path(plant)
    return path.read_bytes(), path.suffix == ".json"
