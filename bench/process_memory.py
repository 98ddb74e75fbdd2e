"""What a server process uses: memory and processor time."""

import os
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final

_KIB: Final = 1_024
_MB: Final = 1_000_000


def resident_mb(process: int) -> float:
    """The whole resident size of the largest process, and the private memory of the others among it and its children.

    Args:
        process: id of the server's first process.
    """
    family = [process, *_children(process)]
    sizes = {one: _resident(one) for one in family}
    largest = max(sizes, key=lambda one: sizes[one])
    return sizes[largest] + sum(_private(one) for one in family if one != largest)


def _resident(process: int) -> float:
    found = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text(), re.MULTILINE)
    return int(found[1]) * _KIB / _MB if found else 0.0


def _private(process: int) -> float:
    text = Path(f"/proc/{process}/smaps_rollup").read_text()
    return sum(int(size) for size in re.findall(r"^Private_\w+:\s+(\d+) kB", text, re.MULTILINE)) * _KIB / _MB


def _children(process: int) -> list[int]:
    found: list[int] = []
    for tasks in Path(f"/proc/{process}/task").glob("*/children"):
        for child in tasks.read_text().split():
            found += [int(child), *_children(int(child))]
    return found


class MemoryWatch:
    """Measures a process's memory from time to time while the block runs."""

    def __init__(self, process: int, every_seconds: float = 0.5) -> None:
        self.megabytes: list[float] = []
        self._process, self._every_seconds = process, every_seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._ended.wait(self._every_seconds):
            self.megabytes.append(resident_mb(self._process))

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()


def processor_seconds(process: int) -> float:
    """Processor time that the process has taken so far, in user and in kernel mode."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def processor_clock(process: int) -> Callable[[], float]:
    """A clock of the processor time that a process takes, in seconds: Linux tells it to the nanosecond."""
    clock = ~process << 3 | 2  # as clock_getcpuclockid makes it
    return lambda: time.clock_gettime(clock)
