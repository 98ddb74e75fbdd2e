"""The scenarios: what a plant needs for each, and the calls that are made on it."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from google.protobuf.json_format import MessageToDict, MessageToJson
from google.protobuf.message import Message
from lotkeeper import Client, actions
from lotkeeper.inventory.v1 import enums_pb2, inventory_service_pb2, master_data_pb2, trace_service_pb2
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb
from lotkeeper.inventory.v1.inventory_operation_pb2 import InventoryOperation

LOTS: Final = 1_000
BATCH_REQUESTS: Final = 100
OPERATIONS: Final = 1_000
"""Of start and stop: each runs one at a time."""
LOT_KILOGRAMS: Final = 1_000_000_000
ALL: Final = ("ghz", "k6", "locust", "h2load", "go")
DAY: Final = ((0.0, 5), (0.2, 20), (0.3, 80), (0.5, 40), (0.6, 80), (0.8, 20), (1.0, 5))
"""A dairy's day: calls a second at parts of it. The tankers come, lunch, the second shift, the night."""


@dataclass(frozen=True)
class Kind:
    """What one acknowledged call of a kind has done, by which the audit counts.

    Attributes:
        records: that it has written or completed.
        kilograms: by which the stock of the plant has changed.
    """

    records: int = 0
    kilograms: int = 0


@dataclass(frozen=True)
class Call:
    """A call that a harness makes.

    Attributes:
        kind: its kind's name.
        method: `package.Service/Method`.
        request: its message.
        weight: how often it comes, beside the others of a phase that are drawn at random.
    """

    kind: str
    method: str
    request: Message
    weight: int = 1

    def as_json(self) -> dict[str, Any]:
        """For a harness: the message as JSON and as bytes."""
        return {
            "kind": self.kind,
            "method": self.method,
            "weight": self.weight,
            "json": MessageToDict(self.request, preserving_proto_field_name=False),
            "bytes": base64.b64encode(self.request.SerializeToString()).decode(),
        }


@dataclass(frozen=True)
class Phase:
    """Calls that are made in one go.

    Attributes:
        name: for the report.
        calls: taken in turn, or drawn by weight where they are mixed.
        is_once: each call once, in place of as many as fit in the time.
        is_mixed: drawn by their weights.
        in_flight: calls at a time.
        rates: calls a second at parts of the time, in place of as many as fit; empty for none.
        coalesces: whether the harness's client is to send what waits together.
    """

    name: str
    calls: Sequence[Call]
    is_once: bool = False
    is_mixed: bool = False
    in_flight: int = 64
    rates: Sequence[tuple[float, int]] = ()
    coalesces: bool = False


@dataclass(frozen=True)
class Work:
    """What a harness does on a plant.

    Attributes:
        phases: one after the other.
        root: path of the location above all that the plant has.
        kinds: by name.
    """

    phases: Sequence[Phase]
    root: str
    kinds: dict[str, Kind]


@dataclass(frozen=True)
class Scenario:
    """A scenario.

    Attributes:
        title: what it is, in a sentence.
        make: makes its plant, and says what is to be done on it.
        harnesses: those that can do it.
        flags: of the server that is started for it.
        seconds: how long it takes unless somebody says otherwise.
    """

    title: str
    make: Callable[[Plant], Work]
    harnesses: Sequence[str] = ALL
    flags: Sequence[str] = ()
    seconds: float = 10.0


OPERATION: Final = "lotkeeper.inventory.v1.InventoryOperationService"
INVENTORY: Final = "lotkeeper.inventory.v1.InventoryService"
TRACE: Final = "lotkeeper.inventory.v1.TraceService"
CONSUMED: Final = {"consume": Kind(records=1, kilograms=-1)}


@dataclass
class Plant:
    """A plant's own corner, with names that no other run has.

    Attributes:
        client: of the server.
        root: path of the location above all, and name of the class of its material.
    """

    client: Client
    root: str = field(default_factory=lambda: f"Load-{secrets.token_hex(4)}")

    def __post_init__(self) -> None:
        """Makes a material, a silo and a store."""
        if "kg" not in {unit.symbol for unit in self.client.list_units_of_measure()}:
            self.client.save_unit_of_measure(master_data_pb2.UnitOfMeasure(name="kilogram", symbol="kg"))
        self.client.save_material_class(master_data_pb2.MaterialClass(name=self.root))
        self.client.save_material(
            master_data_pb2.Material(name="Milk", material_class_path=self.root, unit_of_measure_symbol="kg")
        )
        self.client.save_location(master_data_pb2.Location(name=self.root))
        for name in ("Silo", "Store"):
            self.client.save_location(master_data_pb2.Location(name=name, parent_path=self.root))

    @property
    def milk(self) -> str:
        """Path of the material."""
        return f"{self.root}/Milk"

    @property
    def silo(self) -> str:
        """Path of where stock is."""
        return f"{self.root}/Silo"

    @property
    def store(self) -> str:
        """Path of where it may go."""
        return f"{self.root}/Store"

    def consuming(self, count: int = 1) -> list[str]:
        """ULIDs of new operations that consume milk from the silo."""
        operations = [
            InventoryOperation(
                name=f"Consume {number}",
                operation_type=enums_pb2.INVENTORY_OPERATION_TYPE_CONSUME,
                source_location_path=self.silo,
                material_path=self.milk,
                primary_lot_resolution_strategy=enums_pb2.LOT_RESOLUTION_STRATEGY_MANUAL,
            )
            for number in range(count)
        ]
        lines = "".join(MessageToJson(one, indent=None) + "\n" for one in operations)
        self.client.import_inventory_operations(lines.encode(), export_format=enums_pb2.EXPORT_FORMAT_JSON)
        return [one.id for one in self.client.list_inventory_operations(location_id_or_path=self.silo, page_size=1_000)]

    def fill(self, count: int) -> list[str]:
        """Lots with a billion kilograms each; their ULIDs."""
        names = [f"M-{number}" for number in range(count)]
        received = self.client.execute_inventory_actions(
            actions.receive(
                name, LOT_KILOGRAMS, destination=self.silo, material=self.milk, create_lot_if_not_found=True
            )
            for name in names
        )
        return [record.inventory_lot_id for record in received.inventory_lot_records]


def _execute(operation: str, lot: str) -> pb.ExecuteInventoryOperationRequest:
    return pb.ExecuteInventoryOperationRequest(
        inventory_operation_id=operation, primary_lot_id_or_name=lot, quantity=1.0
    )


def _consumes(plant: Plant, lots: int) -> list[Call]:
    (operation,) = plant.consuming()
    return [
        Call("consume", f"{OPERATION}/ExecuteInventoryOperation", _execute(operation, lot)) for lot in plant.fill(lots)
    ]


def _hot_lot(plant: Plant) -> Work:
    return Work([Phase("consume", _consumes(plant, 1))], plant.root, CONSUMED)


def _thousand_lots(plant: Plant) -> Work:
    return Work([Phase("consume", _consumes(plant, LOTS))], plant.root, CONSUMED)


def _coalesced(plant: Plant) -> Work:
    return Work([Phase("consume", _consumes(plant, LOTS), coalesces=True)], plant.root, CONSUMED)


def _overload(plant: Plant) -> Work:
    return Work([Phase("consume", _consumes(plant, LOTS), in_flight=256)], plant.root, CONSUMED)


def _start_and_stop(plant: Plant) -> Work:
    lots = plant.fill(OPERATIONS)
    operations = plant.consuming(OPERATIONS)
    starts = [
        Call(
            "start",
            f"{OPERATION}/StartInventoryOperation",
            pb.StartInventoryOperationRequest(inventory_operation_id=operation, primary_lot_id_or_name=lot),
        )
        for operation, lot in zip(operations, lots, strict=True)
    ]
    stops = [
        Call(
            "stop",
            f"{OPERATION}/StopInventoryOperation",
            pb.StopInventoryOperationRequest(inventory_operation_id=operation, quantity=1.0),
        )
        for operation in operations
    ]
    kinds = {"start": Kind(), "stop": Kind(records=1, kilograms=-1)}
    return Work([Phase("start", starts, is_once=True), Phase("stop", stops, is_once=True)], plant.root, kinds)


def _batches(plant: Plant) -> Work:
    (operation,), lots = plant.consuming(), plant.fill(LOTS)
    calls = [
        Call(
            "batch",
            f"{OPERATION}/BatchExecuteInventoryOperations",
            pb.BatchExecuteInventoryOperationsRequest(
                requests=[_execute(operation, lot) for lot in lots[begin : begin + BATCH_REQUESTS]],
                all_or_nothing=True,
            ),
        )
        for begin in range(0, LOTS, BATCH_REQUESTS)
    ]
    return Work(
        [Phase("batch", calls, in_flight=16)],
        plant.root,
        {"batch": Kind(records=BATCH_REQUESTS, kilograms=-BATCH_REQUESTS)},
    )


def _reads(plant: Plant, lots: Sequence[str], weights: Sequence[int]) -> list[Call]:
    requests: list[tuple[str, str, Message]] = [
        (
            "stock",
            f"{INVENTORY}/ListInventory",
            inventory_service_pb2.ListInventoryRequest(location_id_or_path=plant.silo, page_size=50),
        ),
        (
            "records",
            f"{INVENTORY}/ListInventoryLotRecords",
            inventory_service_pb2.ListInventoryLotRecordsRequest(lot_id_or_name=lots[0], page_size=20),
        ),
        ("lot", f"{INVENTORY}/GetLot", inventory_service_pb2.GetLotRequest(lot_id_or_name=lots[-1])),
        (
            "totals",
            f"{INVENTORY}/SummarizeInventory",
            inventory_service_pb2.SummarizeInventoryRequest(
                location_id_or_path=plant.root,
                include_children=True,
                group_by=[enums_pb2.INVENTORY_GROUP_BY_MATERIAL],
            ),
        ),
        ("trace", f"{TRACE}/GetLotTraceGraph", trace_service_pb2.GetLotTraceGraphRequest(lot_id_or_name=lots[0])),
    ]
    return [
        Call(kind, method, request, weight) for (kind, method, request), weight in zip(requests, weights, strict=True)
    ]


def _mixed_reads(plant: Plant) -> Work:
    calls = _reads(plant, plant.fill(200), (30, 30, 30, 5, 5))
    return Work([Phase("reads", calls, is_mixed=True)], plant.root, {call.kind: Kind() for call in calls})


def _acting(kind: str, action: Any, weight: int) -> Call:
    request = inventory_service_pb2.ExecuteInventoryActionsRequest(actions=[action])
    return Call(kind, f"{INVENTORY}/ExecuteInventoryActions", request, weight)


def _dairys_day(plant: Plant) -> Work:
    lots, (operation,) = plant.fill(100), plant.consuming()
    writes: list[Call] = []
    for number, lot in enumerate(lots):
        writes += [
            _acting("receive", actions.receive(lot, 2, destination=plant.silo, material=plant.milk), 5),
            Call("consume", f"{OPERATION}/ExecuteInventoryOperation", _execute(operation, lot), 40),
            _acting("produce", actions.produce(lot, 1, destination=plant.silo, material=plant.milk), 20),
            _acting("move", actions.move(lot, 1, source=plant.silo, destination=plant.store, material=plant.milk), 10),
        ]
        if number % 2:
            writes.append(_acting("ship", actions.ship(lot, 1, source=plant.silo, material=plant.milk), 20))
    reads = _reads(plant, lots, (800, 500, 100, 20, 20))
    kinds = {
        "receive": Kind(1, 2),
        "consume": Kind(1, -1),
        "produce": Kind(1, 1),
        "move": Kind(1, 0),
        "ship": Kind(1, -1),
        **{call.kind: Kind() for call in reads},
    }
    return Work([Phase("day", [*writes, *reads], is_mixed=True, rates=DAY)], plant.root, kinds)


SCENARIOS: Final[dict[str, Scenario]] = {
    "hot-lot": Scenario("every call takes from one lot", _hot_lot),
    "1000-lots": Scenario("calls take from 1,000 lots in turn", _thousand_lots, ("ghz", "k6", "locust", "go")),
    "start-stop": Scenario(
        "1,000 operations are started, then stopped", _start_and_stop, ("ghz", "k6", "locust", "go")
    ),
    "reads": Scenario("stock, records, a lot, totals and traces, mixed", _mixed_reads, ("k6", "locust", "go")),
    "batches": Scenario("batches of 100 executions, 16 at a time", _batches),
    "coalesced": Scenario("single executions that the Python client sends together", _coalesced, ("locust",)),
    "overload": Scenario(
        "256 calls at a time on a server whose queue holds 64",
        _overload,
        ("ghz", "k6", "locust", "go"),
        ("--queue-max", "64"),
    ),
    "dairy-day": Scenario(
        "a dairy's day in ten minutes: writes and reads, at rates that rise and fall",
        _dairys_day,
        ("k6", "locust", "go"),
        seconds=600.0,
    ),
}
"""All of them by name."""
