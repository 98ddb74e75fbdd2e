"""Measures every list and filter on a plant, and on a plant of a hundredth of its size.

python -m bench.reads [--lots 100000] [--records 1000000] [--definitions 5000] [--folder /tmp/lotkeeper-reads]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import grpc
from lotkeeper.inventory.v1 import (
    inventory_operation_service_pb2,
    inventory_operation_service_pb2_grpc,
    inventory_service_pb2,
    inventory_service_pb2_grpc,
    master_data_service_pb2,
    master_data_service_pb2_grpc,
)

from bench.grown_plant import SPAN_MILLIS, Size, grown

CALLS: Final = 20
PAGES_WALKED_MAX: Final = 40
"""How many pages of a thousand are walked on the way to a deep page."""
_WALKED_PAGE: Final = 1_000
_ANSWER_BYTES_MAX: Final = 8 * 1024 * 1024
CASES: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    *(
        (f"records {'oldest' if oldest else 'newest'} first: {name}", "ListInventoryLotRecords", asked | oldest)
        for oldest in ({}, {"oldest_first": True})
        for name, asked in {
            "all": {},
            "lot": {"lot_id_or_name": "$lot"},
            "secondary lot": {"lot_id_or_name": "$out"},
            "material": {"material_id_or_path": "$material"},
            "operation": {"inventory_operation_id": "$operation"},
            "type, common": {"lot_record_types": [1]},
            "type, rare": {"lot_record_types": [12]},
            "three types": {"lot_record_types": [1, 7, 12]},
            "completed": {"statuses": [3]},
            "running": {"statuses": [2]},
            "order": {"production_order_id_or_name": "PO-0001"},
            "reason code": {"material_reason_code_id": "$code"},
            "location": {"location_id_or_path": "$tank"},
            "location and below": {"location_id_or_path": "$area", "include_children": True},
            "everything below": {"location_id_or_path": "Site", "include_children": True},
            "time": {"start_date_millis": "$from", "end_date_millis": "$to"},
            "lot, type": {"lot_id_or_name": "$lot", "lot_record_types": [7]},
            "material, type": {"material_id_or_path": "$material", "lot_record_types": [3]},
            "material, rare type": {"material_id_or_path": "$material", "lot_record_types": [12]},
            "location and below, time": {
                "location_id_or_path": "$area",
                "include_children": True,
                "start_date_millis": "$from",
                "end_date_millis": "$to",
            },
            "location and below, rare type": {
                "location_id_or_path": "$area",
                "include_children": True,
                "lot_record_types": [12],
            },
            "operation, time": {
                "inventory_operation_id": "$operation",
                "start_date_millis": "$from",
                "end_date_millis": "$to",
            },
            "order, type": {"production_order_id_or_name": "PO-0001", "lot_record_types": [7]},
            "order, reason code": {"production_order_id_or_name": "PO-0001", "material_reason_code_id": "$code"},
        }.items()
    ),
    *(
        (f"inventory: {name}", "ListInventory", asked)
        for name, asked in {
            "all": {},
            "with empty": {"include_empty": True},
            "location": {"location_id_or_path": "$tank"},
            "location and below": {"location_id_or_path": "$area", "include_children": True},
            "everything below": {"location_id_or_path": "Site", "include_children": True},
            "lot": {"lot_id_or_name": "$lot"},
            "material": {"material_id_or_path": "$material"},
            "location and below, material": {
                "location_id_or_path": "$area",
                "include_children": True,
                "material_id_or_path": "$material",
            },
            "name": {"inventory_name": "NONE"},
            "as of": {"as_of_millis": "$to"},
            "as of, location": {"as_of_millis": "$to", "location_id_or_path": "$tank"},
            "as of, material": {"as_of_millis": "$to", "material_id_or_path": "$material"},
        }.items()
    ),
    *(
        (f"lots: {name}", "ListLots", asked)
        for name, asked in {
            "all": {},
            "material": {"material_id_or_path": "$material"},
            "open": {"status": 1},
            "expired": {"status": 4},
            "on hold": {"status": 3},
            "prefix, all": {"name_prefix": "LOT-"},
            "prefix, ten": {"name_prefix": "LOT-00012"},
            "expiring": {"expiring_before_millis": "$to"},
            "material, prefix": {"material_id_or_path": "$material", "name_prefix": "LOT-0001"},
            "material, expired": {"material_id_or_path": "$material", "status": 4},
        }.items()
    ),
    *(
        (f"definitions: {name}", "ListInventoryOperations", asked)
        for name, asked in {
            "all": {},
            "location": {"location_id_or_path": "$tank"},
            "location and below": {"location_id_or_path": "$area", "include_children": True},
            "type": {"operation_type": 3},
            "process operation": {"operation_id": "$run"},
            "completed": {"status": 3},
            "running": {"status": 2},
            "prefix": {"name_prefix": "Scrap"},
            "type, prefix": {"operation_type": 3, "name_prefix": "Produce at tank 0000"},
        }.items()
    ),
    ("locations: all", "ListLocations", {}),
    ("locations: parent", "ListLocations", {"parent_id_or_path": "$area"}),
    ("locations: prefix", "ListLocations", {"name_prefix": "Tank 0000"}),
    ("locations: disabled", "ListLocations", {"enabled": False}),
    ("materials: class", "ListMaterials", {"material_class_id_or_path": "Raw"}),
    ("orders: idle", "ListProductionOrders", {"status": 1}),
    ("orders: running", "ListProductionOrders", {"status": 2}),
)


class Asking:
    """A plant, asked over one connection."""

    def __init__(self, channel: grpc.Channel, token: str) -> None:
        self._metadata = (("authorization", f"Bearer {token}"),)
        definitions = inventory_operation_service_pb2_grpc.InventoryOperationServiceStub(channel)
        self._services = (
            (inventory_service_pb2, inventory_service_pb2_grpc.InventoryServiceStub(channel)),
            (inventory_operation_service_pb2, definitions),
            (master_data_service_pb2, master_data_service_pb2_grpc.MasterDataServiceStub(channel)),
        )
        self._things = self._look_up()

    def _look_up(self) -> dict[str, Any]:
        """What the cases ask for: something in the middle of the plant."""
        tank = self("ListLocations", {"name_prefix": "Tank 00001"}).locations[0]
        lot = self("ListInventory", {"location_id_or_path": tank.id, "include_empty": True}).inventory[0]
        consume, scrap = (
            self("ListInventoryOperations", {"name_prefix": f"{kind} at tank 00001"}).inventory_operations[0]
            for kind in ("Consume", "Scrap")
        )
        out = self("ListInventoryLotRecords", {"inventory_operation_id": consume.id}).inventory_lot_records[0]
        first = self("ListInventoryLotRecords", {"oldest_first": True, "page_size": 1}).inventory_lot_records[0]
        begin = first.end_date.ToMilliseconds()
        return {
            "$lot": lot.inventory_lot_id,
            "$out": out.secondary_inventory_lot_id,
            "$material": lot.material_path,
            "$operation": consume.id,
            "$code": scrap.material_reason_code_id,
            "$tank": tank.path,
            "$area": tank.path.rpartition("/")[0],
            "$run": consume.operation_id,
            "$from": begin + SPAN_MILLIS // 4,
            "$to": begin + SPAN_MILLIS // 2,
        }

    def __call__(self, method: str, asked: dict[str, Any], **page: Any) -> Any:
        """One call."""
        module, stub = next(one for one in self._services if hasattr(one[1], method))
        request = getattr(module, f"{method}Request")(**asked, **page)
        return getattr(stub, method)(request, metadata=self._metadata)

    def filled(self, asked: dict[str, Any]) -> dict[str, Any]:
        """A case's filters, with the things of this plant."""
        things = self._things
        return {name: things.get(value, value) if isinstance(value, str) else value for name, value in asked.items()}

    def deep(self, method: str, asked: dict[str, Any]) -> str:
        """The token of the deepest page that was walked; empty if there is only one page."""
        tokens = [""]
        for _ in range(PAGES_WALKED_MAX):
            token = self(method, asked, page_size=_WALKED_PAGE, page_token=tokens[-1]).next_page_token
            if not token:
                break
            tokens.append(token)
        return tokens[-1]


@dataclass(frozen=True, slots=True)
class Timing:
    """Medians of one case, in milliseconds."""

    name: str
    small: float
    large: float

    def __str__(self) -> str:
        return f"| {self.name} | {self.small:.2f} | {self.large:.2f} | {self.large / self.small:.2f} |"


def timings(small: Asking, large: Asking, wanted: str) -> Iterator[Timing]:
    """Both plants in turn, so that both see the same machine."""
    for name, method, asked in CASES:
        if wanted not in name:
            continue
        plants = [(plant, plant.filled(asked)) for plant in (small, large)]
        tokens = [plant.deep(method, filled) for plant, filled in plants]
        for page, begins in (("page 1", ["", ""]), ("deep", tokens)):
            if page == "deep" and not tokens[1]:
                continue
            calls = [
                partial(plant, method, filled, page_token=token)
                for (plant, filled), token in zip(plants, begins, strict=True)
            ]
            yield Timing(f"{name}, {page}", *_medians(calls))


def _medians(calls: list[Callable[[], Any]]) -> list[float]:
    taken: list[list[float]] = [[] for _ in calls]
    for _ in range(CALLS + 1):
        for call, times in zip(calls, taken, strict=True):
            begun = time.perf_counter()
            call()
            times.append((time.perf_counter() - begun) * 1_000)
    return [statistics.median(times[1:]) for times in taken]


@contextmanager
def asking(folder: Path, size: Size) -> Iterator[Asking]:
    """A plant of a size, served while the block runs."""
    server = grown(folder, size)
    try:
        options = [("grpc.max_receive_message_length", _ANSWER_BYTES_MAX)]
        with grpc.insecure_channel(server.address, options=options) as channel:
            yield Asking(channel, server.token)
    finally:
        server.kill()


def main() -> None:
    """Prints a table: small, large, ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lots", type=int, default=100_000)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--definitions", type=int, default=5_000)
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()) / "lotkeeper-reads", help="where plants are kept"
    )
    parser.add_argument("--only", default="", help="cases whose name contains this")
    chosen = parser.parse_args()
    size = Size(chosen.lots, chosen.records, chosen.definitions)
    hundredth = Size(*(max(1, one // 100) for one in (size.lots, size.records, size.definitions)))
    with asking(chosen.folder, hundredth) as small, asking(chosen.folder, size) as large:
        print(f"| p50 of {CALLS} calls, ms | {hundredth.records:,} records | {size.records:,} records | ratio |")
        print("|---|---|---|---|")
        for timing in timings(small, large, chosen.only):
            print(timing, flush=True)


if __name__ == "__main__":
    main()
