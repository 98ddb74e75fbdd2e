"""The client, with and without asyncio, and its command line, against a real server."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import lotkeeper
import pytest
from lotkeeper import AsyncClient, Client, FailedPrecondition, NotFound, Unavailable, to_dict, to_json

from tests.plants import ServedPlant
from tests.server_process import BINARIES, ServerProcess


def command(server: ServerProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs `lotkeeper` against the server."""
    environment = os.environ | {"LOTKEEPER_ADDRESS": server.address, "LOTKEEPER_TOKEN": server.token}
    program = [BINARIES / "lotkeeper", *arguments]
    return subprocess.run(program, capture_output=True, text=True, env=environment, timeout=60, check=False)


async def test_the_asyncio_client_does_what_the_other_does(server: ServerProcess, client: Client) -> None:
    """Calls, pages and refusals."""
    plant = ServedPlant(client)
    produce = plant.operation("PRODUCE")
    async with AsyncClient(server.address, token=server.token) as own:
        record = await own.execute_inventory_operation(produce.id, "L", 2.5)
        assert (record.quantity, record.inventory_lot_name) == (2.5, "L")
        assert [row.quantity async for row in own.list_inventory(location_id_or_path=plant.silo.id)] == [2.5]
        with pytest.raises(FailedPrecondition) as refused:
            await own.execute_inventory_operation(plant.operation("CONSUME").id, "L", 3.0)
    assert refused.value.reason == "INSUFFICIENT_INVENTORY"
    assert (refused.value.metadata["available"], refused.value.metadata["requested"]) == ("2.5", "3")


def test_the_sync_and_the_asyncio_client_have_the_same_methods() -> None:
    """One is made from the other."""
    names = [{name for name in dir(one) if not name.startswith("_")} for one in (Client, AsyncClient)]
    assert names[0] == names[1]


def test_the_public_names_are_those_listed() -> None:
    """And each is there."""
    assert all(hasattr(lotkeeper, name) for name in lotkeeper.__all__)


def test_json_has_the_source_systems_names_and_values(client: Client) -> None:
    """camelCase, enums without prefix, numbers as numbers, absent references and dates null."""
    plant = ServedPlant(client)
    record = client.execute_inventory_operation(plant.operation("PRODUCE").id, "L", 1.0)
    read: dict[str, Any] = json.loads(to_json(record))
    assert read == to_dict(record)
    assert (read["lotRecordType"], read["status"], read["lotStatus"]) == ("PRODUCE", "COMPLETED", "OPEN")
    assert (read["duration"], read["version"], read["quantity"]) == (0, 1, 1.0)
    assert (read["secondaryInventoryLotId"], read["modifiedDate"], read["materialReasonCode"]) == (None, None, None)
    assert read["startDate"].endswith("Z")


def test_nobody_on_the_address_is_unavailable() -> None:
    """Within the deadline of the call."""
    with Client("127.0.0.1:1", token="t") as nobody, pytest.raises(Unavailable):
        nobody.get_location("x", timeout_seconds=0.5)


def test_the_command_line_executes_starts_stops_and_lists(server: ServerProcess, client: Client) -> None:
    """Tables for people, one JSON object a line for programs, wherever `--json` stands."""
    plant = ServedPlant(client)
    produce = plant.operation("PRODUCE")
    done = command(server, "execute", produce.id, "L", "5", "--json")
    assert (done.returncode, json.loads(done.stdout)["quantity"]) == (0, 5.0)
    assert command(server, "start", produce.id, "L").returncode == 0
    assert "RUNNING" in command(server, "operations", "status", produce.id).stdout
    assert command(server, "stop", produce.id, "2").returncode == 0
    table = command(server, "inventory", "--location", plant.silo.path).stdout
    assert f"7 {plant.kg.symbol}" in table
    lines = command(server, "--json", "records", "list", "--lot", "L", "--material", plant.milk.path).stdout
    assert [json.loads(line)["quantity"] for line in lines.splitlines()] == [2.0, 5.0]


def test_the_command_lines_exit_status_says_what_happened(server: ServerProcess, client: Client) -> None:
    """0 done, 1 refused in one line, 2 usage, 3 unreachable."""
    consume = ServedPlant(client).operation("CONSUME")
    refused = command(server, "execute", consume.id, "none", "1")
    assert (refused.returncode, refused.stderr) == (1, "refused: LOT_NOT_FOUND: There is no inventory lot none.\n")
    assert command(server, "execute").returncode == 2
    unreachable = command(server, "--address", "127.0.0.1:1", "--timeout", "0.5", "locations")
    assert (unreachable.returncode, unreachable.stderr.split(":")[0]) == (3, "unreachable")
    for shell in ("bash", "zsh", "fish"):
        assert "_LOTKEEPER_COMPLETE" in command(server, "completion", shell).stdout


def test_a_batch_from_a_file_says_each_outcome(server: ServerProcess, client: Client, tmp_path: Any) -> None:
    """Refused items make the exit status 1."""
    produce = ServedPlant(client).operation("PRODUCE")
    requests = [
        {"inventoryOperationId": produce.id, "primaryLotIdOrName": "L", "quantity": quantity} for quantity in (1, 0)
    ]
    file = tmp_path / "requests.jsonl"
    file.write_text("\n".join(map(json.dumps, requests)))
    done = command(server, "batch", str(file))
    assert (done.returncode, [line.split(":")[1] for line in done.stdout.splitlines()]) == (1, [" done", " refused"])


def test_an_unknown_lot_is_a_typed_exception(client: Client) -> None:
    """With its field and metadata."""
    consume = ServedPlant(client).operation("CONSUME")
    with pytest.raises(NotFound) as refused:
        client.execute_inventory_operation(consume.id, "none", 1.0)
    assert [one.field for one in refused.value.field_violations] == ["primary_lot_id_or_name"]
    assert refused.value.metadata == {"name": "none"}
