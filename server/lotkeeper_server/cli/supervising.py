"""Many workers on one address: starts them, replaces one that dies, drains them together.

Workers are forked from a process in which everything is imported and nothing runs yet: no thread, no event loop, no
connection, no gRPC. So a new worker serves within some ten milliseconds.
"""

import ctypes
import gc
import math
import os
import selectors
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, NoReturn

from lotkeeper_server.event_log import get_logger
from lotkeeper_server.service_manager import ServiceManager

Work = Callable[[Callable[[], None], int], None]
"""What the worker in a place, counted from 0, does until it is told to end; it calls the first once it serves.

Where the service manager asks for signs of life, it calls it again and again from then on."""
ENDING_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_SIGNALS: Final = (*ENDING_SIGNALS, signal.SIGHUP)
SHORT_LIFE_SECONDS: Final = 5.0
"""A worker that dies sooner is started again after a pause, which doubles each time."""
PAUSE_SECONDS_MIN: Final = 0.1
PAUSE_SECONDS_MAX: Final = 0.5
FAILED_STARTS_MAX: Final = 10
"""How many failures in a row, for each worker, while none serves: after so many, more starts would not help."""
_PR_SET_PDEATHSIG: Final = 1
_log = get_logger()


@dataclass(slots=True, eq=False)
class _Place:
    """The place of one worker and its successors.

    Attributes:
        due_seconds: `time.monotonic()` at which to start a worker, while there is none.
        number: of the place, from 0.
        pid: of the worker; None while there is none.
        pipe: the worker has its other end: a byte says that it serves, the end of the pipe that it is dead.
        serves: whether it said so.
        heard_seconds: `time.monotonic()` of its last sign of life.
        started_seconds: `time.monotonic()` of its start.
        short_lives: how many in a row died young.
    """

    due_seconds: float
    number: int
    pid: int | None = None
    pipe: int = -1
    serves: bool = False
    heard_seconds: float = 0.0
    started_seconds: float = 0.0
    short_lives: int = 0


class NoneStarts(Exception):
    """No worker can be started; the argument says how the last one ended, empty if it said so itself."""


class Supervisor:
    """Keeps a number of workers running. Made and run in a process without threads."""

    def __init__(
        self,
        work: Work,
        count: int,
        drain_seconds: float,
        on_hangup: Callable[[], None] | None = None,
        manager: ServiceManager | None = None,
    ) -> None:
        """Starts nothing yet.

        Args:
            work: what each worker does, in a process of its own.
            count: how many workers.
            drain_seconds: how long a worker may take to end before it is killed.
            on_hangup: called at SIGHUP, which the workers then get, too; None: SIGHUP ends all as SIGTERM does.
            manager: hears of reloads, of the end, and that the supervisor lives; None for nobody. Where it asks for
                that, a worker that has been silent for as long as it allows is killed and replaced.
        """
        self._work = work
        self._drain_seconds = drain_seconds
        self._on_hangup = on_hangup
        self._manager = manager or ServiceManager()
        self._looked_seconds = self._beat_due_seconds = time.monotonic()
        # The others follow once the first one serves: so a problem that all have is reported once.
        self._places = [_Place(0.0, 0), *(_Place(math.inf, number) for number in range(1, count))]
        self._failed_starts = 0
        self._has_served = False
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = os.pipe()
        for end in (self._wake, self._woken):
            os.set_blocking(end, False)
        self._selector.register(self._wake, selectors.EVENT_READ)

    def run(self, ready: Callable[[], None]) -> bool:
        """Serves until a signal ends it, then until the last worker has ended.

        Args:
            ready: called once every worker serves, for the first time.

        Returns:
            Whether all ended by themselves; if not, some had to be killed.

        Raises:
            NoneStarts: where no worker can be started, at first or later.
        """
        assert threading.active_count() == 1, "workers would not have this thread, but its locks for ever"
        gc.collect()
        gc.freeze()  # so that collections in the workers do not copy what they share
        greeted = False
        with self._waking_signals():
            while not self._told_to_end(self._seconds_until_due()):
                self._start_due()
                if not greeted and all(place.serves for place in self._places):
                    greeted = True
                    ready()
            return self._drain()

    def _seconds_until_due(self) -> float | None:
        due = min((place.due_seconds for place in self._places if place.pid is None), default=math.inf)
        seconds = min(due - time.monotonic(), self._seconds_until_beat())
        return None if seconds == math.inf else max(0.0, seconds)

    def _seconds_until_beat(self) -> float:
        if self._manager.heartbeat is None:
            return math.inf
        return max(0.0, self._beat_due_seconds - time.monotonic())

    def _start_due(self) -> None:
        now = time.monotonic()
        for place in self._places:
            if place.pid is None and place.due_seconds <= now:
                self._start(place)

    def _told_to_end(self, timeout_seconds: float | None) -> bool:
        """Waits for news of the workers, or for a signal: then True."""
        told = False
        for key, _ in self._selector.select(timeout_seconds):
            if key.data is None:
                told = self._ended_by(os.read(self._wake, 1024)) or told
            else:
                self._hear(key.data)
        self._care_for_life()
        return told

    def _care_for_life(self) -> None:
        """Gives a sign of life, and kills workers that give none; what was heard before this look is heard already."""
        silence_seconds_max = self._manager.silence_seconds_max
        if silence_seconds_max is None:
            return
        now = time.monotonic()
        self._beat_if_due(now)
        was_away = now - self._looked_seconds > silence_seconds_max  # the whole group was stopped, perhaps
        self._looked_seconds = now
        for place in self._places:
            if was_away:
                place.heard_seconds = now
            elif place.serves and now - place.heard_seconds > silence_seconds_max:
                _log.error("worker_hangs", worker=place.pid, silent_seconds=round(now - place.heard_seconds, 1))
                _signal(place, signal.SIGKILL)
                place.heard_seconds = math.inf  # its end will be heard, and it is not killed twice

    def _beat_if_due(self, now_seconds: float) -> None:
        heartbeat = self._manager.heartbeat
        if heartbeat is not None and now_seconds >= self._beat_due_seconds:
            heartbeat.beat()
            self._beat_due_seconds = now_seconds + heartbeat.seconds

    def _ended_by(self, signals: bytes) -> bool:
        """Whether one of these signals, a byte each, ends it; SIGHUP is handed on, if it does not."""
        if self._on_hangup is None:
            return True
        if signal.SIGHUP in signals:
            self._manager.reloading()
            self._on_hangup()
            for place in self._places:
                if place.pid is not None:
                    _signal(place, signal.SIGHUP)
            self._manager.ready()
        return any(number in signals for number in ENDING_SIGNALS)

    @contextmanager
    def _waking_signals(self) -> Iterator[None]:
        def wake(_number: int, _frame: object) -> None:
            """Does nothing: the byte that Python writes to the pipe is enough."""

        signal.set_wakeup_fd(self._woken, warn_on_full_buffer=False)
        before = [signal.signal(number, wake) for number in _SIGNALS]
        try:
            yield
        finally:
            for number, handler in zip(_SIGNALS, before, strict=True):
                signal.signal(number, handler)
            signal.set_wakeup_fd(-1)

    # Workers come and go.

    def _start(self, place: _Place) -> None:
        pipe, told = os.pipe()
        supervisor = os.getpid()
        sys.stdout.flush()
        # A signal between fork and the worker's own handlers must not look like one to the supervisor.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            pid = os.fork()
            if pid == 0:
                self._be_worker(told, supervisor, place.number)
        except OSError as error:
            os.close(pipe)
            os.close(told)
            _log.error("worker_not_started", error=str(error))
            self._start_again(place, time.monotonic())
            return
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        os.close(told)
        place.pid, place.pipe, place.serves, place.started_seconds = pid, pipe, False, time.monotonic()
        self._selector.register(pipe, selectors.EVENT_READ, place)

    def _be_worker(self, told: int, supervisor: int, place: int) -> NoReturn:
        """Runs a worker until its end."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in ENDING_SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            # Until it serves: what a reload would bring, a new process has read.
            signal.signal(signal.SIGHUP, signal.SIG_DFL if self._on_hangup is None else signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            _die_with(supervisor)
            for key in list(self._selector.get_map().values()):
                os.close(key.fd)
            os.close(self._woken)
            self._selector.close()
            self._work(lambda: _say(told), place)
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        except BaseException:  # the outermost border of this process
            _log.critical("fault", exc_info=True)
            status = 70
        finally:
            os._exit(status)

    def _hear(self, place: _Place) -> None:
        assert place.pid is not None
        if os.read(place.pipe, 1):
            place.heard_seconds = time.monotonic()
            if place.serves:
                return
            place.serves = True
            self._failed_starts = 0
            if not self._has_served:
                self._has_served = True
                for other in self._places[1:]:
                    other.due_seconds = 0.0
            _log.info("worker_serves", worker=place.pid)
            return
        self._bury(place)

    def _bury(self, place: _Place) -> None:
        """Reaps a dead worker and sets when the next one is due."""
        pid, now = place.pid, time.monotonic()
        assert pid is not None
        self._selector.unregister(place.pipe)
        os.close(place.pipe)
        _, wait_status = os.waitpid(pid, 0)
        exit_code = os.waitstatus_to_exitcode(wait_status)
        served, place.pid, place.serves = place.serves, None, False
        if not served:
            self._failed_starts += 1
        if not self._has_served:
            raise NoneStarts("" if exit_code == 1 else f"its first process ended {_ended(exit_code)}")
        _log.warning("worker_ended", worker=pid, ended=_ended(exit_code), served=served)
        if self._failed_starts >= FAILED_STARTS_MAX * len(self._places) and not any(
            other.serves for other in self._places
        ):
            raise NoneStarts(f"its processes do not start any more; the last one ended {_ended(exit_code)}")
        self._start_again(place, now)

    def _start_again(self, place: _Place, now_seconds: float) -> None:
        if now_seconds - place.started_seconds >= SHORT_LIFE_SECONDS:
            place.short_lives = 0
            place.due_seconds = now_seconds
            return
        place.due_seconds = now_seconds + min(PAUSE_SECONDS_MAX, PAUSE_SECONDS_MIN * 2**place.short_lives)
        place.short_lives += 1

    def _drain(self) -> bool:
        """Tells every worker to end, and waits for it."""
        self._manager.stopping()
        _log.info("draining", workers=sum(place.pid is not None for place in self._places))
        living = {place for place in self._places if place.pid is not None}
        for place in living:
            _signal(place, signal.SIGTERM)
        end_seconds = time.monotonic() + self._drain_seconds
        while living and (left := end_seconds - time.monotonic()) > 0:
            for key, _ in self._selector.select(min(left, self._seconds_until_beat())):
                if key.data is None:
                    os.read(self._wake, 1024)  # signalled again: it is ending already
                elif not os.read(key.fd, 1):
                    self._selector.unregister(key.fd)
                    living.discard(key.data)
            self._beat_if_due(time.monotonic())
        for place in living:
            _log.error("worker_killed", worker=place.pid)
            _signal(place, signal.SIGKILL)
        for place in self._places:
            if place.pid is not None:
                os.waitpid(place.pid, 0)
        _log.info("drained")
        return not living


def _signal(place: _Place, number: signal.Signals) -> None:
    """Signals a worker that has not been reaped yet, so that its pid is still its own."""
    assert place.pid is not None
    os.kill(place.pid, number)


def _die_with(supervisor: int) -> None:
    """Makes sure that no worker outlives a supervisor that is killed with -9."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != supervisor:  # it died before that
        os._exit(1)


def _say(told: int) -> None:
    os.write(told, b"!")


def _ended(exit_code: int) -> str:
    return f"by {signal.Signals(-exit_code).name}" if exit_code < 0 else f"with status {exit_code}"
