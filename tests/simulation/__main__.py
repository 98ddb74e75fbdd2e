"""Repeats one seed with its trace, or runs many.

python -m tests.simulation --seed 17
python -m tests.simulation --seeds 2000
"""

from __future__ import annotations

import argparse
import time
from collections import Counter

from tests.simulation.comparing import Apart
from tests.simulation.simulation import Simulation

SHOWN_MAX = 10


def main() -> None:
    """Exit 1 where a seed failed."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seed", type=int, help="the one to show, or the first of many")
    arguments.add_argument("--seeds", type=int, default=1, help="how many")
    given = arguments.parse_args()
    first = given.seed if given.seed is not None else 1
    raise SystemExit(show(first) if given.seeds == 1 else run_many(first, given.seeds))


def show(seed: int) -> int:
    """The trace of one."""
    simulation = Simulation(seed, traced=True)
    failure = ""
    try:
        simulation.run()
    except Apart as apart:
        failure = str(apart)
    print("\n".join(simulation.lines or []))
    print(f"seed {seed} {'failed: ' + failure if failure else 'is right'}")
    return bool(failure)


def run_many(first: int, count: int) -> int:
    """Those that fail, and how fast it was."""
    failed: list[int] = []
    ends: Counter[str] = Counter()
    begun = time.monotonic()
    for seed in range(first, first + count):
        simulation = Simulation(seed)
        try:
            simulation.run()
        except Apart as apart:
            failed.append(seed)
            if len(failed) <= SHOWN_MAX:
                print(f"seed {seed}: {apart}", flush=True)
        ends.update(call.outcome for call in simulation.calls)
    seconds = time.monotonic() - begun
    print(f"{count} seeds, {count / seconds:.0f} a second, {len(failed)} failed {failed[:SHOWN_MAX] or ''}")
    print(", ".join(f"{count} {reason}" for reason, count in ends.most_common()))
    return bool(failed)


if __name__ == "__main__":
    main()
