"""A plant of a given size, made through the API and kept in a folder: lots that are produced, used up and scrapped.

Each tank has four definitions, and lots of one material. A lot is produced, falls nine times, and every second one
becomes empty. Ends of records are spread over the last days, as far back as a server allows by default.
"""

import asyncio
import itertools
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from lotkeeper import AsyncClient
from lotkeeper.inventory.v1 import enums_pb2, inventory_operation_pb2, master_data_pb2
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

from tests.plants import operation_type
from tests.server_process import ServerProcess

SPAN_MILLIS: Final = 6 * 24 * 3_600_000
RECORDS_A_LOT: Final = 10
KINDS: Final = ("PRODUCE", "CONSUME", "SCRAP", "SHIP")
_FALLS: Final = ("CONSUME",) * 6 + ("SCRAP",) + ("CONSUME",) * 2
_BATCH_REQUESTS: Final = 1_000
_IN_FLIGHT: Final = 16
_SAVED: Final = "complete"
_RARE_SHIP: Final = 500
"""One of so many lots is shipped in the end instead of consumed."""

Item = TypeVar("Item")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Size:
    """How large a plant is."""

    lots: int
    records: int
    definitions: int

    @property
    def tanks(self) -> int:
        """How many tanks; each has a definition of each kind."""
        return max(2, self.definitions // len(KINDS))

    @property
    def materials(self) -> int:
        """How many materials; each tank holds one."""
        return max(2, self.tanks // 10)

    @property
    def areas(self) -> int:
        """Each with tanks below it, a process operation and a production order."""
        return max(2, self.tanks // 25)


def grown(folder: Path, size: Size) -> ServerProcess:
    """A server on such a plant, which is made if it does not exist yet. The folder may be deleted at any time."""
    place = folder / f"{size.lots}-{size.records}-{size.definitions}"
    place.mkdir(parents=True, exist_ok=True)
    saved = place / _SAVED
    if not saved.exists():
        for left in place.glob("store.db*"):
            left.unlink()
    server = ServerProcess(place, ("--log-level", "error")).start()
    if not saved.exists():
        begun = time.perf_counter()
        try:
            asyncio.run(_grow(server, size))
            server.verify()
        except BaseException:
            server.kill()
            raise
        saved.touch()
        print(f"{size} made in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    return server


async def _grow(server: ServerProcess, size: Size) -> None:
    async with AsyncClient(server.address, token=server.token, timeout_seconds=120) as client:
        operations = await _define(client, size)
        done = 0
        for batch in _batches(_requests(size, operations)):
            results = await client.batch_execute_inventory_operations(batch, all_or_nothing=True)
            done += len(results)
            if done % (50 * _BATCH_REQUESTS) == 0:
                print(f"{done:,} of {size.records:,} records", file=sys.stderr)


async def _define(client: AsyncClient, size: Size) -> dict[tuple[str, int], str]:
    """Makes everything except lots and stock; returns the ids of the definitions by kind and tank."""
    data = master_data_pb2
    kg = await client.save_unit_of_measure(data.UnitOfMeasure(name="kilogram", symbol="kg"))
    kinds = await client.save_material_class(data.MaterialClass(name="Raw"))
    materials = await _each(
        range(size.materials),
        lambda number: client.save_material(
            data.Material(
                name=f"Material {number:04}",
                material_class_id=kinds.id,
                unit_of_measure_id=kg.id,
                shelf_life_days=3 if number % 2 else None,
            )
        ),
    )
    product = await client.save_material(data.Material(name="Product", unit_of_measure_id=kg.id))
    codes = await _each(
        range(10),
        lambda number: client.save_material_reason_code(data.MaterialReasonCode(reason_code=f"CODE-{number}")),
    )
    site = await client.save_location(data.Location(name="Site"))
    areas = await _each(
        range(size.areas),
        lambda number: client.save_location(data.Location(name=f"Area {number:03}", parent_id=site.id)),
    )
    orders = await _each(
        range(size.areas), lambda number: client.save_production_order(data.ProductionOrder(name=f"PO-{number:04}"))
    )
    runs = await _each(
        range(size.areas),
        lambda number: client.save_operation(
            data.Operation(name=f"Run {number:04}", current_production_order_id=orders[number].id)
        ),
    )
    tanks = await _each(
        range(size.tanks),
        lambda number: client.save_location(
            data.Location(name=f"Tank {number:05}", parent_id=areas[number % size.areas].id)
        ),
    )

    def definition(number: int) -> Awaitable[inventory_operation_pb2.InventoryOperation]:
        tank, kind = divmod(number, len(KINDS))
        place = "destination_location_id" if kind == 0 else "source_location_id"
        values: dict[str, Any] = {
            "name": f"{KINDS[kind].title()} at tank {tank:05}",
            "operation_type": operation_type(KINDS[kind]),
            place: tanks[tank].id,
            "operation_id": runs[tank % size.areas].id,
            "material_id": materials[tank % size.materials].id,
            "primary_lot_resolution_strategy": enums_pb2.LOT_RESOLUTION_STRATEGY_MANUAL,
            "secondary_lot_resolution_strategy": enums_pb2.LOT_RESOLUTION_STRATEGY_MANUAL,
            "create_lot_if_not_found": True,
        }
        if KINDS[kind] == "SCRAP":
            values["material_reason_code_id"] = codes[tank % len(codes)].id
        if KINDS[kind] == "CONSUME":
            values["secondary_material_id"] = product.id
        return client.save_inventory_operation(inventory_operation_pb2.InventoryOperation(**values))

    saved = await _each(range(size.tanks * len(KINDS)), definition)
    return {(KINDS[number % len(KINDS)], number // len(KINDS)): one.id for number, one in enumerate(saved)}


def _requests(size: Size, operations: dict[tuple[str, int], str]) -> Iterator[pb.ExecuteInventoryOperationRequest]:
    """In the order of their ends."""
    begin = time.time_ns() // 1_000_000 - SPAN_MILLIS
    falls = size.records // size.lots - 1
    for number in range(size.lots):
        tank = number % size.tanks
        end = begin + SPAN_MILLIS * number // size.lots
        common = {"primary_lot_id_or_name": f"LOT-{number:06}", "start_date_millis": end}
        yield pb.ExecuteInventoryOperationRequest(
            inventory_operation_id=operations["PRODUCE", tank], quantity=100, end_date_millis=end, **common
        )
        for fall in range(falls):
            kind = _FALLS[fall % len(_FALLS)]
            last = fall == falls - 1
            if last and number % _RARE_SHIP == 0:
                kind = "SHIP"
            quantity = 100 - 100 // (falls + 1) * (falls - 1) if last and number % 2 else 100 // (falls + 1)
            request = pb.ExecuteInventoryOperationRequest(
                inventory_operation_id=operations[kind, tank],
                quantity=quantity,
                end_date_millis=end + 1 + fall,
                **common,
            )
            if kind == "CONSUME":
                request.secondary_lot_id_or_name = f"OUT-{number // 100:05}"
            yield request


def _batches(requests: Iterable[Item]) -> Iterator[list[Item]]:
    walk = iter(requests)
    while batch := list(itertools.islice(walk, _BATCH_REQUESTS)):
        yield batch


async def _each(items: Iterable[Item], make: Callable[[Item], Awaitable[Made]]) -> list[Made]:
    """In their order, some at a time."""
    room = asyncio.Semaphore(_IN_FLIGHT)

    async def one(item: Item) -> Made:
        async with room:
            return await make(item)

    return await asyncio.gather(*(one(item) for item in items))
