"""How long the tests take: B14."""

import subprocess
import time
from collections.abc import Iterator
from typing import Final

from bench.figures import Figure, Result
from bench.served import Conditions

WHAT: Final = "`make test`, whole"
SECONDS_MAX: Final = 1_800


def measure(_conditions: Conditions) -> Iterator[Result]:
    """Runs it; only on request, since it takes as long as all other figures."""
    begun = time.perf_counter()
    done = subprocess.run(["make", "test"], capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    minutes = (time.perf_counter() - begun) / 60
    assert done.returncode == 0, done.stdout[-4_000:]
    yield Figure("B14", WHAT, "", [minutes], "min", [minutes])
