"""What tests share: a real server on a real store."""

import logging
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from lotkeeper import Client
from lotkeeper_server.event_log import events_written_as_before

from tests import stores
from tests.galera import GaleraCluster
from tests.mariadb import MariadbServer, home_named
from tests.server_process import ServerProcess
from tests.two_processes import two_processes

# A machine that is busy makes examples slowly, and each takes longer: no fault of what is tested.
hypothesis.settings.register_profile(
    "busy machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("busy machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--store`."""
    parser.addoption("--store", choices=stores.KINDS, help="the kind of store; the default is sqlite")


def pytest_configure(config: pytest.Config) -> None:
    """Makes the kind of store known to every process that runs tests."""
    if config.getoption("--store"):
        os.environ[stores.VARIABLE] = config.getoption("--store")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What cannot run here says why."""
    wanted = {"galera": GaleraCluster.missing, "mariadb": lambda: MariadbServer.missing(home_named())}
    if (missing := wanted.get(stores.kind(), lambda: None)()) is not None:
        for item in items:
            item.add_marker(pytest.mark.skip(reason=missing))


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """A server's command that ran in this process set up its log; the tests after it have pytest's."""
    hooks = sys.excepthook, sys.unraisablehook, threading.excepthook
    with events_written_as_before():
        yield
    if (sys.excepthook, sys.unraisablehook, threading.excepthook) != hooks:
        sys.excepthook, sys.unraisablehook, threading.excepthook = hooks
        logging.captureWarnings(False)
        for handler in [one for one in logging.root.handlers if type(one).__module__ == "lotkeeper_server.logs"]:
            logging.root.removeHandler(handler)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server for the tests of a module."""
    with ServerProcess(tmp_path_factory.mktemp("server")) as process:
        yield process
    stores.give_back(process.database_url)


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
    stores.give_back(process.database_url)


@pytest.fixture
def two_servers(tmp_path: Path) -> Iterator[list[ServerProcess]]:
    """Two processes on one store, which is no embedded one."""
    url = stores.shared_store_url(tmp_path)
    with two_processes(url, tmp_path) as processes:
        yield processes
    stores.give_back(url)
