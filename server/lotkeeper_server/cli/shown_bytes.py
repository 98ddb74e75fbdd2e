"""Amounts for people."""

from typing import Final

_MEBIBYTE: Final = 1_048_576
_PER_GIBIBYTE: Final = 1_024


def shown_bytes(count: float) -> str:
    """In MiB or GiB, rounded."""
    mebibytes = count / _MEBIBYTE
    return f"{mebibytes / _PER_GIBIBYTE:.1f} GiB" if mebibytes >= _PER_GIBIBYTE else f"{mebibytes:.1f} MiB"
