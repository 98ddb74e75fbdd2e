"""What a check has found."""

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """How it is."""

    OK = "ok"
    WARNING = "warning"
    """A server starts, and may have trouble later."""
    FAULT = "fault"
    """A server would not start, or could not serve."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line.

    Attributes:
        check: what was looked at, in a word.
        state: how it is.
        found: what was found, without a full stop.
        advice: what to do; empty where there is nothing.
    """

    check: str
    state: State
    found: str
    advice: str = ""


def ok(check: str, found: str) -> Finding:
    """It is as it should be."""
    return Finding(check, State.OK, found)


def warning(check: str, found: str, advice: str) -> Finding:
    """A server starts, and may have trouble later."""
    return Finding(check, State.WARNING, found, advice)


def fault(check: str, found: str, advice: str = "") -> Finding:
    """A server would not start; the text of an error of `serve` often has its advice in it."""
    return Finding(check, State.FAULT, found, advice)
