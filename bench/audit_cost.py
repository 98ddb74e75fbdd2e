"""What events of who did what cost of B1: processor time of an Execute with them and without, by turns.

`python -m bench.audit_cost [PAIRS [SECONDS]]`: two servers, one of which makes no events. Not a figure of `make bench`,
since no server can be told so.
"""

import statistics
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.served import EXECUTE, USUAL_FLAGS, Bench, plant_of_lots
from tests.server_process import ServerProcess

_WITHOUT: Final = """
from lotkeeper_server.engine import loop
loop.events_of_commands = lambda *_arguments: []
from lotkeeper_server.cli.main import main
main()
"""
WARMING_SECONDS: Final = 2.0


def measure(pairs: int, seconds: float) -> list[tuple[float, float]]:
    """Microseconds of the server's processor for a call, with events and without, of each pair.

    Args:
        pairs: how many; which of the two is first changes.
        seconds: of each run.
    """
    with TemporaryDirectory() as name, ExitStack() as ending:
        runs = []
        for kind, program in (("with", None), ("without", (sys.executable, "-c", _WITHOUT, "serve"))):
            folder = Path(name) / kind
            folder.mkdir()
            server = ServerProcess(folder, USUAL_FLAGS, database_url=f"sqlite:///{folder}/store.db")
            if program is not None:
                server.program = program
            ending.push(server.__exit__)
            server.start()
            bench = Bench(server, kind)
            runs.append(partial(_micros, bench, plant_of_lots(bench)))
            runs[-1](WARMING_SECONDS)
        found = []
        for number in range(pairs):
            order = (0, 1) if number % 2 == 0 else (1, 0)
            took = {which: runs[which](seconds) for which in order}
            found.append((took[0], took[1]))
        return found


def _micros(bench: Bench, bodies: list[bytes], seconds: float) -> float:
    outcome = bench.run(EXECUTE, bodies, seconds)
    return outcome.micros_a_call(outcome.server_seconds)


def main(pairs: int = 6, seconds: float = 8.0) -> None:
    """Prints each pair, and the share of the median."""
    found = measure(pairs, seconds)
    for with_events, without in found:
        print(f"{with_events:.1f} µs with, {without:.1f} µs without: {1 - without / with_events:.1%}")
    share = statistics.median(1 - without / with_events for with_events, without in found)
    print(f"events are {share:.1%} of an Execute's processor time (median of {pairs} pairs)")


if __name__ == "__main__":
    main(*(kind(text) for kind, text in zip((int, float), sys.argv[1:], strict=False)))
