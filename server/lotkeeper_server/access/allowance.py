"""What one principal may take of a server at once, and in a second."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Self


@dataclass(frozen=True, slots=True)
class Allowance:
    """The limits of a principal; 0 is none.

    Attributes:
        calls_in_flight_max: calls in progress, streams among them.
        streams_max: watches, imports and exports in progress.
        commands_per_second_max: a batch counts as many as it holds, any other call is one.
        bytes_per_second_max: of requests, and of answers to reads and of streams.
    """

    calls_in_flight_max: int = 1_024
    streams_max: int = 256
    commands_per_second_max: int = 0
    bytes_per_second_max: int = 0

    @property
    def has_rates(self) -> bool:
        """Whether anything is limited by the second."""
        return bool(self.commands_per_second_max or self.bytes_per_second_max)

    @classmethod
    def most_generous(cls, several: Iterable[Self]) -> Self:
        """The largest of each limit.

        Args:
            several: at least one.
        """
        given = list(several)
        return cls(*(_largest([getattr(one, name) for one in given]) for name in NAMES))


NAMES = tuple(one.name for one in fields(Allowance))
"""Of the limits; a role's columns have the same names."""


def _largest(limits: list[int]) -> int:
    return 0 if 0 in limits else max(limits)
