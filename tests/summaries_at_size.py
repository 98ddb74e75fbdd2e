"""Summaries of a very large stock: how long pages take, by what is grouped, on the embedded store.

    python -m tests.summaries_at_size [ROWS]

ROWS defaults to 1,000,000: of 1,000 materials, at 200 locations of 10 areas, a lot each; one in twenty is zero.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lotkeeper_server.domain.model.enumerations import LotRecordType
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.schema import tables
from sqlalchemy import insert

from tests.stored_plant import MADE, Reads, StoredPlant
from tests.stores import embedded_store_url

MATERIALS, AREAS, PLACES_OF_AREA = 1_000, 10, 20
_CHUNK_ROWS = 20_000
MATERIAL, LOT, LOCATION, STATUS = 1, 2, 3, 4
_COMMON: dict[str, Any] = {"created_millis": MADE, "created_by": "tester", "version": 1}


def fill(plant: StoredPlant, rows: int) -> None:
    """Lots with a record each, and what they left."""
    chance = random.Random(1)
    materials = [plant.material(f"Class/M{number}") for number in range(MATERIALS)]
    places = [plant.location(f"A{area}/P{place}") for area in range(AREAS) for place in range(PLACES_OF_AREA)]
    for _ in range(AREAS):
        plant.location(f"A{_}")
    for begin in range(0, rows, _CHUNK_ROWS):
        lots, stocks, records = [], [], []
        for number in range(begin, min(begin + _CHUNK_ROWS, rows)):
            lot, material, place = plant.new_id(), chance.choice(materials), chance.choice(places)
            quantity = 0 if chance.random() < 0.05 else chance.randrange(1, 10**9)
            lots.append(
                _COMMON
                | {"id": lot, "name": f"L{number}", "material_id": material, "status": 1 + number % 4}
                | {"unit_of_measure_id": plant.kg, "expiration_millis": None}
            )
            stocks.append({"location_id": place, "lot_id": lot, "material_id": material, "quantity": quantity})
            kind = {"lot_record_type": LotRecordType.PRODUCE, "destination_location_id": place}
            amount = {"source_quantity_change": 0, "destination_quantity_change": quantity * 1_000_000}
            records.append(
                plant.record_row({"lot_id": lot, "material_id": material, "end_millis": MADE + number} | kind | amount)
            )
        with plant.store.write() as connection:
            connection.execute(insert(tables.inventory_lot), lots)
            connection.execute(insert(tables.inventory_lot_record), records)
        plant.stocks(stocks)


def cases(rows: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is asked for."""
    yield "material", {"group_by": [MATERIAL]}
    yield "material, 1,000 a page", {"group_by": [MATERIAL], "page_size": 1000}
    yield "material and status", {"group_by": [MATERIAL, STATUS]}
    yield "material and location", {"group_by": [MATERIAL, LOCATION]}
    yield "material in an area", {"group_by": [MATERIAL], "location_id_or_path": "A1", "include_children": True}
    yield "material at a location", {"group_by": [MATERIAL], "location_id_or_path": "A1/P1"}
    yield "lot", {"group_by": [LOT]}
    yield "lot, 1,000 a page", {"group_by": [LOT], "page_size": 1000}
    yield "lot of a material", {"group_by": [LOT], "material_id_or_path": "Class/M1"}
    yield "location", {"group_by": [LOCATION]}
    yield "location of a material", {"group_by": [LOCATION], "material_id_or_path": "Class/M1"}
    yield "status", {"group_by": [STATUS]}
    yield "status in an area", {"group_by": [STATUS], "location_id_or_path": "A1", "include_children": True}
    then = {"as_of_millis": MADE + rows // 2}
    yield "material, then", {"group_by": [MATERIAL]} | then
    yield "location, then", {"group_by": [LOCATION]} | then
    yield "lot, then", {"group_by": [LOT]} | then


async def measure(reads: Reads, asked: dict[str, Any]) -> tuple[int, int, float]:
    """Summaries on the first two pages, the pages, and the slowest one in seconds."""
    slowest, token, found, pages = 0.0, "", 0, 0
    for _ in range(2):
        begun = time.perf_counter()
        page = await reads.summaries(**asked, page_token=token)
        slowest = max(slowest, time.perf_counter() - begun)
        found, pages, token = found + len(page.inventory_summaries), pages + 1, page.next_page_token
        if not token:
            break
    return found, pages, slowest


async def main(rows: int, folder: Path) -> None:
    """Fills a store, and asks."""
    store = Store(embedded_store_url(folder))
    begun = time.perf_counter()
    fill(StoredPlant(store), rows)
    print(f"filled in {time.perf_counter() - begun:.0f} s")
    async with Reads(store) as reads:
        for name, asked in cases(rows):
            found, pages, slowest = await measure(reads, asked)
            print(f"{name:28} {found:5} summaries on {pages} pages, the slowest {slowest * 1000:7.0f} ms", flush=True)
    store.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, Path(temporary)))
