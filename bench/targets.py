"""The target of each figure, and what limits it if it misses that: both by the numbers of docs/benchmarks.md."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Target:
    """A figure's minimum and its aim; or its maximum, for figures that should be small."""

    reach: float
    aim: float
    at_most: bool = False

    def met_by(self, value: float) -> bool:
        """Whether the value reaches the minimum."""
        return value <= self.reach if self.at_most else value >= self.reach

    def __str__(self) -> str:
        sign = "≤" if self.at_most else "≥"
        return f"{sign} {self.reach:g} / {sign} {self.aim:g}"


def at_most(reach: float, aim: float) -> Target:
    """A target for a figure that should be small."""
    return Target(reach, aim, at_most=True)


TARGETS: Final = {
    "B1": Target(1.2, 1.6),
    "B1u": Target(1.0, 1.5),
    "B2": Target(1.2, 1.6),
    "B3": Target(2.5, 4),
    "B4 p50": at_most(2.0, 1.4),
    "B4 p99": at_most(5, 3),
    "B4 p50, PostgreSQL": at_most(4.5, 3),
    "B4 p99, PostgreSQL": at_most(10, 6),
    "B5": Target(1.0, 1.1),
    "B6": Target(1.1, 1.5),
    "B7": Target(0.9, 0.97),
    "B8": Target(0.9, 0.97),
    "B9": Target(0.95, 0.98),
    "B9 5 s later": Target(0.95, 0.98),
    "B9 memory": at_most(1.05, 1.05),
    "B9 refusals": at_most(250, 125),
    "B10": at_most(1.1, 1.03),
    "B10 idle": at_most(80, 70),
    "B11": at_most(2.5, 1.8),
    "B12": Target(0.93, 0.97),
    "B13 first page": Target(0.9, 1.0),
    "B13 page 10,000": Target(0.9, 1.0),
    "B14": at_most(10, 5),
    "B15 Execute": at_most(5, 2),
    "B15 lists": at_most(5, 2),
    "B17": Target(2, 4),
}
"""If a figure has no target of its own for a store, the target for all stores counts."""

_OF_AN_EXECUTE: Final = (
    "of some 190 µs of processor time a call, in batches of 118, the transport takes 45 to 60, loads 27, rules 27, "
    "writes 28, the commit 14, request and answer 20; no function takes more than a few per cent, except SQLite's "
    "inserts and commit and the system's sendmsg, one for each answer. While the commit syncs, 7 % of the time, a "
    "single core has nothing to do"
)
_OF_THE_FLOOD: Final = (
    "a call takes as much processor time beside the flood (164 to 181 µs) as before (165) and after it (168 to 186): "
    "what differs is the machine's own rate from second to second, and a store that has grown by some 60,000 records"
)
LIMITS: Final = {
    "B1": _OF_AN_EXECUTE,
    "B1u": _OF_AN_EXECUTE,
    "B3": "an execute in a batch still costs its loads, rules, writes and its part of the answer, some 115 µs; of the "
    "transport it needs a hundredth",
    "B4 p99": "the machine's spread on top of the p50: it is 2.9 times that, as the own echo's is, and a durable "
    "commit's is 6.0 times its own",
    "B4 p99, PostgreSQL": "the p50: it is 2.0 times that, while the own echo's is 3.8 times its own",
    "B15 Execute, batches, PostgreSQL": "a call waits for the batch of 1,000 that has begun, which is one transaction",
    "B17": "the threads that have looked at the store write the refusals, and contend for Python's lock with the "
    "polling thread: of 140 µs of processor time each the sending takes 49, the polling 23",
    "B2": "the thread that decides waits for PostgreSQL's commit 40 % of the time, and 40 % for calls: of 222 µs of "
    "processor time a call the polling thread needs 137. PostgreSQL and the generator share the two cores",
    "B3, PostgreSQL": "the thread that decides waits for PostgreSQL's commit 56 % of the time; of 104 µs of processor "
    "time an execute, rules take 26 and loads 23",
    "B4 p50, PostgreSQL": "a call waits for PostgreSQL three times, one behind the other, the last time for its commit",
    "B4 p50": "a transaction of one call costs 1.1 ms of processor time: the commit 0.3, as it writes 11 pages where "
    "the reference writes 1, beginning and loads 0.28, writes 0.1, rules 0.09, the rest in the layers between",
    "B7": "a random lot among 100,000 (or a million) touches pages of 13 indexes that no other call of its batch "
    "touches: more pages a commit",
    "B9": _OF_THE_FLOOD,
    "B9 5 s later": _OF_THE_FLOOD,
    "B10 idle": "grpcio's library takes 30 MB, SQLAlchemy 16, the settings' library 11",
    "B11": "imports: the libraries of B10 idle, and what a server needs besides",
}
"""From profiles: py-spy (`python -m bench.profiled`), and processor time taken around loads, rules, writes and commit.

They must be checked again when the code changes. A figure that is not here has no profile yet."""


def target_of(number: str) -> Target | None:
    """The target of that figure; None if it has none."""
    return TARGETS.get(number) or TARGETS.get(number.partition(",")[0])


def limit_of(number: str) -> str:
    """What limits that figure; empty if no profile has shown it yet."""
    return LIMITS.get(number, "")


def base_of(number: str) -> str:
    """The number in the table: B4 of "B4 p99, PostgreSQL"."""
    return number.replace(",", " ").split()[0]
