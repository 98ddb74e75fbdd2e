"""How much an engine has to do, for whoever looks beside the calls."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineLoad:
    """What an engine has to do at one moment.

    Attributes:
        calls_waiting: to be collected.
        calls_held: for what other transactions hold.
        held_seconds: for how long the one that is held the longest has been.
        held_for: the lot that this one waits for; empty for none, or where that is not known.
        phase: of the batch at work: load, decide or commit; empty where there is none.
        phase_seconds: for how long it has been in that phase.
        works_waiting: saves and imports.
        reads_waiting: for a thread.
        definitions_cached: in memory.
    """

    calls_waiting: int
    calls_held: int
    held_seconds: float
    held_for: str
    phase: str
    phase_seconds: float
    works_waiting: int
    reads_waiting: int
    definitions_cached: int
