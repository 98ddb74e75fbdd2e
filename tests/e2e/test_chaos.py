"""A short run of `python -m tests.chaos`, each time another one."""

from __future__ import annotations

import random
import sys
from pathlib import Path

from tests.chaos import run

SECONDS = 10.0


def test_whatever_fails_no_answer_and_no_record_is_lost_or_doubled(tmp_path: Path) -> None:
    """Processes and PostgreSQL are killed and frozen, connections and commits lost, at random."""
    seed = random.randrange(1_000_000)
    sys.stdout.write(f"seed {seed}\n")
    sys.stdout.write(run(SECONDS, seed, tmp_path) + "\n")
