"""What all processes of a server do together."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

SHOWN_MAX: Final = 10
_SUMS: Final = ("connections", "calls_in_progress", "calls_waiting", "calls_held", "works_waiting", "reads_waiting")


def together(said: Sequence[Mapping[str, Any]], paths: Mapping[str, str]) -> dict[str, Any]:
    """Sums, and the busiest of all.

    Args:
        said: what each process says, in the form of `live_status`.
        paths: of locations, by id.
    """
    oldest = [one["oldest_call"] for one in said if one["oldest_call"] is not None]
    behind = [watch for one in said for watch in one["watches_behind"]]
    locations = _added(said, "locations", "id", ("changes_per_second",))
    return {
        **{name: sum(one[name] for one in said) for name in _SUMS},
        "held_seconds": max((one["held_seconds"] for one in said), default=0.0),
        "oldest_call": max(oldest, key=lambda call: call["seconds"], default=None),
        "principals": _added(said, "principals", "principal", ("calls_per_second", "calls_in_progress")),
        "wait": _longest_wait(said),
        "lots_waited_for": _added(said, "lots_waited_for", "lot", ("waits_per_second",)),
        "refused_callers": _added(said, "refused_callers", "cause_and_principal", ("calls_per_second",)),
        "locations": [{**one, "path": paths.get(one["id"])} for one in locations],
        "watches": sum(one["watches"] for one in said),
        "watches_behind": sorted(behind, key=lambda watch: -watch["behind_seconds"])[:SHOWN_MAX],
    }


def _longest_wait(said: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Of the process whose calls are held the longest, where several say why theirs wait; older programs do not say."""
    waits = [one for one in said if one.get("wait") is not None]
    return max(waits, key=lambda one: one["held_seconds"])["wait"] if waits else None


def _added(said: Sequence[Mapping[str, Any]], name: str, key: str, numbers: Sequence[str]) -> list[dict[str, Any]]:
    """Those of a list with the same key added up; the busiest first, by the first number."""
    sums: defaultdict[str, dict[str, Any]] = defaultdict(lambda: dict.fromkeys(numbers, 0))
    for one in said:
        for entry in one.get(name, ()):
            for number in numbers:
                sums[entry[key]][number] += entry[number]
    rows = [{key: value, **{number: round(amount, 2) for number, amount in of.items()}} for value, of in sums.items()]
    return sorted(rows, key=lambda row: (-row[numbers[0]], row[key]))[:SHOWN_MAX]
