"""What begins anew in a forked process: what other threads held at the time of the fork is held there for ever."""

from __future__ import annotations

import os
import weakref
from typing import Final, Protocol


class BeginsAnew(Protocol):
    """What a forked process has inherited."""

    def leave_to_parent(self) -> None:
        """In the forked process: lets go of what is the parent's, without touching it."""


_EVERY: Final[weakref.WeakSet[BeginsAnew]] = weakref.WeakSet()


def begins_anew_after_fork(inherited: BeginsAnew) -> None:
    """Has it told, in each forked process, for as long as it lives."""
    _EVERY.add(inherited)


def _leave_to_parent() -> None:
    for inherited in list(_EVERY):
        inherited.leave_to_parent()


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(after_in_child=_leave_to_parent)
