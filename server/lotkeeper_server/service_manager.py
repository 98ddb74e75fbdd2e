"""What a server tells the service manager that started it: systemd, or whoever gives it such a socket.

The messages are those of `sd_notify(3)`: datagrams of `NAME=value` lines, to the unix socket that `NOTIFY_SOCKET`
names. Without that variable nothing is sent.
"""

import os
import socket
import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Final

from lotkeeper_server.event_log import get_logger

SEND_SECONDS_MAX: Final = 0.5
"""So long a message waits while the manager does not read: it may be busy, and READY=1 must not be lost."""
_BEATS_PER_LIMIT: Final = 2
"""As systemd advises: one that is late by as much again is still in time."""
_VARIABLES: Final = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
_log = get_logger()


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A sign of life that is given again and again, as long as what gives it is not stuck.

    Attributes:
        seconds: between two of them.
        beat: gives one.
    """

    seconds: float
    beat: Callable[[], None]


class ServiceManager:
    """Whoever started this process and waits for news of it; nobody where there is no address."""

    def __init__(self, address: str = "", silence_seconds_max: float | None = None) -> None:
        """Sends nothing yet.

        Args:
            address: of its unix datagram socket: a path, or `@` and the name of an abstract one; empty for none.
            silence_seconds_max: after so long without a sign of life it ends this process; None: it asks for none.
        """
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self.silence_seconds_max = silence_seconds_max if address else None

    @property
    def heartbeat(self) -> Heartbeat | None:
        """The sign of life that it asks for; None where it asks for none."""
        if self.silence_seconds_max is None:
            return None
        return Heartbeat(self.silence_seconds_max / _BEATS_PER_LIMIT, self._alive)

    def ready(self, status: str = "") -> None:
        """Calls are answered from here on; after a reload, too.

        Args:
            status: a line for people; empty leaves the one before.
        """
        self._tell("READY=1", *([f"STATUS={status}"] if status else []))

    def reloading(self) -> None:
        """The settings are being read again; `ready` follows."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1_000}")

    def stopping(self) -> None:
        """It was told to end, and answers what it has taken in."""
        self._tell("STOPPING=1", "STATUS=answers the calls that it has taken in")

    def _alive(self) -> None:
        self._tell("WATCHDOG=1")

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sending:
                sending.settimeout(SEND_SECONDS_MAX)
                sending.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:  # serving goes on; what the manager does about silence is its own affair
            _log.warning("service_manager_not_told", message=lines[0], error=str(error))


def service_manager(environment: MutableMapping[str, str]) -> ServiceManager:
    """Whoever started this process, by its variables. They are taken away: children are not to speak for it.

    Args:
        environment: of the process.
    """
    address, limit_micros, pid = (environment.pop(name, "") for name in _VARIABLES)
    is_asked = limit_micros.isdecimal() and int(limit_micros) > 0 and pid in {"", str(os.getpid())}
    if not address.startswith(("/", "@")):
        return ServiceManager()
    return ServiceManager(address, int(limit_micros) / 1e6 if is_asked else None)
