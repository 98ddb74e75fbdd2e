"""What `lotkeeper check` finds, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """How something stands."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
        check: such as `address`.
        state: how it stands.
        text: what was seen.
        advice: what to do; empty where there is nothing to do.
    """

    check: str
    state: State
    text: str
    advice: str = ""
