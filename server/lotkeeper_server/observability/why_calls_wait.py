"""Why calls wait now, concluded from what one process saw of its pipeline since its last look."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

HELD_SECONDS: Final = 1.0
"""A call that has been held for so long by another transaction waits."""
WAITING_SECONDS: Final = 0.25
"""So long a call waits on the average until its batch begins, where there is too much to do."""
WAITING_FOR_LOT_SECONDS: Final = 0.05
"""The same where calls take turns for one lot: an average of those that get it at once, and of the last."""
PUT_BACK_SHARE: Final = 0.25
"""Where so many of the calls that a batch tried were put back for one lot, it is the lot that they wait for."""
PHASE_SECONDS: Final = 0.1
PHASE_SECONDS_A_CALL: Final = 0.002
"""A transaction that takes longer than this together, for its calls, waits for the disk or the database."""
STUCK_SECONDS: Final = 1.0
"""A phase that lasts for so long by now waits, whatever others took."""
_MILLIS: Final = 1_000.0


class Why(StrEnum):
    """What calls wait for."""

    LOCKED = "locked"
    """Another transaction holds what they need, and lets nobody have it."""
    HOT_LOT = "hot_lot"
    """Many change one lot, and take turns."""
    COMMIT = "commit"
    """What makes their writes durable takes long: the disk, or the database."""
    LOAD = "load"
    """The database takes long to answer what they read."""
    QUEUE = "queue"
    """More comes than is done."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen since the last look.

    Attributes:
        calls_held: how many are held by other transactions now.
        held_seconds: for how long the one that is held the longest has been.
        lot: that it waits for, else that calls were put back for the most; empty where there is none, or not known.
        put_back: how often calls were put back for that lot.
        gets_through: whether others got it a moment ago.
        phase: of the batch at work; empty for none.
        phase_seconds: for how long it has been in it.
        batches: how many transactions were committed.
        calls: how many calls they had.
        waited_seconds: how long these had waited together until their batch began.
        load_seconds: what reading took of these transactions together.
        commit_seconds: the same of writing and making it durable.
    """

    calls_held: int = 0
    held_seconds: float = 0.0
    lot: str = ""
    put_back: int = 0
    gets_through: bool = False
    phase: str = ""
    phase_seconds: float = 0.0
    batches: float = 0.0
    calls: float = 0.0
    waited_seconds: float = 0.0
    load_seconds: float = 0.0
    commit_seconds: float = 0.0

    def phase_mean_seconds(self, phase: str) -> float:
        """What a phase took a transaction, counting the one at work where it is in it for longer."""
        total = self.load_seconds if phase == "load" else self.commit_seconds
        mean = total / self.batches if self.batches else 0.0
        stuck = self.phase_seconds if self.phase == phase else 0.0
        return max(mean, stuck if stuck >= STUCK_SECONDS else 0.0)


def why_calls_wait(look: Look) -> Why | None:
    """The cause that the others follow from; None where calls do not wait.

    A lock comes first, since what is held makes nothing else slow; a slow commit comes before a long queue, since calls
    queue up behind it.
    """
    if look.held_seconds >= HELD_SECONDS:
        return Why.HOT_LOT if look.lot and look.gets_through else Why.LOCKED
    usual_seconds = PHASE_SECONDS + PHASE_SECONDS_A_CALL * (look.calls / look.batches if look.batches else 0.0)
    slowest = max(("commit", "load"), key=look.phase_mean_seconds)
    if look.phase_mean_seconds(slowest) >= usual_seconds:
        return Why.COMMIT if slowest == "commit" else Why.LOAD
    waited_seconds = look.waited_seconds / look.calls if look.calls else 0.0
    if look.put_back and look.put_back >= PUT_BACK_SHARE * look.calls:  # without a lot that is got: the next look says
        is_hot = look.lot and look.gets_through and waited_seconds >= WAITING_FOR_LOT_SECONDS
        return Why.HOT_LOT if is_hot else None
    return Why.QUEUE if waited_seconds >= WAITING_SECONDS else None


def shown(look: Look, why: Why) -> Mapping[str, Any]:
    """The numbers that say it, for a line of the log and for `status`; times in milliseconds or seconds."""
    match why:
        case Why.LOCKED:
            numbers: dict[str, Any] = {"calls_held": look.calls_held, "held_seconds": round(look.held_seconds, 1)}
            return numbers | ({"lot": look.lot} if look.lot else {})
        case Why.HOT_LOT:
            return {"lot": look.lot, "put_back": look.put_back, "waiting_ms": _waiting_millis(look)}
        case Why.COMMIT | Why.LOAD:
            return {"transaction_ms": round(look.phase_mean_seconds(why.value) * _MILLIS, 1)}
        case Why.QUEUE:
            return {"waiting_ms": _waiting_millis(look)}


def _waiting_millis(look: Look) -> float:
    return round(look.waited_seconds / max(look.calls, 1.0) * _MILLIS, 1)
