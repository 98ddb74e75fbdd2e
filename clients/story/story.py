"""Python's telling of the story that every client tells: a dairy, from an empty corner of a plant to its last drop.

    LOTKEEPER_ADDRESS=127.0.0.1:50051 LOTKEEPER_TOKEN=… python clients/story/story.py [SUFFIX]

What it prints is in `expected.txt`; what each step sends is in `README.md`.
"""

from __future__ import annotations

import os
import secrets
import sys
import uuid
from collections.abc import Callable, Iterable

from google.type.decimal_pb2 import Decimal
from lotkeeper import (
    AlreadyExists,
    Client,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    actions,
    error_of_status,
)
from lotkeeper.inventory.v1 import enums_pb2, master_data_pb2
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb
from lotkeeper.inventory.v1.inventory_lot_pb2 import InventoryLot
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord
from lotkeeper.inventory.v1.inventory_operation_pb2 import InventoryOperation

RECORDS = 12
"""How many completed records the story has written before it looks back."""
RESUMED_AFTER = 5


class Story:
    """The story's own corner of the plant.

    Attributes:
        client: of the server.
        root: the location above all of its own, and the class of its materials.
        milk: path of a material.
        butter: path of a material.
        silo: path of a location.
        store: path of a location.
        consume_id: of the operation that consumes milk from the silo.
    """

    def __init__(self, client: Client, suffix: str, tell: Callable[[str], None]) -> None:
        """Does nothing yet.

        Args:
            client: of the server.
            suffix: makes its names its own; it is cut from what is told.
            tell: takes each line.
        """
        self.client = client
        self.root = f"Story-{suffix}"
        self.milk, self.butter = f"{self.root}/Milk", f"{self.root}/Butter"
        self.silo, self.store = f"{self.root}/Silo", f"{self.root}/Store"
        self.consume_id = ""
        self._suffix, self._tell = f"-{suffix}", tell

    def tell(self, text: str) -> None:
        """Prints a line, without the suffix."""
        self._tell(text.replace(self._suffix, ""))

    def step_1_units(self) -> None:
        """Units are looked up by their symbol, and made where there is none: other stories use them, too."""
        symbols = {unit.symbol for unit in self.client.list_units_of_measure()}
        for name, symbol in (("kilogram", "kg"), ("litre", "L")):
            if symbol not in symbols:
                self.client.save_unit_of_measure(master_data_pb2.UnitOfMeasure(name=name, symbol=symbol))
        self.tell("1 units: kg, L")

    def step_2_materials(self) -> None:
        """A class, two materials in it, and what a litre of milk weighs."""
        self.client.save_material_class(master_data_pb2.MaterialClass(name=self.root))
        for name in ("Milk", "Butter"):
            material = master_data_pb2.Material(name=name, material_class_path=self.root, unit_of_measure_symbol="kg")
            self.tell(f"2 material: {self.client.save_material(material).path}")
        self.client.save_unit_of_measure_conversion(
            master_data_pb2.UnitOfMeasureConversion(
                from_unit_symbol="L", to_unit_symbol="kg", material_path=self.milk, factor=1.03
            )
        )
        kilograms = self.client.convert_quantity(
            "100",
            from_unit_of_measure_symbol="L",
            to_unit_of_measure_symbol="kg",
            material_id_or_path=self.milk,
        )
        self.tell(f"2 conversion: 100 L of milk are {kilograms.normalize():f} kg")

    def step_3_locations(self) -> None:
        """A place, with a silo and a store in it."""
        self.client.save_location(master_data_pb2.Location(name=self.root))
        for name in ("Silo", "Store"):
            location = self.client.save_location(master_data_pb2.Location(name=name, parent_path=self.root))
            self.tell(f"3 location: {location.path}")

    def step_4_operation(self) -> None:
        """An operation that consumes milk from the silo."""
        operation = self.client.save_inventory_operation(
            InventoryOperation(
                name=f"Consume{self._suffix}",
                operation_type=enums_pb2.INVENTORY_OPERATION_TYPE_CONSUME,
                source_location_path=self.silo,
                material_path=self.milk,
                unit_of_measure_symbol="kg",
                secondary_material_path=self.butter,
                primary_lot_resolution_strategy=enums_pb2.LOT_RESOLUTION_STRATEGY_MANUAL,
                secondary_lot_resolution_strategy=enums_pb2.LOT_RESOLUTION_STRATEGY_MANUAL,
                create_lot_if_not_found=True,
            )
        )
        self.consume_id = operation.id
        self.tell(f"4 operation: {operation.name} from {operation.source_location_path}")

    def step_5_receive(self) -> None:
        """Two deliveries, one of them in another unit; the lots are made."""
        for lot, quantity, unit in (("M-1", "1000.5", "kg"), ("M-2", "100", "L")):
            (record,) = self.client.receive(
                lot, quantity, unit=unit, destination=self.silo, material=self.milk, create_lot_if_not_found=True
            )
            self.tell(f"5 {_movement(record)}")

    def step_6_consume_once(self) -> None:
        """The same request twice takes effect once; another one under its id is refused."""
        request_id = str(uuid.uuid4())
        first, again = (
            self.client.execute_inventory_operation(
                self.consume_id, "M-1", "0.3", secondary_lot_id_or_name="B-1", request_id=request_id
            )
            for _ in range(2)
        )
        self.tell(f"6 {_movement(first)}")
        self.tell(f"6 the same record again: {_yes(first.id == again.id)}")
        try:
            self.client.execute_inventory_operation(
                self.consume_id, "M-1", "0.4", secondary_lot_id_or_name="B-1", request_id=request_id
            )
        except InvalidArgument as refused:
            self.tell(f"6 refused: {refused.reason}")

    def step_7_refusals(self) -> None:
        """What is not there; what is wrong with a request; what does not exist."""
        try:
            self.client.execute_inventory_operation(
                self.consume_id, "M-1", "5000.000001", secondary_lot_id_or_name="B-1"
            )
        except FailedPrecondition as refused:
            said = ", ".join(
                f"{key}={refused.metadata[key]}" for key in ("available", "location", "lot", "requested", "unit")
            )
            self.tell(f"7 refused: {refused.reason} {said}")
        try:
            self.client.execute_inventory_operation(self.consume_id, "M-1", "-1", request_id="not ascii: é")
        except InvalidArgument as refused:
            fields = ", ".join(sorted(violation.field for violation in refused.field_violations))
            self.tell(f"7 refused: {refused.reason} {fields}")
        try:
            self.client.get_lot("M-9", material_id_or_path=self.milk)
        except NotFound as refused:
            self.tell(f"7 refused: {refused.reason}")

    def step_8_actions(self) -> None:
        """Two movements, all or none: milk goes into a lot of butter, which comes into being."""
        churned = [
            actions.consume(
                "M-1",
                "200",
                source=self.silo,
                material=self.milk,
                secondary_lot="B-1",
                secondary_material=self.butter,
            ),
            actions.produce("B-1", "80.25", destination=self.store, material=self.butter),
        ]
        for record in self.client.execute_inventory_actions(churned).inventory_lot_records:
            self.tell(f"8 {_movement(record)}")
        too_much = [
            actions.consume("M-1", "1", source=self.silo, material=self.milk),
            actions.consume("M-1", "99999", source=self.silo, material=self.milk),
        ]
        try:
            self.client.execute_inventory_actions(too_much)
        except FailedPrecondition as refused:
            self.tell(f"8 refused: {refused.reason} index={refused.metadata['index']}")

    def step_9_start_and_stop(self) -> None:
        """Something that takes time; a second start is refused."""
        started = self.client.start_inventory_operation(
            self.consume_id, primary_lot_id_or_name="M-1", secondary_lot_id_or_name="B-1"
        )
        self.tell(f"9 started: {enums_pb2.Status.Name(started.status)}")
        try:
            self.client.start_inventory_operation(
                self.consume_id, primary_lot_id_or_name="M-1", secondary_lot_id_or_name="B-1"
            )
        except FailedPrecondition as refused:
            self.tell(f"9 refused: {refused.reason}")
        stopped = self.client.stop_inventory_operation(self.consume_id, "50").inventory_lot_record
        self.tell(f"9 stopped: {enums_pb2.Status.Name(stopped.status)} {_movement(stopped)}")
        self.tell(f"9 the same record: {_yes(started.id == stopped.id)}")

    def step_10_batch(self) -> None:
        """Three executions in one call, each refused for itself."""
        requests = [
            pb.ExecuteInventoryOperationRequest(
                inventory_operation_id=self.consume_id,
                primary_lot_id_or_name=lot,
                secondary_lot_id_or_name="B-1",
                exact_quantity=Decimal(value=quantity),
            )
            for lot, quantity in (("M-1", "1.000001"), ("M-1", "99999"), ("M-2", "3"))
        ]
        for result in self.client.batch_execute_inventory_operations(requests):
            if result.HasField("status"):
                self.tell(f"10 refused: {error_of_status(result.status).reason}")
            else:
                self.tell(f"10 {_movement(result.response.inventory_lot_record)}")

    def step_11_move_ship_and_reverse(self) -> None:
        """Butter is moved, shipped and scrapped, and what was scrapped by mistake is put back."""
        (moved,) = self.client.move("B-1", "10", source=self.store, destination=self.silo, material=self.butter)
        (shipped,) = self.client.ship("B-1", "30.25", source=self.store, material=self.butter)
        (scrapped,) = self.client.scrap("B-1", "5", source=self.store, material=self.butter)
        undone = self.client.reverse_inventory_lot_record(scrapped.id)
        for record in (moved, shipped, scrapped, undone):
            self.tell(f"11 {_movement(record)}")
        self.tell(f"11 reverses it: {_yes(undone.reverses_record_id == scrapped.id)}")
        try:
            self.client.reverse_inventory_lot_record(scrapped.id)
        except FailedPrecondition as refused:
            self.tell(f"11 refused: {refused.reason}")

    def step_12_pages(self) -> None:
        """All records in pages of two, oldest first; and what is in stock."""
        records = self.client.list_inventory_lot_records(
            location_id_or_path=self.root, include_children=True, oldest_first=True, page_size=2
        )
        self.tell(f"12 records: {_types(records)}")
        stock = self.client.list_inventory(location_id_or_path=self.root, include_children=True, page_size=1)
        rows = sorted(
            f"{row.location_path} {row.inventory_lot_name} {row.exact_quantity.value} {row.unit_of_measure_symbol}"
            for row in stock
        )
        for row in rows:
            self.tell(f"12 stock: {row}")

    def step_13_watch(self) -> None:
        """The same records by a watch; and another watch that goes on after a token."""
        token, first = "", []
        for record, resume_token in self._watched(from_beginning=True, count=RECORDS):
            first.append(record)
            if len(first) == RESUMED_AFTER:
                token = resume_token
        self.tell(f"13 watched: {_types(first)}")
        resumed = [record for record, _ in self._watched(resume_token=token, count=RECORDS - RESUMED_AFTER)]
        same = [record.id for record in resumed] == [record.id for record in first[RESUMED_AFTER:]]
        self.tell(f"13 resumed after {RESUMED_AFTER}: {len(resumed)}, the same: {_yes(same)}")

    def _watched(
        self, *, count: int, from_beginning: bool = False, resume_token: str | None = None
    ) -> Iterable[tuple[InventoryLotRecord, str]]:
        messages = self.client.watch_inventory_lot_records(
            from_beginning=from_beginning,
            resume_token=resume_token,
            location_id_or_path=self.root,
            include_children=True,
        )
        for message in messages:
            if message.HasField("inventory_lot_record"):
                yield message.inventory_lot_record, message.resume_token
                count -= 1
                if count == 0:
                    messages.close()
                    return

    def step_14_trace(self) -> None:
        """What is in the butter, as a graph and by its ends."""
        graph = self.client.get_lot_trace_graph(
            "B-1", material_id_or_path=self.butter, direction=enums_pb2.TRACE_DIRECTION_INPUT
        )
        names = {node.inventory_lot_id: node.inventory_lot_name for node in graph.nodes}
        edges = sorted(
            f"{names[edge.from_inventory_lot_id]} > {names[edge.to_inventory_lot_id]} "
            f"{edge.exact_quantity.value} {edge.unit_of_measure_symbol} in {edge.record_count} records"
            for edge in graph.edges
        )
        for edge in edges:
            self.tell(f"14 trace: {edge}")
        ends = self.client.list_terminal_lots(
            "B-1", material_id_or_path=self.butter, direction=enums_pb2.TRACE_DIRECTION_INPUT
        )
        self.tell(f"14 ends: {', '.join(sorted(node.inventory_lot_name for node in ends))}")

    def step_15_totals(self) -> None:
        """What there is of each material, exact."""
        totals = self.client.summarize_inventory(
            [enums_pb2.INVENTORY_GROUP_BY_MATERIAL], location_id_or_path=self.root, include_children=True
        )
        lines = sorted(
            f"{total.material_path} {total.exact_quantity.value} {total.unit_of_measure_symbol} in {total.rows} rows"
            for total in totals
        )
        for line in lines:
            self.tell(f"15 total: {line}")

    def step_16_tidy(self) -> None:
        """Everything is scrapped; what has a history stays, and what has none is deleted."""
        for location, material in ((self.silo, self.milk), (self.silo, self.butter), (self.store, self.butter)):
            scrapped = self.client.scrap_all(None, source=location, material=material)
            self.tell(f"16 scrapped: {len(scrapped)} records")
        left = self.client.list_inventory(location_id_or_path=self.root, include_children=True)
        self.tell(f"16 rows left: {len(list(left))}")
        lot = self.client.save_lot(InventoryLot(name="M-3", material_path=self.milk))
        try:
            self.client.save_lot(InventoryLot(name="M-3", material_path=self.milk))
        except AlreadyExists as refused:
            self.tell(f"16 refused: {refused.reason}")
        self.client.delete_lot(lot.id)
        self.tell("16 deleted: M-3")
        try:
            self.client.delete_inventory_operation(self.consume_id)
        except FailedPrecondition as refused:
            self.tell(f"16 refused: {refused.reason} entity={refused.metadata['entity']}")
        operation = self.client.save_inventory_operation(
            InventoryOperation(id=self.consume_id, enabled=False), update_mask=["enabled"]
        )
        self.tell(f"16 operation enabled: {_yes(operation.enabled)}")

    def run(self) -> None:
        """Tells all of it."""
        self.step_1_units()
        self.step_2_materials()
        self.step_3_locations()
        self.step_4_operation()
        self.step_5_receive()
        self.step_6_consume_once()
        self.step_7_refusals()
        self.step_8_actions()
        self.step_9_start_and_stop()
        self.step_10_batch()
        self.step_11_move_ship_and_reverse()
        self.step_12_pages()
        self.step_13_watch()
        self.step_14_trace()
        self.step_15_totals()
        self.step_16_tidy()


def _movement(record: InventoryLotRecord) -> str:
    return (
        f"{_type(record)} {record.inventory_lot_name} {record.exact_quantity.value} {record.unit_of_measure_symbol}"
        f" source {record.exact_source_quantity_change.value}"
        f" destination {record.exact_destination_quantity_change.value}"
    )


def _type(record: InventoryLotRecord) -> str:
    return enums_pb2.LotRecordType.Name(record.lot_record_type).removeprefix("LOT_RECORD_TYPE_")


def _types(records: Iterable[InventoryLotRecord]) -> str:
    types = [_type(record) for record in records]
    return f"{len(types)}, {' '.join(types)}"


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


def main() -> None:
    """Tells the story on the server of LOTKEEPER_ADDRESS."""
    suffix = sys.argv[1] if len(sys.argv) > 1 else secrets.token_hex(6)
    with Client(os.environ["LOTKEEPER_ADDRESS"]) as client:  # it reads LOTKEEPER_TOKEN itself
        Story(client, suffix, print).run()


if __name__ == "__main__":
    main()
