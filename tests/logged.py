"""The log of a server that runs as a process of its own, line by line."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from tests.server_process import ServerProcess

Line = dict[str, Any]
SECONDS_MAX = 30.0


def lines_of(server: ServerProcess) -> list[Line]:
    """Every line that it has written; fails where one is not a JSON object."""
    lines = []
    for text in server.log().splitlines():
        line = json.loads(text)
        assert isinstance(line, dict), text
        lines.append(line)
    return lines


def lines_about(server: ServerProcess, event: str) -> list[Line]:
    """Those of one event."""
    return [line for line in lines_of(server) if line["event"] == event]


def awaited_line(server: ServerProcess, event: str, fits: Callable[[Line], bool] = lambda _line: True) -> Line:
    """The first line of an event that fits; waits for it."""
    until = time.monotonic() + SECONDS_MAX
    while True:
        for line in lines_about(server, event):
            if fits(line):
                return line
        assert time.monotonic() < until, f"no such line of {event}:\n{server.log()[-4_000:]}"
        time.sleep(0.05)
