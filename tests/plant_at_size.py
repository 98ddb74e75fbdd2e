"""A very large plant as one document: how long it takes, and how long other calls wait meanwhile.

    python -m tests.plant_at_size [ENTRIES]

ENTRIES defaults to 40,000: locations, materials, lots, and opening stock of each lot, a quarter each.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from lotkeeper import Client
from lotkeeper.inventory.v1 import enums_pb2, master_data_service_pb2

from tests.exchange_at_size import Phase, watched
from tests.plants import ServedPlant
from tests.server_process import ServerProcess


def document(entries: int, notes: str = "") -> bytes:
    """A plant as JSON; applied again with other notes it changes a third of its things."""
    numbers = range(entries // 4)
    sections: dict[str, list[dict[str, Any]]] = {
        "units_of_measure": [{"name": "piece", "symbol": "pc"}],
        "materials": [{"name": f"Part {number}", "unit_of_measure": "pc"} for number in numbers],
        "locations": [{"name": f"Bin {number}", "notes": notes} for number in numbers],
        "lots": [{"name": f"L-{number}", "material": f"Part {number}"} for number in numbers],
        "inventory": [
            {"location": f"Bin {number}", "material": f"Part {number}", "lot": f"L-{number}", "quantity": number + 1}
            for number in numbers
        ],
    }
    return json.dumps(sections).encode()


def apply(client: Client, data: bytes) -> master_data_service_pb2.ImportMasterDataResponse:
    """Applies a document."""
    return client.import_master_data(data, export_format=enums_pb2.EXPORT_FORMAT_JSON)


def measure(entries: int, folder: Path) -> list[Phase]:
    """Applies it, applies it again, and changes some of it."""
    phases = []
    with ServerProcess(folder) as server, Client(server.address, token=server.token, timeout_seconds=250) as client:
        produce = ServedPlant(client, "Dairy").operation("PRODUCE", primary_lot_resolution_strategy=0)
        with watched("nothing else", server, produce.id) as idle:
            time.sleep(2)
        phases.append(idle)
        quarter = entries // 4
        for name, notes, expected in (
            ("all new", "", (4 * quarter + 1, 0, 0)),
            ("unchanged", "", (0, 0, 4 * quarter + 1)),
            ("a quarter changed", "moved", (0, quarter, 3 * quarter + 1)),
        ):
            with watched(name, server, produce.id) as phase:
                answer = apply(client, document(entries, notes))
            assert (answer.created, answer.updated, answer.unchanged) == expected, answer
            phases.append(phase)
        server.verify()
    return phases


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        for one in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 40_000, Path(scratch)):
            print(one, flush=True)
