"""What is told to a service manager, in the words of sd_notify(3)."""

import os
import uuid
from pathlib import Path

import pytest
from lotkeeper_server.service_manager import ServiceManager, service_manager

from tests.service_manager import listening


def test_each_message_is_one_datagram_of_names_and_values(tmp_path: Path) -> None:
    with listening(tmp_path / "notify") as heard:
        manager = service_manager({"NOTIFY_SOCKET": heard.address})
        manager.ready("serves on 127.0.0.1:1")
        manager.reloading()
        manager.ready()
        manager.stopping()
        assert heard.next() == {"READY": "1", "STATUS": "serves on 127.0.0.1:1"}
        reloading = heard.next()
        assert reloading.pop("MONOTONIC_USEC").isdecimal()
        assert reloading == {"RELOADING": "1"}
        assert heard.next() == {"READY": "1"}
        assert heard.next()["STOPPING"] == "1"


def test_an_abstract_address_begins_with_an_at_sign() -> None:
    with listening(f"@lotkeeper-{uuid.uuid4().hex}") as heard:
        service_manager({"NOTIFY_SOCKET": heard.address}).ready()
        assert heard.next() == {"READY": "1"}


def test_a_sign_of_life_comes_twice_in_the_time_that_silence_may_last(tmp_path: Path) -> None:
    with listening(tmp_path / "notify") as heard:
        environment = {"NOTIFY_SOCKET": heard.address, "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}
        manager = service_manager(environment)
        assert manager.silence_seconds_max == 30
        assert manager.heartbeat is not None
        assert manager.heartbeat.seconds == 15
        manager.heartbeat.beat()
        assert heard.next() == {"WATCHDOG": "1"}


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "-1"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "5000000", "WATCHDOG_PID": "1"},
    ],
)
def test_no_sign_of_life_where_none_is_asked_of_this_process(variables: dict[str, str]) -> None:
    assert service_manager({"NOTIFY_SOCKET": "@x", **variables}).heartbeat is None


@pytest.mark.parametrize("address", ["", "relative", "vsock:2:1"])
def test_without_an_address_that_is_known_nothing_is_told(address: str) -> None:
    manager = service_manager({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "5000000"})
    assert manager.heartbeat is None
    manager.ready()


def test_children_do_not_get_the_variables() -> None:
    environment = {"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1", "PATH": "/bin"}
    service_manager(environment)
    assert environment == {"PATH": "/bin"}


@pytest.mark.parametrize("address", ["/nobody/is/here", "@" + "x" * 300, "/" + "x" * 300])
def test_a_manager_that_cannot_be_reached_ends_nothing(address: str, caplog: pytest.LogCaptureFixture) -> None:
    """The log has a line, and serving goes on."""
    ServiceManager(address).stopping()
    assert "service_manager_not_told" in caplog.text
