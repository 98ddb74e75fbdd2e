"""Plays random plants against the model for as long as it is given, one seed after another.

python -m tests.property.soak --seconds 600 --seed 1
"""

from __future__ import annotations

import argparse
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

import grpc

from tests.property import playing
from tests.property.random_plants import Dice
from tests.server_process import ServerProcess

SHOWN_MAX = 20


def main() -> None:
    """Exit 1 where the server and the model disagree; the seeds and how are printed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=60.0)
    arguments.add_argument("--seed", type=int, default=1, help="the first one")
    arguments.add_argument("--count", type=int, default=0, help="so many seeds instead of so many seconds")
    given = arguments.parse_args()
    failed: Counter[str] = Counter()
    seed, until = given.seed, time.monotonic() + given.seconds
    with tempfile.TemporaryDirectory() as folder, ServerProcess(Path(folder)) as server:
        with grpc.insecure_channel(server.address) as channel:
            while (seed < given.seed + given.count) if given.count else (time.monotonic() < until):
                try:
                    playing.play(channel, server.token, Dice.of_seed(seed), f"S{seed}")
                except (AssertionError, grpc.RpcError) as error:
                    last = [one for one in traceback.extract_tb(error.__traceback__) if "/tests/" in one.filename][-1]
                    failed[f"{Path(last.filename).name}:{last.lineno}"] += 1
                    if failed.total() <= SHOWN_MAX:
                        print(f"seed {seed}: {error} {' '.join(getattr(error, '__notes__', []))}", flush=True)
                seed += 1
        server.verify()
    print(f"{seed - given.seed} plants, {failed.total()} disagree {dict(failed) or ''}")
    raise SystemExit(bool(failed))


if __name__ == "__main__":
    main()
