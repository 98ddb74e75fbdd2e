"""Very many definitions: `python -m tests.exchange_at_size` measures 200,000 the same way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.exchange_at_size import measure

DEFINITIONS = 20_000
RESIDENT_KIBIBYTES_MORE_MAX = 96 * 1024
"""Page caches of the store's connections among them, which fill whatever the size."""


@pytest.mark.slow
def test_memory_stays_flat_whatever_the_size_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And nobody waits long for the one transaction; the figures are printed."""
    idle, *phases = measure(DEFINITIONS, tmp_path)
    with capsys.disabled():
        print("", idle, *phases, sep="\n")
    for phase in phases:
        assert phase.resident_kibibytes_max - idle.resident_kibibytes_max < RESIDENT_KIBIBYTES_MORE_MAX
