"""What tests share: a real server on a real store."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lotkeeper import Client

from tests.server_process import ServerProcess


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server for the tests of a module."""
    with ServerProcess(tmp_path_factory.mktemp("server")) as process:
        yield process


@pytest.fixture
def client(server: ServerProcess) -> Iterator[Client]:
    """A client of that server, who may everything."""
    with Client(server.address, token=server.token) as connected:
        yield connected


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server for one test alone, which may kill it."""
    with ServerProcess(tmp_path) as process:
        yield process
