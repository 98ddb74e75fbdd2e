"""Traces through production orders, and holding all that a trace reaches, by a real server and client."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lotkeeper import (
    AsyncClient,
    Client,
    FailedPrecondition,
    InvalidArgument,
    LotkeeperError,
    NotFound,
    PermissionDenied,
    actions,
)
from lotkeeper.inventory.v1 import enums_pb2, master_data_pb2
from lotkeeper.inventory.v1 import trace_service_pb2 as pb

from tests.e2e.test_traces import command
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

INPUT, OUTPUT = enums_pb2.TRACE_DIRECTION_INPUT, enums_pb2.TRACE_DIRECTION_OUTPUT
BOTH = enums_pb2.TRACE_DIRECTION_BOTH
QA_HOLD = enums_pb2.LOT_STATUS_QA_HOLD


class Dairy:
    """A plant whose lots go through production orders."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.plant = ServedPlant(client)
        self.at = {"material": self.plant.milk.id}

    def order(self, name: str) -> master_data_pb2.ProductionOrder:
        return self.client.save_production_order(master_data_pb2.ProductionOrder(name=f"{self.plant.prefix} {name}"))

    def receive(self, *names: str, quantity: float = 100) -> None:
        for name in names:
            self.client.receive(name, quantity, destination=self.plant.silo.id, create_lot_if_not_found=True, **self.at)

    def consume(self, lot: str, quantity: float, **more: Any) -> str:
        [record] = self.client.consume(lot, quantity, source=self.plant.silo.id, **self.at, **more)
        return record.id

    def consume_into(self, lot: str, quantity: float, other: str, **more: Any) -> str:
        into = {"secondary_lot": other, "secondary_material": self.plant.milk.id, "create_lot_if_not_found": True}
        return self.consume(lot, quantity, **into, **more)

    def produce(self, lot: str, quantity: float, **more: Any) -> str:
        record, *_ = self.client.produce(
            lot, quantity, destination=self.plant.silo.id, create_lot_if_not_found=True, **self.at, **more
        )
        return record.id

    def id_of(self, lot: str) -> str:
        return self.client.get_lot(lot, material_id_or_path=self.plant.milk.id).id

    def status(self, lot: str, status: str) -> None:
        self.client.change_status(self.id_of(lot), enums_pb2.LotStatus.Value(f"LOT_STATUS_{status}"))

    def statuses(self) -> dict[str, str]:
        lots = self.client.list_lots(material_id_or_path=self.plant.milk.id)
        return {lot.name: enums_pb2.LotStatus.Name(lot.status).removeprefix("LOT_STATUS_") for lot in lots}

    def graph(self, lot: str, **asked: Any) -> pb.GetLotTraceGraphResponse:
        return self.client.get_lot_trace_graph(lot, material_id_or_path=self.plant.milk.id, **asked)

    def hold(self, lot: str, **asked: Any) -> pb.HoldTracedLotsResponse:
        return self.client.hold_traced_lots(lot, material_id_or_path=self.plant.milk.id, **asked)


@pytest.fixture
def dairy(client: Client) -> Dairy:
    """A plant of one's own."""
    return Dairy(client)


def steps(dairy: Dairy, answer: pb.GetLotTraceGraphResponse) -> set[tuple[str, str, str, float, int]]:
    """From, to, type, quantity, records; without the plant's prefix."""
    names = {
        node.production_order_id or node.inventory_lot_id: node.production_order_name or node.inventory_lot_name
        for node in answer.nodes
    }
    return {
        (
            names[edge.from_production_order_id or edge.from_inventory_lot_id].removeprefix(f"{dairy.plant.prefix} "),
            names[edge.to_production_order_id or edge.to_inventory_lot_id].removeprefix(f"{dairy.plant.prefix} "),
            enums_pb2.LotRecordType.Name(edge.lot_record_type).removeprefix("LOT_RECORD_TYPE_"),
            edge.quantity,
            edge.record_count,
        )
        for edge in answer.edges
    }


def held(answer: pb.HoldTracedLotsResponse) -> list[str]:
    return [record.inventory_lot_name for record in answer.inventory_lot_records]


def left(answer: pb.HoldTracedLotsResponse) -> list[tuple[str, int]]:
    return [(node.inventory_lot_name, node.depth) for node in answer.left]


def test_what_an_order_consumed_went_into_what_it_produced(dairy: Dairy) -> None:
    """Sums of records in the lots' unit; what was given back came out of the order, too."""
    order = dairy.order("ORDER").id
    dairy.receive("MILK")
    dairy.consume("MILK", 10, production_order=order)
    dairy.consume("MILK", 5.5, production_order=order)
    dairy.produce("CHEESE", 4, production_order=order)
    dairy.client.unconsume(
        "REST", 2, destination=dairy.plant.silo.id, production_order=order, create_lot_if_not_found=True, **dairy.at
    )
    expected = {
        ("MILK", "ORDER", "CONSUME", 15.5, 2),
        ("ORDER", "CHEESE", "PRODUCE", 4, 1),
        ("ORDER", "REST", "UNCONSUME", 2, 1),
    }
    assert steps(dairy, dairy.graph("MILK")) == expected
    assert steps(dairy, dairy.graph("CHEESE", direction=INPUT)) == {
        step for step in expected if step[1] in {"ORDER", "CHEESE"}
    }
    assert steps(dairy, dairy.graph("MILK", lots_only=True)) == set()
    ends = dairy.client.list_terminal_lots(dairy.id_of("MILK"), direction=OUTPUT)
    assert [node.inventory_lot_name for node in ends] == ["CHEESE", "REST"]
    alone = dairy.client.list_terminal_lots(dairy.id_of("MILK"), direction=OUTPUT, lots_only=True)
    assert [node.inventory_lot_name for node in alone] == ["MILK"]


def test_with_a_secondary_lot_the_edge_between_the_lots_is_all(dairy: Dairy) -> None:
    """Whatever order the record names."""
    order = dairy.order("ORDER").id
    dairy.receive("MILK")
    dairy.consume_into("MILK", 10, "CHEESE", production_order=order)
    assert steps(dairy, dairy.graph("MILK")) == {("MILK", "CHEESE", "CONSUME", 10, 1)}


def test_only_what_is_consumed_produced_or_given_back_goes_through_an_order(dairy: Dairy) -> None:
    """Of RECEIVE_AND_CONSUME its CONSUME; not a RECEIVE, SCRAP, SHIP, RETURN or MOVE that names one."""
    order, silo = dairy.order("ORDER").id, dairy.plant.silo.id
    more = {"production_order": order, **dairy.at}
    dairy.client.receive("MILK", 50, destination=silo, create_lot_if_not_found=True, **more)
    for act in (dairy.client.scrap, dairy.client.ship, dairy.client.return_lot):
        act("MILK", 1, source=silo, **more)
    assert steps(dairy, dairy.graph("MILK")) == set()
    dairy.client.receive_and_consume("WATER", 7, source=silo, create_lot_if_not_found=True, **more)
    assert steps(dairy, dairy.graph("WATER")) == {("WATER", "ORDER", "CONSUME", 7, 1)}


def test_what_is_reversed_has_not_gone_through_the_order(dairy: Dairy) -> None:
    """Of two consumptions one stays; of the only production nothing."""
    order = dairy.order("ORDER").id
    dairy.receive("MILK")
    mistake = dairy.consume("MILK", 10, production_order=order)
    dairy.consume("MILK", 3, production_order=order)
    product = dairy.produce("CHEESE", 4, production_order=order)
    dairy.client.reverse_inventory_lot_record(mistake)
    consumed = ("MILK", "ORDER", "CONSUME", 3, 1)
    assert steps(dairy, dairy.graph("MILK")) == {consumed, ("ORDER", "CHEESE", "PRODUCE", 4, 1)}
    dairy.client.reverse_inventory_lot_record(product)
    assert steps(dairy, dairy.graph("MILK")) == {consumed}
    dairy.consume("MILK", 2, production_order=order)
    assert steps(dairy, dairy.graph("MILK")) == {("MILK", "ORDER", "CONSUME", 5, 2)}


def test_an_operation_that_runs_has_not_gone_into_its_order_until_it_stops(dairy: Dairy) -> None:
    """The order is that of its process operation at Start, also if that has another one by then."""
    first, second = dairy.order("FIRST"), dairy.order("SECOND")
    process = dairy.client.save_operation(
        master_data_pb2.Operation(name=f"{dairy.plant.prefix} line", current_production_order_id=first.id)
    )
    operation = dairy.plant.operation("CONSUME", operation_id=process.id)
    dairy.receive("MILK")
    dairy.client.start_inventory_operation(operation.id, primary_lot_id_or_name="MILK")
    assert steps(dairy, dairy.graph("MILK")) == set()
    process.current_production_order_id = second.id
    dairy.client.save_operation(process)
    dairy.client.stop_inventory_operation(operation.id, 6)
    assert steps(dairy, dairy.graph("MILK")) == {("MILK", "FIRST", "CONSUME", 6, 1)}
    dairy.client.execute_inventory_operation(operation.id, "MILK", 1)
    assert ("MILK", "SECOND", "CONSUME", 1, 1) in steps(dairy, dairy.graph("MILK"))


def test_a_lot_and_all_that_was_made_of_it_are_held_together(dairy: Dairy) -> None:
    """Through lots and orders; a record for each lot, with notes; and nobody consumes them any more."""
    order = dairy.order("ORDER").id
    dairy.receive("MILK", "OTHER")
    dairy.consume("MILK", 10, production_order=order)
    dairy.produce("CHEESE", 4, production_order=order)
    dairy.consume_into("CHEESE", 1, "BOX")
    answer = dairy.hold("MILK", notes="metal in the milk", request_id=f"{dairy.plant.prefix}-hold")
    assert (held(answer), left(answer)) == (["MILK", "CHEESE", "BOX"], [])
    for record in answer.inventory_lot_records:
        assert (record.lot_record_type, record.lot_status) == (enums_pb2.LOT_RECORD_TYPE_STATUS_CHANGE, QA_HOLD)
        assert (record.notes, record.request_id) == ("metal in the milk", f"{dairy.plant.prefix}-hold")
        assert dairy.client.get_inventory_lot_record(record.id) == record
    assert dairy.statuses() == {"MILK": "QA_HOLD", "CHEESE": "QA_HOLD", "BOX": "QA_HOLD", "OTHER": "OPEN"}
    with pytest.raises(FailedPrecondition) as refused:
        dairy.consume("CHEESE", 1)
    assert refused.value.reason == "LOT_STATUS_FORBIDS"


def test_lots_that_are_shipped_closed_or_held_already_are_left(dairy: Dairy) -> None:
    """And named, with their distance and what is on hand; orders are not. EXPIRED is held, as stored or as shown."""
    order = dairy.order("ORDER").id
    dairy.receive("MILK")
    names = ["OPEN", "AVAILABLE", "QA_HOLD", "EXPIRED", "SHIPPED", "CLOSED"]
    dairy.consume("MILK", 10, production_order=order)
    for name in [*names, "PAST"]:
        dairy.produce(name, 1, production_order=order)
    for name in names[1:]:
        dairy.status(name, name)
    past = dairy.client.get_lot("PAST", material_id_or_path=dairy.plant.milk.id)
    past.expiration_date.FromMilliseconds(1_600_000_000_000)
    dairy.client.save_lot(past)
    assert dairy.statuses()["PAST"] == "EXPIRED"
    answer = dairy.hold("MILK")
    assert set(held(answer)) == {"MILK", "OPEN", "AVAILABLE", "EXPIRED", "PAST"}
    assert sorted(left(answer)) == [("CLOSED", 2), ("QA_HOLD", 2), ("SHIPPED", 2)]
    assert {node.quantity_on_hand for node in answer.left} == {1}
    again = dairy.hold("MILK")
    assert (held(again), len(again.left)) == ([], 8)


def test_the_direction_says_what_is_held(dairy: Dairy) -> None:
    """OUTPUT where absent; INPUT what it came from; BOTH both."""
    dairy.receive("MILK", "SALT")
    dairy.consume_into("MILK", 1, "CURD")
    dairy.consume_into("SALT", 1, "CHEESE")
    dairy.client.produce("CURD", 5, destination=dairy.plant.silo.id, **dairy.at)
    dairy.consume_into("CURD", 1, "CHEESE")
    held_by = {
        direction: held(dairy.hold("CURD", direction=direction, validate_only=True))
        for direction in (0, INPUT, OUTPUT, BOTH)
    }
    assert held_by == {
        0: ["CURD", "CHEESE"],
        INPUT: ["CURD", "MILK"],
        OUTPUT: ["CURD", "CHEESE"],
        BOTH: ["CURD", "MILK", "CHEESE"],
    }


def test_a_trace_that_leaves_something_out_holds_nothing(dairy: Dairy) -> None:
    """By its depth, in which orders count; 10 where it is absent."""
    order = dairy.order("ORDER").id
    dairy.receive("MILK")
    dairy.consume("MILK", 10, production_order=order)
    dairy.produce("CHEESE", 4, production_order=order)
    with pytest.raises(FailedPrecondition) as refused:
        dairy.hold("MILK", depth=1)
    assert (refused.value.reason, dict(refused.value.metadata)) == ("TRACE_TRUNCATED", {"lot": "MILK", "depth": "1"})
    assert set(dairy.statuses().values()) == {"OPEN"}
    assert held(dairy.hold("MILK", depth=2, validate_only=True)) == ["MILK", "CHEESE"]
    assert held(dairy.hold("MILK", depth=1, lots_only=True, validate_only=True)) == ["MILK"]
    dairy.receive("L0", *(f"L{number}" for number in range(1, 12)))
    for number in range(11):
        dairy.consume_into(f"L{number}", 1, f"L{number + 1}")
    with pytest.raises(FailedPrecondition) as refused:
        dairy.hold("L0")
    assert refused.value.metadata["depth"] == "10"
    assert len(held(dairy.hold("L1", validate_only=True))) == 11


def test_more_than_a_thousand_lots_are_not_held_in_one_call(dairy: Dairy) -> None:
    """1,000 are; those that need no change do not count."""
    order = dairy.order("ORDER").id
    dairy.receive("MILK")
    dairy.consume("MILK", 1, production_order=order)
    silo, milk = dairy.plant.silo.id, dairy.plant.milk.id
    produced = [
        actions.produce(
            f"BOX-{n}", 1, destination=silo, production_order=order, material=milk, create_lot_if_not_found=True
        )
        for n in range(1_000)
    ]
    dairy.client.execute_inventory_actions(produced, timeout_seconds=60)
    with pytest.raises(FailedPrecondition) as refused:
        dairy.hold("MILK")
    assert (refused.value.reason, dict(refused.value.metadata)) == (
        "TOO_MANY_RECORDS",
        {"count": "1001", "limit": "1000"},
    )
    dairy.status("BOX-7", "CLOSED")
    answer = dairy.hold("MILK", timeout_seconds=60)
    assert (len(answer.inventory_lot_records), left(answer)) == (1_000, [("BOX-7", 2)])


def test_a_repeat_gets_the_first_answer_and_another_request_is_refused(dairy: Dairy) -> None:
    """Also where lots have changed since; what was left is what the records do not hold."""
    dairy.receive("MILK")
    dairy.consume_into("MILK", 1, "GONE")
    dairy.consume_into("MILK", 1, "BOX")
    dairy.status("GONE", "SHIPPED")
    request_id = f"{dairy.plant.prefix}-repeat"
    first = dairy.hold("MILK", request_id=request_id, notes="why")
    assert (held(first), left(first)) == (["MILK", "BOX"], [("GONE", 1)])
    assert dairy.hold("MILK", request_id=request_id, notes="why") == first
    dairy.status("BOX", "AVAILABLE")
    again = dairy.hold("MILK", request_id=request_id, notes="why", direction=OUTPUT, depth=10)
    assert [one.id for one in again.inventory_lot_records] == [one.id for one in first.inventory_lot_records]
    assert dairy.statuses()["BOX"] == "AVAILABLE"
    for other in ({"notes": "else"}, {"notes": "why", "depth": 9}, {"notes": "why", "lots_only": True}):
        with pytest.raises(LotkeeperError) as refused:
            dairy.hold("MILK", request_id=request_id, **other)
        assert refused.value.reason == "REQUEST_ID_REUSED"


def test_a_dry_run_says_what_would_be_held_and_holds_nothing(dairy: Dairy) -> None:
    """Without ids; its request id stays free."""
    dairy.receive("MILK")
    answer = dairy.hold("MILK", validate_only=True, request_id=f"{dairy.plant.prefix}-dry")
    assert [(one.id, one.inventory_lot_name, one.lot_status) for one in answer.inventory_lot_records] == [
        ("", "MILK", QA_HOLD)
    ]
    assert dairy.statuses() == {"MILK": "OPEN"}
    assert held(dairy.hold("MILK", request_id=f"{dairy.plant.prefix}-dry")) == ["MILK"]


def test_a_reason_code_is_looked_at_as_for_every_change_of_status(dairy: Dairy) -> None:
    """Comments that it requires, the type it is for, whether there is one: also where no lot is to be held."""
    dairy.receive("MILK")
    code = dairy.client.save_material_reason_code(
        master_data_pb2.MaterialReasonCode(reason_code=f"{dairy.plant.prefix}-R", require_comments=True)
    )
    scrapping = dairy.client.save_material_reason_code(
        master_data_pb2.MaterialReasonCode(
            reason_code=f"{dairy.plant.prefix}-S", lot_record_type=enums_pb2.LOT_RECORD_TYPE_SCRAP
        )
    )
    for _ in range(2):
        with pytest.raises(LotkeeperError) as refused:
            dairy.hold("MILK", material_reason_code_id=code.id)
        assert refused.value.reason == "COMMENTS_REQUIRED"
        with pytest.raises(InvalidArgument) as wrong:
            dairy.hold("MILK", material_reason_code_id=scrapping.id)
        assert wrong.value.field_violations[0].field == "material_reason_code_id"
        with pytest.raises(NotFound) as missing:
            dairy.hold("MILK", material_reason_code_id="01JPAND53P-BZ61RZHZ-V7C6EEHG")
        assert missing.value.field_violations[0].field == "material_reason_code_id"
        dairy.status("MILK", "CLOSED")
    dairy.status("MILK", "OPEN")
    [record] = dairy.hold("MILK", material_reason_code_id=code.id, notes="glass").inventory_lot_records
    assert record.material_reason_code == code.reason_code


def test_a_hold_needs_both_permissions(server: ServerProcess, dairy: Dairy) -> None:
    """To read inventory, and to change a lot's status; a dry run, too."""
    dairy.receive("MILK")
    for number, (permissions, enough) in enumerate(
        (
            ("INVENTORY.READ", False),
            ("INVENTORY.WRITE.STATUS_CHANGE", False),
            ("INVENTORY.READ,INVENTORY.WRITE.STATUS_CHANGE", True),
        )
    ):
        role = f"{dairy.plant.prefix.lower()}-{number}"
        options = [word for one in permissions.split(",") for word in ("--permission", one)]
        assert server.run("role", "create", role, *options).returncode == 0
        token = server.run("token", "create", "--name", role, "--role", role).stdout.strip()
        with Client(server.address, token=token) as caller:
            asked = {"material_id_or_path": dairy.plant.milk.id, "validate_only": True}
            if enough:
                assert held(caller.hold_traced_lots("MILK", **asked)) == ["MILK"]
                continue
            with pytest.raises(PermissionDenied):
                caller.hold_traced_lots("MILK", **asked)


def test_what_has_no_shape_is_refused_by_field(dairy: Dairy) -> None:
    """All faults at once."""
    with pytest.raises(InvalidArgument) as refused:
        dairy.client.hold_traced_lots(
            "", direction=9, depth=51, notes="\0", material_reason_code_id="x", request_id="ü"
        )  # type: ignore[arg-type]
    assert [one.field for one in refused.value.field_violations] == [
        "lot_id_or_name",
        "direction",
        "depth",
        "notes",
        "material_reason_code_id",
        "request_id",
    ]
    with pytest.raises(NotFound) as missing:
        dairy.hold("NOBODY")
    assert missing.value.reason == "LOT_NOT_FOUND"


async def test_a_watch_sees_the_holds(server: ServerProcess, dairy: Dairy) -> None:
    """Each record, like any other one."""
    dairy.receive("MILK")
    dairy.consume_into("MILK", 1, "BOX")
    async with AsyncClient(server.address, token=server.token) as client:
        watch = client.watch_inventory_lot_records(
            material_id_or_path=dairy.plant.milk.id, lot_record_types=[enums_pb2.LOT_RECORD_TYPE_STATUS_CHANGE]
        )
        assert not (await anext(watch)).HasField("inventory_lot_record")  # the first is a heartbeat
        answer = dairy.hold("MILK")
        seen: list[str] = []
        while len(seen) < 2:
            message = await anext(watch)
            seen += [message.inventory_lot_record.id] if message.HasField("inventory_lot_record") else []
        await watch.aclose()
    assert seen == [one.id for one in answer.inventory_lot_records]


def test_the_command_line_shows_what_it_would_hold_and_asks(server: ServerProcess, dairy: Dairy) -> None:
    """A dry run holds nothing; --yes does not ask; without an answer nothing is done."""
    order, milk = dairy.order("ORDER").id, dairy.plant.milk
    dairy.receive("MILK")
    dairy.consume("MILK", 10, production_order=order)
    dairy.produce("CHEESE", 4, production_order=order)
    dairy.produce("GONE", 1, production_order=order)
    dairy.status("GONE", "SHIPPED")
    named = ("lots", "hold-traced", "MILK", "--material", milk.path)
    shown = command(server, *named, "--dry-run")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout == (
        f"2 lots to hold\n  MILK  {milk.name}\n  CHEESE  {milk.name}\n"
        f"1 lot left as it is\n  GONE  {milk.name}  SHIPPED  1 {dairy.plant.kg.symbol} on hand\n"
    )
    unanswered = command(server, *named)
    assert (unanswered.returncode, "Hold them?" in unanswered.stderr) == (1, True)
    assert dairy.statuses()["MILK"] == "OPEN"
    assert command(server, *named, "--json").returncode == 2
    done = command(server, *named, "--yes", "--notes", "glass")
    assert done.stdout.startswith("2 lots held\n")
    assert dairy.statuses() == {"MILK": "QA_HOLD", "CHEESE": "QA_HOLD", "GONE": "SHIPPED"}
    answer = json.loads(command(server, *named, "--yes", "--json", "--depth", "3").stdout)
    assert len(answer["left"]) == 3
    refused = command(server, *named, "--yes", "--depth", "1")
    assert (refused.returncode, "TRACE_TRUNCATED" in refused.stderr) == (1, True)
    tree = command(server, "trace", "MILK", "--material", milk.path, "--forward").stdout
    assert f"└─ {dairy.plant.prefix} ORDER  production order  CONSUME 10 {dairy.plant.kg.symbol}" in tree
    alone = command(server, "trace", "MILK", "--material", milk.path, "--forward", "--lots-only").stdout
    assert "went into nothing recorded" in alone
