"""The program of a client: started, told what to do, ended."""

from __future__ import annotations

import json
import queue
import shlex
import subprocess
import threading
from collections.abc import Mapping
from typing import Any, Final

ANSWER_SECONDS: Final = 90.0
END_SECONDS: Final = 10.0


class Silent(Exception):
    """The program ended, or said nothing in time, or something that is no answer."""


class ClientProcess:
    """A program that reads an order on each line, and writes an outcome."""

    def __init__(self, command: str) -> None:
        """Starts nothing yet.

        Args:
            command: as a shell reads it, though no shell runs it.
        """
        self._command = shlex.split(command)
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str] = queue.Queue()

    def outcome_of(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """What comes out of an order.

        Raises:
            Silent: where nothing does; the next order goes to a new process.
        """
        process = self._process or self._started()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(order, ensure_ascii=False) + "\n")
            process.stdin.flush()
            line = self._lines.get(timeout=ANSWER_SECONDS)
        except (OSError, queue.Empty) as error:
            self.close()
            raise Silent(f"the program said nothing for {ANSWER_SECONDS:g} s, or is gone") from error
        if not line:
            self.close()
            raise Silent("the program ended")
        try:
            outcome = json.loads(line)
        except ValueError:
            outcome = None
        if not isinstance(outcome, dict) or outcome.get("scenario") != order["scenario"]:
            self.close()
            raise Silent(f"this is no outcome of {order['scenario']}: {line.rstrip()}")
        return outcome

    def close(self) -> None:
        """Ends the program: politely, where it listens."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        try:
            process.stdin.close()
            process.wait(END_SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            process.kill()
            process.wait()

    def _started(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(  # noqa: S603 - the caller's own command
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        self._process, self._lines = process, queue.Queue()
        threading.Thread(target=_read, args=(process, self._lines), daemon=True).start()
        return process


def _read(process: subprocess.Popen[str], lines: queue.Queue[str]) -> None:
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            lines.put(line)
    lines.put("")
