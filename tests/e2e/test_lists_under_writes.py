"""What was there throughout and did not change comes exactly once, nothing comes twice, whatever is written by then."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from lotkeeper import Client
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

from tests.plants import ServedPlant
from tests.server_process import ServerProcess

FIRST = 300


@contextmanager
def writing(server: ServerProcess, write: Callable[[Client, int], None]) -> Iterator[threading.Event]:
    """Writes without a pause while the block runs, on a connection of its own; the event is set once it has begun."""
    ended, begun = threading.Event(), threading.Event()

    def run() -> None:
        with Client(server.address, token=server.token) as client:
            number = 0
            while not ended.is_set():
                write(client, number)
                begun.set()
                number += 1

    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(run)
        try:
            yield begun
        finally:
            ended.set()
        written.result(30)


def batch(client: Client, operation_id: str, lots: list[str], **more: Any) -> list[str]:
    """Executes for each lot; the ids of the records."""
    requests = [
        pb.ExecuteInventoryOperationRequest(
            inventory_operation_id=operation_id, primary_lot_id_or_name=lot, quantity=1, **more
        )
        for lot in lots
    ]
    results = client.batch_execute_inventory_operations(requests, all_or_nothing=True)
    return [one.response.inventory_lot_record.id for one in results]


@pytest.mark.parametrize("oldest_first", [False, True])
def test_records_come_once_while_others_are_written(
    server: ServerProcess, client: Client, *, oldest_first: bool
) -> None:
    """With moments before, among and behind those there were; by material, by a location and below, by operation."""
    plant = ServedPlant(client)
    line = plant.location("Line", parent_id=plant.silo.id)
    produce = plant.operation("PRODUCE", destination_location_id=line.id)
    lots = [f"LOT-{number % 7}" for number in range(FIRST)]
    there = set(batch(client, produce.id, lots))
    now = client.get_inventory_lot_record(next(iter(there))).end_date.ToMilliseconds()

    def write(writer: Client, number: int) -> None:
        end = now - 1_000 + 37 * number % 2_000
        batch(writer, produce.id, ["LOT-1", "LOT-9"], start_date_millis=end, end_date_millis=end)

    for asked in (
        {"material_id_or_path": plant.milk.path},
        {"location_id_or_path": plant.silo.path, "include_children": True},
        {"inventory_operation_id": produce.id},
    ):
        with writing(server, write) as begun:
            assert begun.wait(30)
            came = [
                record.id
                for record in client.list_inventory_lot_records(**asked, oldest_first=oldest_first, page_size=11)
            ]
        assert len(came) == len(set(came))
        assert there <= set(came)


def test_stock_and_lots_come_once_while_others_are_written(server: ServerProcess, client: Client) -> None:
    """New rows lie among the old ones; rows that run empty leave the list, and those that stayed full come once."""
    plant = ServedPlant(client)
    places = [plant.location(f"Tank {number}", parent_id=plant.silo.id) for number in range(3)]
    produces = [plant.operation("PRODUCE", destination_location_id=place.id) for place in places]
    consume = plant.operation("CONSUME", source_location_id=places[1].id)
    names = [f"LOT-{number:03}" for number in range(FIRST // 3)]
    for produce in produces:
        batch(client, produce.id, names)
    stays = {(place.id, name) for place in places for name in names} - {(places[1].id, name) for name in names[:50]}

    def write(writer: Client, number: int) -> None:
        batch(writer, produces[number % 3].id, [f"NEW-{number}"])
        if number < 50:
            batch(writer, consume.id, [names[number]])

    with writing(server, write) as begun:
        assert begun.wait(30)
        rows = [
            (row.location_id, row.inventory_lot_name)
            for row in client.list_inventory(location_id_or_path=plant.silo.id, include_children=True, page_size=7)
        ]
        lots = [lot.name for lot in client.list_lots(material_id_or_path=plant.milk.id, page_size=7)]
    assert len(rows) == len(set(rows))
    assert stays <= set(rows)
    assert len(lots) == len(set(lots))
    assert set(names) <= set(lots)
