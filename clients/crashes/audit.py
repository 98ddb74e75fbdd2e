"""A plant for one round, and the books of it: what the program told beside what the store has."""

from __future__ import annotations

import contextlib
import secrets
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from lotkeeper import AlreadyExists, Client, actions
from lotkeeper.inventory.v1 import enums_pb2, inventory_operation_pb2, master_data_pb2
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord

LOTS: Final = 4
RECEIVED: Final = 1_000
"""Of each lot, more than all calls together take: what counts twice is to be seen, not refused."""
UNKNOWN_CODES: Final = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED"})
"""Errors after which a call may have been done or not; any other has no place here."""


@dataclass
class Told:
    """What a program told, by the calls' numbers.

    Attributes:
        records: the record of each call that was acknowledged.
        errors: the code and reason of each call that was not.
        faults: lines that are none of these, and calls that were told twice.
    """

    records: dict[int, str] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        """Takes a line of the program."""
        match line.split():
            case [number, "record", record] if number.isdigit():
                self._put(self.records, int(number), record)
            case [number, "error", code, *reason] if number.isdigit() and len(reason) <= 1:
                self._put(self.errors, int(number), " ".join([code, *reason]))
            case _:
                self.faults.append(f"this says nothing of a call: {line!r}")

    def _put(self, told: dict[int, str], number: int, text: str) -> None:
        if number in self.records or number in self.errors:
            self.faults.append(f"call {number} ended twice")
        told[number] = text


class Plant:
    """Milk in a few lots in a silo, and an operation that consumes it.

    Attributes:
        operation_id: of the operation.
        lots: names; call NUMBER takes 1 of the lot NUMBER modulo their count.
    """

    def __init__(self, client: Client) -> None:
        """Makes it, under names that no other round has."""
        self._client = client
        mark = secrets.token_hex(4)
        self._milk, self._silo = f"Milk-{mark}", f"Silo-{mark}"
        self.lots = [f"M{number}-{mark}" for number in range(LOTS)]
        with contextlib.suppress(AlreadyExists):  # from the round before
            client.save_unit_of_measure(master_data_pb2.UnitOfMeasure(name="kilogram", symbol="kg"))
        client.save_material(master_data_pb2.Material(name=self._milk, unit_of_measure_symbol="kg"))
        client.save_location(master_data_pb2.Location(name=self._silo))
        operation = client.save_inventory_operation(
            inventory_operation_pb2.InventoryOperation(
                name=f"Consume-{mark}",
                operation_type=enums_pb2.INVENTORY_OPERATION_TYPE_CONSUME,
                source_location_path=self._silo,
                material_path=self._milk,
                unit_of_measure_symbol="kg",
                primary_lot_resolution_strategy=enums_pb2.LOT_RESOLUTION_STRATEGY_MANUAL,
            )
        )
        self.operation_id = operation.id
        client.execute_inventory_actions(
            actions.receive(
                lot, str(RECEIVED), material=self._milk, destination=self._silo, create_lot_if_not_found=True
            )
            for lot in self.lots
        )

    def differences(self, told: Told, calls: int, first_millis: int) -> list[str]:
        """Where what was told is not what is in the store; empty where the books agree.

        Args:
            told: by the program, at its end.
            calls: how many it was to make, numbered from 0.
            first_millis: start of call 0; that of each other one is its number later, by which its records are known.
        """
        records = list(
            self._client.list_inventory_lot_records(inventory_operation_id=self.operation_id, page_size=1_000)
        )
        by_call: dict[int, list[InventoryLotRecord]] = defaultdict(list)
        for record in records:
            by_call[record.start_date.ToMilliseconds() - first_millis].append(record)
        wrong = list(told.faults)
        missing = sorted(set(range(calls)) - told.records.keys() - told.errors.keys())
        if missing:
            wrong.append(f"of {len(missing)} calls nothing was told, the first is {missing[0]}")
        if strange := sorted(by_call.keys() - set(range(calls))):
            wrong.append(f"records of calls that were none: {strange}")
        for number in range(calls):
            wrong += self._of_call(number, by_call[number], told)
        return wrong + self._of_stock(records)

    def _of_call(self, number: int, records: list[InventoryLotRecord], told: Told) -> list[str]:
        """What is wrong with one call."""
        wrong = []
        if len(records) > 1:
            wrong.append(f"call {number} counts {len(records)} times")
        lot = self.lots[number % len(self.lots)]
        if any(record.inventory_lot_name != lot or record.exact_quantity.value != "1" for record in records):
            wrong.append(f"call {number} has taken something else than 1 of {lot}")
        acknowledged, error = told.records.get(number), told.errors.get(number)
        if acknowledged is not None and [record.id for record in records] != [acknowledged]:
            wrong.append(f"call {number} was acknowledged with {acknowledged}, and has {[one.id for one in records]}")
        if error is not None and error.partition(" ")[0] not in UNKNOWN_CODES:
            wrong.append(f"call {number} ended with {error}, which nothing here gives a reason for")
        return wrong

    def _of_stock(self, records: list[InventoryLotRecord]) -> list[str]:
        """Where stock is not what the records leave."""
        expected = {lot: RECEIVED - sum(one.inventory_lot_name == lot for one in records) for lot in self.lots}
        rows = self._client.list_inventory(location_id_or_path=self._silo, include_empty=True)
        stock = {row.inventory_lot_name: int(row.exact_quantity.value) for row in rows}
        return [] if stock == expected else [f"stock is {stock}, and must be {expected}"]
