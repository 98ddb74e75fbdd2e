"""A plant written straight into a store's tables, so that thousands of rows take a moment, and its reads.

Ids are made of a kind and a number, so that their order is the test's to say. Quantities are in units.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from lotkeeper.inventory.v1 import inventory_lot_record_pb2, inventory_pb2
from lotkeeper.inventory.v1 import inventory_service_pb2 as pb
from lotkeeper_server.access.directory import Admission, Directory
from lotkeeper_server.domain.model.audit import Origin
from lotkeeper_server.domain.model.enumerations import LotRecordType, LotStatus, Status
from lotkeeper_server.domain.model.identifiers import format_id
from lotkeeper_server.domain.refusals import Refusal, Refused
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.gate.call import Call
from lotkeeper_server.rpc.gate.doorway import confirm_by
from lotkeeper_server.rpc.methods.stock_reads import StockReads
from lotkeeper_server.rpc.methods.stock_summaries import StockSummaries
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.feed.numbering import leave_pending
from lotkeeper_server.store.schema import tables
from sqlalchemy import Table, insert, update

MADE = 1_750_000_000_000
LETTER = 10 << 120
"""An `A` in a ULID: digits alone are none."""
CALL = Call(Admission("tester", frozenset({"*"}), "INVENTORY.READ", bytes(32), 0), Origin("ListInventory"), None)


@dataclass
class StoredPlant:
    """Kilogram and milk, and whatever a test adds.

    Attributes:
        numbers: of which ids are made; those of a second plant in a store are others.
        prefix: of the names of these two.
    """

    store: Store
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    prefix: str = ""

    def __post_init__(self) -> None:
        self.kg = self._one(tables.unit_of_measure, name=f"{self.prefix}kilogram", symbol=f"{self.prefix}kg")
        self.milk = self.material(f"{self.prefix}Milk")

    def new_id(self) -> bytes:
        """Ids that grow, whatever they are of."""
        return (LETTER + next(self.numbers)).to_bytes(16, "big")

    def material(self, path: str, **more: Any) -> bytes:
        """A material in kilogram."""
        values = {"name": path.rpartition("/")[2][:255], "path": path, "unit_of_measure_id": self.kg} | more
        return self._one(tables.material, **values)

    def unit(self, name: str) -> bytes:
        """A unit of measure, its name being its symbol."""
        return self._one(tables.unit_of_measure, name=name, symbol=name)

    def conversion(self, from_unit: bytes, to_unit: bytes, factor: str, material: bytes | None = None) -> bytes:
        """A conversion; of every material if none is given."""
        units = {"from_unit_id": from_unit, "to_unit_id": to_unit, "factor": factor}
        of_material = {"material_id": material, "material_key": material or bytes(16)}
        return self._one(tables.unit_of_measure_conversion, **units, **of_material)

    def location(self, path: str) -> bytes:
        """A location; what is above it need not be there."""
        kinds = {"type": 8, "process_type": 1, "lot_storage_strategy": 1, "lot_use_strategy": 1}
        return self._one(tables.location, name=path.rpartition("/")[2][:255], path=path, **kinds)

    def production_order(self, name: str, **more: Any) -> bytes:
        """An order without a product."""
        return self._one(tables.production_order, name=name, status=Status.IDLE, **more)

    def reason_code(self, code: str) -> bytes:
        """A reason code for every type."""
        return self._one(tables.material_reason_code, reason_code=code)

    def inventory_operation(self, name: str) -> bytes:
        """A definition with every vocabulary's first value."""
        kinds = [column.name for column in tables.inventory_operation.c if column.name.endswith(_VOCABULARIES)]
        values = dict.fromkeys(kinds, 1) | {"unit_of_measure_resolution_strategy": 1}
        return self._one(tables.inventory_operation, name=name, route=bytes(32), **values)

    def lot(self, name: str, material: bytes | None = None, **more: Any) -> bytes:
        """An open lot in kilogram."""
        values = {"status": LotStatus.OPEN, "unit_of_measure_id": self.kg, "material_id": material or self.milk} | more
        return self._one(tables.inventory_lot, name=name, **values)

    def lots_numbered(self, count: int) -> None:
        """Lots N0, N1 ... of milk in every status but CLOSED, by turns, that expire one millisecond after another."""
        rows = [
            _COMMON
            | {"id": self.new_id(), "name": f"N{number}", "material_id": self.milk, "status": 1 + number % 5}
            | {"unit_of_measure_id": self.kg, "expiration_millis": number}
            for number in range(count)
        ]
        self._many(tables.inventory_lot, rows)

    def stock(self, location: bytes, lot: bytes, quantity: int, **more: Any) -> None:
        """An inventory row."""
        self.stocks([{"location_id": location, "lot_id": lot, "quantity": quantity} | more])

    def stocks(self, rows: Iterable[dict[str, Any]]) -> None:
        """Many inventory rows."""
        defaults: dict[str, Any] = {
            "material_id": self.milk,
            "name": "",
            "production_order_id": None,
            "arrived_order": 1,
            "arrived_millis": None,
            "arrived_record_id": None,
            "changed_order": 1,
        }
        made = [defaults | row | {"quantity": row["quantity"] * 1_000_000} for row in rows]
        self._many(tables.inventory, [row | {"in_stock": row["quantity"] > 0} for row in made])

    def record(self, lot: bytes, end: int | None, **more: Any) -> bytes:
        """A record; without an end it is RUNNING since `start_millis`."""
        return self.records([{"lot_id": lot, "end_millis": end} | more])[0]

    def records(self, rows: Iterable[dict[str, Any]]) -> list[bytes]:
        """Many records, in one transaction."""
        made = [self.record_row(row) for row in rows]
        self._many(tables.inventory_lot_record, made)
        return [row["id"] for row in made]

    def end(self, record: bytes, status: Status, **more: Any) -> None:
        """Completes or cancels a record that is RUNNING."""
        table = tables.inventory_lot_record
        values = {"status": status, "end_millis": MADE, "moment_millis": MADE, "effect_order": 1} | more
        with self.store.write() as connection:
            connection.execute(update(table).where(table.c.id == record).values(values))
            if status is Status.COMPLETED:
                leave_pending(connection, [(values["effect_order"], record)])

    def record_row(self, row: dict[str, Any]) -> dict[str, Any]:
        """The row of a record, which is not written."""
        end = row["end_millis"]
        values: dict[str, Any] = {
            "id": self.new_id(),
            "lot_record_type": LotRecordType.CONSUME,
            "status": Status.RUNNING if end is None else Status.COMPLETED,
            "secondary_lot_id": None,
            "material_id": self.milk,
            "inventory_operation_id": None,
            "production_order_id": None,
            "material_reason_code_id": None,
            "source_location_id": None,
            "destination_location_id": None,
            "lot_status": LotStatus.OPEN,
            "quantity": 0,
            "unit_of_measure_id": self.kg,
            "start_millis": end,
            "effect_order": 1,
            "notes": "",
        } | row
        moment = values["start_millis"] if end is None else end
        return _COMMON | {"moment_millis": moment} | values

    def _one(self, table: Table, **values: Any) -> bytes:
        identifier = self.new_id()
        self._many(table, [_COMMON | {"id": identifier} | values])
        return identifier

    def _many(self, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        with self.store.write() as connection:
            connection.execute(insert(table), rows)
            if table is tables.inventory_lot_record:
                done = [row for row in rows if row["status"] == Status.COMPLETED]
                leave_pending(connection, [(row["effect_order"], row["id"]) for row in done])


_VOCABULARIES = ("_type", "_source", "_strategy")
_COMMON = {"created_millis": MADE, "created_by": "tester", "version": 1}


@dataclass
class Reads:
    """The servicer of stock and history on a real engine, without the wire."""

    store: Store

    async def __aenter__(self) -> Reads:
        self.engine = Engine(self.store, confirm_by(Directory()))
        self.servicer = StockReads(self.engine)
        self.summing = StockSummaries(self.engine)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.engine.close()

    async def inventory(self, **asked: Any) -> pb.ListInventoryResponse:
        """A page of stock."""
        return await self.servicer.ListInventory(pb.ListInventoryRequest(**asked), CALL)

    async def records(self, **asked: Any) -> pb.ListInventoryLotRecordsResponse:
        """A page of records."""
        return await self.servicer.ListInventoryLotRecords(pb.ListInventoryLotRecordsRequest(**asked), CALL)

    async def record(self, record_id: str) -> inventory_lot_record_pb2.InventoryLotRecord:
        """A record."""
        request = pb.GetInventoryLotRecordRequest(inventory_lot_record_id=record_id)
        return (await self.servicer.GetInventoryLotRecord(request, CALL)).inventory_lot_record

    async def record_ids(self, **asked: Any) -> list[str]:
        """All pages."""
        page = await self.records(**asked)
        ids = [one.id for one in page.inventory_lot_records]
        while page.next_page_token:
            page = await self.records(**(asked | {"page_token": page.next_page_token}))
            ids += [one.id for one in page.inventory_lot_records]
        return ids

    async def summaries(self, **asked: Any) -> pb.SummarizeInventoryResponse:
        """A page of summaries of stock."""
        return await self.summing.SummarizeInventory(pb.SummarizeInventoryRequest(**asked), CALL)

    async def all_summaries(self, **asked: Any) -> list[inventory_pb2.InventorySummary]:
        """All pages."""
        page = await self.summaries(**asked)
        found = list(page.inventory_summaries)
        while page.next_page_token:
            page = await self.summaries(**(asked | {"page_token": page.next_page_token}))
            found += page.inventory_summaries
        return found

    async def inventory_rows(self, **asked: Any) -> list[inventory_pb2.Inventory]:
        """All pages."""
        page = await self.inventory(**asked)
        rows = list(page.inventory)
        while page.next_page_token:
            page = await self.inventory(**(asked | {"page_token": page.next_page_token}))
            rows += page.inventory
        return rows


def texts(identifiers: Iterable[bytes]) -> list[str]:
    """Ids as they are on the wire."""
    return [format_id(identifier) for identifier in identifiers]


def facts(refused: Refused) -> tuple[str, str, dict[str, str], list[str]]:
    """Code, reason, metadata and the fields at fault."""
    refusal: Refusal = refused.refusal
    return (
        refusal.code.name,
        refusal.reason,
        dict(refusal.metadata),
        [one.field for one in refusal.violations],
    )
