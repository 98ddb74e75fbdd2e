"""What Python's programs are told, and what they tell."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from lotkeeper import LotkeeperError
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord


@dataclass(frozen=True)
class Order:
    """The arguments of a program.

    Attributes:
        address: of the server, from the environment; the client finds the token there by itself.
        operation_id: of the operation that is executed.
        calls: how many, numbered from 0.
        in_flight: how many at a time.
        timeout_seconds: of each.
        first_millis: start of call 0; that of each other one is its number later.
        lots: names; call NUMBER takes of the lot NUMBER modulo their count.
    """

    address: str
    operation_id: str
    calls: int
    in_flight: int
    timeout_seconds: float
    first_millis: int
    lots: tuple[str, ...]

    @classmethod
    def of(cls, words: Sequence[str]) -> Order:
        """Of the command line and the environment."""
        operation_id, calls, in_flight, timeout_seconds, first_millis, *lots = words
        return cls(
            os.environ["LOTKEEPER_ADDRESS"],
            operation_id,
            int(calls),
            int(in_flight),
            float(timeout_seconds),
            int(first_millis),
            tuple(lots),
        )

    def lot(self, number: int) -> str:
        """The lot of a call."""
        return self.lots[number % len(self.lots)]


def told_of_record(number: int, record: InventoryLotRecord) -> str:
    """The line of a call that was acknowledged."""
    return f"{number} record {record.id}"


def told_of_error(number: int, error: LotkeeperError) -> str:
    """The line of a call that was not."""
    return f"{number} error {error.code.name} {error.reason}".rstrip()
