"""Traces of what was really done, through the service and the command line."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from lotkeeper import Client, InvalidArgument, NotFound
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import trace_service_pb2 as pb

from tests.plants import ServedPlant
from tests.server_process import BINARIES, ServerProcess

INPUT, OUTPUT = enums_pb2.TRACE_DIRECTION_INPUT, enums_pb2.TRACE_DIRECTION_OUTPUT
CONSUME, PRODUCE = enums_pb2.LOT_RECORD_TYPE_CONSUME, enums_pb2.LOT_RECORD_TYPE_PRODUCE


@pytest.fixture
def plant(client: Client) -> ServedPlant:
    """A plant of one's own."""
    return ServedPlant(client)


@pytest.fixture
def cheese(client: Client, plant: ServedPlant) -> dict[str, str]:
    """Two milks into one cheese, which went into a box; ids by name. One consumption was a mistake and is reversed."""
    receive = plant.operation("RECEIVE")
    consume = plant.operation("CONSUME", secondary_material_id=plant.milk.id)
    for milk in ("MILK-1", "MILK-2", "MILK-3"):
        client.execute_inventory_operation(receive.id, milk, 100)
    client.execute_inventory_operation(consume.id, "MILK-1", 10, "CHEESE")
    client.execute_inventory_operation(consume.id, "MILK-1", 5.5, "CHEESE")
    client.execute_inventory_operation(consume.id, "MILK-2", 7, "CHEESE")
    produce = plant.operation("PRODUCE", secondary_material_id=plant.milk.id)
    client.execute_inventory_operation(produce.id, "BOX", 4, "CHEESE")
    mistake = client.execute_inventory_operation(consume.id, "MILK-3", 9, "CHEESE")
    client.reverse_inventory_lot_record(mistake.id)
    return {lot.name: lot.id for lot in client.list_lots(material_id_or_path=plant.milk.id)}


def edges(answer: pb.GetLotTraceGraphResponse) -> set[tuple[str, str, int, float, int]]:
    names = {node.inventory_lot_id: node.inventory_lot_name for node in answer.nodes}
    return {
        (
            names[edge.from_inventory_lot_id],
            names[edge.to_inventory_lot_id],
            edge.lot_record_type,
            edge.quantity,
            edge.record_count,
        )
        for edge in answer.edges
    }


def test_a_trace_sums_the_records_that_stand(client: Client, cheese: dict[str, str]) -> None:
    """By type; what was reversed is no edge, and its lot no part."""
    answer = client.get_lot_trace_graph(cheese["CHEESE"])
    assert edges(answer) == {
        ("MILK-1", "CHEESE", CONSUME, 15.5, 2),
        ("MILK-2", "CHEESE", CONSUME, 7, 1),
        ("CHEESE", "BOX", PRODUCE, 4, 1),
    }
    flows = {node.inventory_lot_name: (node.depth, node.quantity_in, node.quantity_out) for node in answer.nodes}
    assert flows == {"CHEESE": (0, 0, 0), "MILK-1": (1, 0, 15.5), "MILK-2": (1, 0, 7), "BOX": (1, 4, 0)}
    assert not answer.truncated


def test_a_recall_goes_forward_and_a_complaint_backward(
    client: Client, plant: ServedPlant, cheese: dict[str, str]
) -> None:
    """From the milk to the box, from the box to the milks; and their ends."""
    recall = client.get_lot_trace_graph("MILK-1", material_id_or_path=plant.milk.path, direction=OUTPUT)
    assert {node.inventory_lot_name: node.depth for node in recall.nodes} == {"MILK-1": 0, "CHEESE": 1, "BOX": 2}
    near = client.get_lot_trace_graph(cheese["BOX"], direction=INPUT, depth=1)
    assert ([node.inventory_lot_name for node in near.nodes], near.truncated) == (["BOX", "CHEESE"], True)
    ends = client.list_terminal_lots(cheese["BOX"], direction=INPUT, page_size=1)
    assert [node.inventory_lot_name for node in ends] == ["MILK-1", "MILK-2"]
    assert [node.inventory_lot_name for node in client.list_terminal_lots(cheese["MILK-3"], direction=OUTPUT)] == [
        "MILK-3"
    ]


def test_traces_refuse_what_they_cannot_answer(client: Client, cheese: dict[str, str]) -> None:
    """By field."""
    with pytest.raises(NotFound) as missing:
        client.get_lot_trace_graph("01JPAND53P-BZ61RZHZ-V7C6EEHG")
    assert (missing.value.reason, missing.value.field_violations[0].field) == ("LOT_NOT_FOUND", "lot_id_or_name")
    with pytest.raises(InvalidArgument) as refused:
        client.get_lot_trace_graph(cheese["BOX"], depth=51)
    assert refused.value.field_violations[0].field == "depth"
    with pytest.raises(InvalidArgument) as refused:
        list(client.list_terminal_lots(cheese["BOX"], direction=enums_pb2.TRACE_DIRECTION_BOTH))
    assert refused.value.field_violations[0].field == "direction"


def command(server: ServerProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs `lotkeeper` against the server."""
    environment = os.environ | {"LOTKEEPER_ADDRESS": server.address, "LOTKEEPER_TOKEN": server.token}
    program = [BINARIES / "lotkeeper", *arguments]
    return subprocess.run(program, capture_output=True, text=True, env=environment, timeout=60, check=False)


def test_the_command_line_draws_trees(server: ServerProcess, plant: ServedPlant, cheese: dict[str, str]) -> None:
    """Both ways, or one; a lot by name with its material."""
    unit, milk = plant.kg.symbol, plant.milk.name
    done = command(server, "trace", "CHEESE", "--material", plant.milk.path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"CHEESE  {milk}  OPEN\n"
        "\n"
        "came from\n"
        f"├─ MILK-1  {milk}  OPEN  84.5 {unit} on hand  CONSUME 15.5 {unit} (2 records)\n"
        f"└─ MILK-2  {milk}  OPEN  93 {unit} on hand  CONSUME 7 {unit}\n"
        "\n"
        "went into\n"
        f"└─ BOX  {milk}  OPEN  4 {unit} on hand  PRODUCE 4 {unit}\n"
    )
    backward = command(server, "trace", cheese["BOX"], "--backward", "--depth", "1").stdout
    assert "went into" not in backward
    assert "Not all is shown" in backward


def test_the_command_line_writes_pictures_and_data(
    server: ServerProcess, cheese: dict[str, str], tmp_path: Path
) -> None:
    """Files, several at once; the answer also on standard output."""
    svg, dot, table, data = (str(tmp_path / name) for name in ("t.svg", "t.dot", "t.csv", "t.json"))
    done = command(server, "trace", cheese["BOX"], "--svg", svg, "--dot", dot, "--csv", table, "--json", data)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert ET.parse(svg).getroot().tag.endswith("svg")  # noqa: S314 - our own
    assert Path(dot).read_text().startswith("digraph")
    assert len(Path(table).read_bytes().split(b"\r\n")) == 1 + 3 + 1
    written = json.loads(Path(data).read_text())
    assert {node["inventoryLotName"] for node in written["nodes"]} == {"MILK-1", "MILK-2", "CHEESE", "BOX"}
    assert {edge["lotRecordType"] for edge in written["edges"]} == {"CONSUME", "PRODUCE"}
    for printed in (("trace", cheese["BOX"], "--json"), ("--json", "trace", cheese["BOX"])):
        assert json.loads(command(server, *printed).stdout) == written
    assert json.loads(command(server, "trace", cheese["BOX"], "--json", "-").stdout) == written
    nowhere = command(server, "trace", cheese["BOX"], "--svg", str(tmp_path / "no" / "t.svg"))
    assert (nowhere.returncode, "cannot be written" in nowhere.stderr) == (2, True)
    unknown = command(server, "trace", "01JPAND53P-BZ61RZHZ-V7C6EEHG")
    assert (unknown.returncode, "LOT_NOT_FOUND" in unknown.stderr) == (1, True)
