"""What is seen of a batch, a save or an import: how long calls waited, what phases took, why it was run again."""

from collections.abc import Sequence
from typing import Final, NamedTuple, Self

from lotkeeper_server.observability import catalogue
from lotkeeper_server.observability.cells import Cells, SharedMemory
from lotkeeper_server.observability.layout import Layout


class Phases:
    """When the phases of one transaction ended, on the clock of the engine; 0.0 where it did not come so far.

    Attributes:
        begun_seconds: when it began.
        loaded_seconds: when what its calls likely need was read.
        decided_seconds: when all of them were decided.
        committed_seconds: when it was durable.
        calls: how many it has.
        is_work: whether it is a save or an import, which is one call's alone.
        batch: what traces note of it, a `recording.Batch`; None for nothing.
    """

    __slots__ = (
        "batch",
        "begun_seconds",
        "calls",
        "committed_seconds",
        "decided_seconds",
        "is_work",
        "loaded_seconds",
    )

    def __init__(self, begun_seconds: float, calls: int = 1, *, is_work: bool = False) -> None:
        self.begun_seconds = begun_seconds
        self.loaded_seconds = self.decided_seconds = self.committed_seconds = 0.0
        self.calls = calls
        self.is_work = is_work
        self.batch: object | None = None

    def current(self, now_seconds: float) -> tuple[str, float]:
        """In which phase it is, and since how many seconds; nothing once it is over."""
        for phase, since_seconds, until_seconds in (
            ("load", self.begun_seconds, self.loaded_seconds),
            ("decide", self.loaded_seconds, self.decided_seconds),
            ("commit", self.decided_seconds, self.committed_seconds),
        ):
            if not until_seconds:
                return phase, now_seconds - since_seconds
        return "", 0.0


class ReadTimes(NamedTuple):
    """When a read on a snapshot of the store began and ended, on `time.monotonic()`."""

    begun_seconds: float
    ended_seconds: float


READS_NOTED_MAX: Final = 32
"""Of one call; those that come later are not noted."""


class PipelineMetrics:
    """What transactions count in, on whichever thread."""

    def __init__(self, cells: Cells) -> None:
        """Counts nothing yet.

        Args:
            cells: of the process.
        """
        self._waiting = cells.distribution(catalogue.CALL_WAITING_SECONDS)
        self._batch_calls = cells.distribution(catalogue.BATCH_CALLS)
        self._load, self._decide, self._commit = (
            cells.distribution(catalogue.PHASE_SECONDS, phase) for phase in catalogue.PHASES
        )
        self._work = cells.distribution(catalogue.WORK_SECONDS)
        self._retries = {cause: cells.counter(catalogue.RETRIES, cause) for cause in catalogue.RETRY_CAUSES}
        self._replays = cells.counter(catalogue.REPLAYS)
        self._put_back = cells.counter(catalogue.CALLS_PUT_BACK)
        self._definition_changes = cells.counter(catalogue.DEFINITION_VERSIONS)

    @classmethod
    def alone(cls) -> Self:
        """What nobody but the engine's tests count in."""
        return cls(Cells(SharedMemory(Layout(catalogue.OF_THE_SERVER))))

    def committed(self, added_seconds: Sequence[float], phases: Phases) -> None:
        """A batch was decided and committed.

        Args:
            added_seconds: when each of its calls had arrived.
            phases: of the batch, all of them over.
        """
        begun_seconds = phases.begun_seconds
        self._waiting.observe_all([begun_seconds - arrived for arrived in added_seconds])
        self._batch_calls.observe(len(added_seconds))
        self._load.observe(phases.loaded_seconds - begun_seconds)
        self._decide.observe(phases.decided_seconds - phases.loaded_seconds)
        self._commit.observe(phases.committed_seconds - phases.decided_seconds)

    def totals(self) -> tuple[float, float, float, float, float]:
        """Of this process: transactions, their calls, the seconds these waited, the seconds of load, and of commit."""
        batches, commit_seconds = self._commit.totals()
        calls, waited_seconds = self._waiting.totals()
        return batches, calls, waited_seconds, self._load.totals()[1], commit_seconds

    def worked(self, seconds: float) -> None:
        """A save or an import was committed, after so long."""
        self._work.observe(seconds)

    def retried(self, cause: str) -> None:
        """A transaction did not go through.

        Args:
            cause: one of `catalogue.RETRY_CAUSES`.
        """
        self._retries[cause].add()

    def replayed(self, calls: int) -> None:
        """So many calls got the answer of an earlier one."""
        self._replays.add(calls)

    def put_back(self, calls: int) -> None:
        """So many calls wait for what others hold."""
        self._put_back.add(calls)

    def definitions_changed(self) -> None:
        """A batch found that definitions had been saved."""
        self._definition_changes.add()


MILLIS: Final = 1_000.0


def shown_phases(phases: Phases | None, begun_seconds: float, ended_seconds: float) -> dict[str, float]:
    """What a call spent its time with, for a line of the log: milliseconds, rounded to microseconds.

    Args:
        phases: of the last transaction that it was in; None where it was in none.
        begun_seconds: `time.monotonic()` when it came.
        ended_seconds: the same when it ended.
    """
    shown = {"ms": _millis(ended_seconds - begun_seconds)}
    if phases is None:
        return shown
    shown["waiting_ms"] = _millis(phases.begun_seconds - begun_seconds)
    decided_seconds = phases.decided_seconds or ended_seconds
    shown["deciding_ms"] = _millis(decided_seconds - phases.begun_seconds)
    if phases.decided_seconds:
        shown["committing_ms"] = _millis((phases.committed_seconds or ended_seconds) - decided_seconds)
    return shown


def _millis(seconds: float) -> float:
    return round(max(seconds, 0.0) * MILLIS, 3)
