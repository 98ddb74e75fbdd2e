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
        "locations": [{**one, "path": paths.get(one["id"])} for one in locations],
        "watches": sum(one["watches"] for one in said),
        "watches_behind": sorted(behind, key=lambda watch: -watch["behind_seconds"])[:SHOWN_MAX],
    }


def _added(said: Sequence[Mapping[str, Any]], name: str, key: str, numbers: Sequence[str]) -> list[dict[str, Any]]:
    """Those of a list with the same key added up; the busiest first, by the first number."""
    sums: defaultdict[str, dict[str, Any]] = defaultdict(lambda: dict.fromkeys(numbers, 0))
    for one in said:
        for entry in one[name]:
            for number in numbers:
                sums[entry[key]][number] += entry[number]
    rows = [{key: value, **{number: round(amount, 2) for number, amount in of.items()}} for value, of in sums.items()]
    return sorted(rows, key=lambda row: (-row[numbers[0]], row[key]))[:SHOWN_MAX]
