"""A watchdog for tests: notes whenever one thing holds the event loop, or the thread that serves calls, for too long.

It is off unless `LOTKEEPER_WATCHDOG` names a file, and costs nothing then. It looks at the stacks of those threads a
hundred times a second: the frame below a thread's loop is the one thing that it does, and whoever is seen there for too
long is noted with its stack. Code in C that lets no other thread run holds the watchdog up, too; that is noted as such.
"""

import json
import os
import sys
import threading
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final

VARIABLE: Final = "LOTKEEPER_WATCHDOG"
HELD_SECONDS_MAX: Final = 0.1
LOOK_SECONDS: Final = 0.01
FRAMES_NOTED: Final = 12
INTERPRETER: Final = "interpreter"
"""Noted in place of a thread's name where no thread could run but one, which is in the stack."""
LOOPS: Final = {
    "BaseEventLoop._run_once": "event loop",
    "CoreServer._poll": "polling thread",
    "Engine._run": "pipeline thread",
}
"""The functions that do one thing after the other, and who runs them."""
IDLE: Final = frozenset({"EpollSelector.select", "SelectSelector.select", "KqueueSelector.select", "Arrivals.wait"})
"""What they call to wait."""


@dataclass(slots=True)
class _Thing:
    """What a thread does.

    Attributes:
        who: the thread.
        frame: of it, below the thread's loop.
        since_seconds: when it was first seen.
        until_seconds: when it was last seen.
        cpu_before_seconds: the thread's processor time when it was first seen.
        cpu_seconds: when it was last seen.
        stack: as it was when it had lasted for too long; empty until then.
    """

    who: str
    frame: FrameType
    since_seconds: float
    until_seconds: float
    cpu_before_seconds: float
    cpu_seconds: float
    stack: list[str] = field(default_factory=list)


def begin_watching() -> None:
    """Begins where the environment asks for it, for as long as the process lives."""
    if path := os.environ.get(VARIABLE):
        threading.Thread(target=Watchdog(Path(path)).watch, name="lotkeeper-watchdog", daemon=True).start()


class Watchdog:
    """Writes a line of JSON for each thing that held a thread for too long, once it has ended.

    Each has `who`, `millis` on the clock, `cpu_millis` of processor time meanwhile, of that thread or of the busiest
    one, and `stack`, innermost last. What took time without processor time waited for a disk, or for other processes.
    """

    def __init__(self, path: Path) -> None:
        """Begins with nothing.

        Args:
            path: the file of the notes; it is appended to.
        """
        self._path = path
        self._things: dict[int, _Thing] = {}
        self._cpu_seconds = _cpu_seconds()

    def watch(self) -> None:
        """Looks until the process ends."""
        self._path.touch()
        last_seconds, last_queued_seconds = time.monotonic(), _queued_seconds()
        while True:
            time.sleep(LOOK_SECONDS)
            now_seconds = time.monotonic()
            queued_seconds = _queued_seconds()
            self.look(now_seconds, now_seconds - last_seconds - (queued_seconds - last_queued_seconds))
            last_seconds, last_queued_seconds = time.monotonic(), queued_seconds

    def look(self, now_seconds: float, since_last_seconds: float) -> None:
        """Looks once.

        Args:
            now_seconds: the time.
            since_last_seconds: since the last look, without the time that it waited for a processor; much more than
                were slept where nobody else could run.
        """
        me = threading.get_ident()
        frames = {ident: frame for ident, frame in sys._current_frames().items() if ident != me}  # noqa: SLF001
        cpu_seconds = _cpu_seconds()
        if since_last_seconds > HELD_SECONDS_MAX:
            self._note_interpreter(frames, cpu_seconds, since_last_seconds)
        self._cpu_seconds = cpu_seconds
        for ident, frame in frames.items():
            self._look_at(ident, frame, now_seconds, cpu_seconds.get(ident, 0.0))
        for ident in self._things.keys() - frames.keys():
            self._end(ident)

    def _look_at(self, ident: int, frame: FrameType, now_seconds: float, cpu_seconds: float) -> None:
        found = _thing_of(frame)
        thing = self._things.get(ident)
        if thing is not None and (found is None or found[1] is not thing.frame):
            self._end(ident)
            thing = None
        if found is None:
            return
        if thing is None:
            self._things[ident] = _Thing(*found, now_seconds, now_seconds, cpu_seconds, cpu_seconds)
            return
        thing.until_seconds, thing.cpu_seconds = now_seconds, cpu_seconds
        if not thing.stack and now_seconds - thing.since_seconds > HELD_SECONDS_MAX:
            thing.stack = _stack(frame)

    def _end(self, ident: int) -> None:
        thing = self._things.pop(ident)
        if thing.stack:
            cpu_seconds = thing.cpu_seconds - thing.cpu_before_seconds
            self._note(thing.who, thing.until_seconds - thing.since_seconds, cpu_seconds, thing.stack)

    def _note_interpreter(
        self, frames: dict[int, FrameType], cpu_seconds: dict[int, float], since_last_seconds: float
    ) -> None:
        grown = {
            ident: seconds - self._cpu_seconds.get(ident, 0.0)
            for ident, seconds in cpu_seconds.items()
            if ident in frames
        }
        if grown:
            busiest = max(grown, key=grown.__getitem__)
            self._note(INTERPRETER, since_last_seconds, grown[busiest], _stack(frames[busiest]))

    def _note(self, who: str, seconds: float, cpu_seconds: float, stack: list[str]) -> None:
        note = {"who": who, "millis": round(seconds * 1000), "cpu_millis": round(cpu_seconds * 1000), "stack": stack}
        with self._path.open("a") as file:
            file.write(json.dumps(note) + "\n")


def _thing_of(frame: FrameType | None) -> tuple[str, FrameType] | None:
    """Whose loop a stack belongs to, and the frame below it; None where it waits, or is none of the loops."""
    below: FrameType | None = None
    while frame is not None:
        who = LOOPS.get(frame.f_code.co_qualname)
        if who is not None:
            return None if below is None or below.f_code.co_qualname in IDLE else (who, below)
        below, frame = frame, frame.f_back
    return None


def _stack(frame: FrameType) -> list[str]:
    return [f"{one.filename}:{one.lineno} {one.name}" for one in traceback.extract_stack(frame)[-FRAMES_NOTED:]]


def _cpu_seconds() -> dict[int, float]:
    """The processor time of each thread so far, as Linux counts it."""
    found = {}
    for thread in threading.enumerate():
        with suppress(OSError):  # it has ended meanwhile
            path = f"/proc/self/task/{thread.native_id}/schedstat"
            found[thread.ident or 0] = int(Path(path).read_text().split(maxsplit=1)[0]) / 1e9
    return found


def _queued_seconds() -> float:
    """How long this thread has waited for a processor so far: on a busy machine nobody holds it up."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9
