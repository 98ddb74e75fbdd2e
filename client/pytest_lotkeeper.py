"""The pytest plugin: fixtures on a real server. It imports nothing until a test asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from lotkeeper import Client
    from lotkeeper.testing import LotkeeperServer
    from lotkeeper.testing._server import Plant


def pytest_itemcollected(item: pytest.Item) -> None:
    """Begins to load the server beside the rest of the collection, once there is a test that asks for it."""
    if "lotkeeper_server" in getattr(item, "fixturenames", ()) and not item.config.option.collectonly:
        from lotkeeper.testing import ServerNotInstalled, prepare  # noqa: PLC0415 - gRPC takes a while

        with suppress(ServerNotInstalled):  # the fixture says so
            prepare()


@pytest.fixture(scope="session")
def lotkeeper_plant() -> Plant | None:
    """What each test begins with: override it. Default: the demo plant of `lotkeeper-server run`."""
    return None


@pytest.fixture(scope="session")
def lotkeeper_server(lotkeeper_plant: Plant | None) -> Iterator[LotkeeperServer]:
    """A server for all tests of a session, in a process of its own; `lotkeeper_client` sets it back for each."""
    from lotkeeper.testing import LotkeeperServer  # noqa: PLC0415 - gRPC takes a while

    with LotkeeperServer(lotkeeper_plant, in_child=True) as server:
        yield server


@pytest.fixture
def lotkeeper_client(lotkeeper_server: LotkeeperServer) -> Iterator[Client]:
    """A client of a server that knows nothing of earlier tests."""
    lotkeeper_server.reset()
    with lotkeeper_server.client() as client:
        yield client
