"""What the system says of this process."""

import os
import resource
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from lotkeeper_server.observability import catalogue
from lotkeeper_server.observability.cells import Cells

_OF_THIS_PROCESS: Final = Path("/proc/self")
_PAGE_BYTES: Final = resource.getpagesize()


class ProcessMetrics:
    """The metrics of the process itself, set by `sample`."""

    def __init__(self, cells: Cells) -> None:
        """From here on the process is one of those that live.

        Args:
            cells: of the process.
        """
        cells.gauge(catalogue.PID).set(os.getpid())
        cells.gauge(catalogue.START_SECONDS).set(
            time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + _start_seconds()
        )
        cells.counter(catalogue.STARTS).add()
        self._cpu = cells.gauge(catalogue.CPU_SECONDS)
        self._resident = cells.gauge(catalogue.RESIDENT_BYTES)
        self._open = cells.gauge(catalogue.OPEN_FDS)
        self._max = cells.gauge(catalogue.MAX_FDS)

    def sample(self) -> None:
        """Asks the system; what it does not tell stays as it was."""
        used = os.times()
        self._cpu.set(used.user + used.system)
        self._max.set(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        with suppress(OSError, ValueError, IndexError):  # there is no /proc
            pages = int((_OF_THIS_PROCESS / "statm").read_text(encoding="ascii").split()[1])
            self._resident.set(pages * _PAGE_BYTES)
            self._open.set(len(os.listdir(_OF_THIS_PROCESS / "fd")) - 1)  # noqa: PTH208 - the names are enough


def _start_seconds() -> float:
    """When this process began, in seconds since the machine did; now, where the system does not tell."""
    try:
        fields = (_OF_THIS_PROCESS / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
