"""The processes of a server, seen from outside."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

_ESTABLISHED, _LISTEN = "01", "0A"


def workers_of(supervisor: int) -> set[int]:
    """The processes that it has started and that live."""
    text = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text()
    return {int(pid) for pid in text.split()}


def listeners(address: str, pids: set[int]) -> set[int]:
    """Those of the processes that listen on the address."""
    return {pid for pid, count in _sockets(address, _LISTEN, pids).items() if count}


def connections(address: str, pids: set[int]) -> Counter[int]:
    """How many connections each of the processes has."""
    return _sockets(address, _ESTABLISHED, pids)


def seconds_until_listening(supervisor: int, address: str, count: int, gone: int, limit_seconds: float = 10) -> float:
    """How long it takes until so many processes listen, without the one that was killed."""
    begun = time.monotonic()
    while len(listeners(address, workers_of(supervisor) - {gone})) < count:
        assert time.monotonic() - begun < limit_seconds, f"{workers_of(supervisor)} do not all listen"
        time.sleep(0.01)
    return time.monotonic() - begun


def _sockets(address: str, state: str, pids: set[int]) -> Counter[int]:
    port = f"{int(address.rpartition(':')[2]):04X}"
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            columns = line.split()
            if columns[1].endswith(f":{port}") and columns[3] == state:
                inodes.add(f"socket:[{columns[9]}]")
    found: Counter[int] = Counter()
    for pid in pids:
        try:
            found[pid] = sum(str(one.readlink()) in inodes for one in Path(f"/proc/{pid}/fd").iterdir())
        except OSError:  # it has ended meanwhile, or closed one of them
            continue
    return found
