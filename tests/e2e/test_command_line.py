"""The commands for actions, records, stock, lots and master data, against a real server."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from lotkeeper import Client, from_json
from lotkeeper.cli import main
from lotkeeper.inventory.v1.inventory_action_pb2 import InventoryAction
from lotkeeper.inventory.v1.inventory_operation_service_pb2 import ExecuteInventoryOperationRequest

from tests.plants import ServedPlant
from tests.server_process import ServerProcess

Command = Callable[..., Result]


@pytest.fixture
def lotkeeper(server: ServerProcess) -> Command:
    """Runs `lotkeeper` against the server, in this process."""

    def run(*arguments: str, standard_input: str | None = None) -> Result:
        environment = {"LOTKEEPER_ADDRESS": server.address, "LOTKEEPER_TOKEN": server.token}
        return CliRunner().invoke(main, arguments, input=standard_input, env=environment)

    return run


def rows(result: Result) -> list[dict[str, Any]]:
    """What a command with `--json` printed."""
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_stock_is_changed_by_a_command_for_each_type(lotkeeper: Command, client: Client) -> None:
    """Units by symbol, lots by name with their material."""
    plant = ServedPlant(client)
    silo, tank, unit = plant.silo.path, plant.location("Tank").path, plant.kg.symbol
    milk = ("--material", plant.milk.path)
    assert lotkeeper("receive", "A", "10", unit, "--to", silo, "--create-lot", *milk).exit_code == 0
    assert lotkeeper("produce", "A", "1", "--to", silo, *milk, "--notes", "made").exit_code == 0
    assert lotkeeper("unconsume", "A", "1", unit, "--to", silo, *milk).exit_code == 0
    assert lotkeeper("consume", "", "1", "--from", silo, *milk).exit_code == 0
    for name in ("ship", "return", "scrap"):
        assert lotkeeper(name, "A", "1", unit, "--from", silo, *milk).exit_code == 0
    assert lotkeeper("move", "A", "4", unit, "--from", silo, "--to", tank, *milk).exit_code == 0
    assert lotkeeper("split", "A", "1", unit, "--at", tank, "--new-lot", "B", *milk).exit_code == 0
    assert lotkeeper("merge", "A", "B", "--at", tank, *milk).exit_code == 0
    assert lotkeeper("edit-quantity", "A", "7.5", unit, "--at", tank, *milk).exit_code == 0
    assert plant.stock() == {"A": 4}
    assert lotkeeper("change-status", "A", "qa_hold", *milk).exit_code == 0
    passed = rows(lotkeeper("--json", "receive-and-consume", "C", "1", "--at", silo, "--create-lot", *milk))
    assert [row["lotRecordType"] for row in passed] == ["RECEIVE", "CONSUME"]
    assert [row["quantity"] for row in rows(lotkeeper("--json", "scrap-all", "--from", tank, *milk))] == [7.5]
    assert lotkeeper("scrap-all", "--from", tank, *milk).stdout == "there was nothing to do\n"
    missing = lotkeeper("move", "A", "4", unit, "--from", silo, *milk)
    assert (missing.exit_code, "--to" in missing.stderr) == (2, True)


def test_a_file_of_actions_is_one_transaction(lotkeeper: Command, client: Client, tmp_path: Path) -> None:
    """As `--json` has names and values; a refusal says which action it was."""
    plant = ServedPlant(client)
    place = {"materialIdOrPath": plant.milk.path, "lotIdOrName": "A"}
    receive = {"type": "RECEIVE", "quantity": 2, "destinationLocationIdOrPath": plant.silo.path} | place
    consume = {
        "type": "INVENTORY_ACTION_TYPE_CONSUME",
        "quantity": 3,
        "sourceLocationIdOrPath": plant.silo.path,
    } | place
    file = tmp_path / "actions.jsonl"
    file.write_text(f"{json.dumps(receive | {'createLotIfNotFound': True})}\n\n{json.dumps(consume)}\n")
    refused = lotkeeper("act", str(file))
    assert refused.exit_code == 1
    assert refused.stderr.startswith("refused: INSUFFICIENT_INVENTORY: ")
    assert refused.stderr.endswith(" (item 2)\n")
    assert plant.stock() == {}
    text = file.read_text().replace(" 3,", " 1,")
    validated = lotkeeper("act", "-", "--validate-only", standard_input=text)
    assert validated.stdout == "1: would be done\n2: would be done\n"
    assert validated.stderr == "only validated: nothing was done\n"
    assert [row["actionIndexes"] for row in rows(lotkeeper("act", "-", "--json", standard_input=text))] == [[0, 1]]
    assert plant.stock() == {"A": 1}
    wrong = lotkeeper("act", "-", standard_input='{"type": "MOVE", "quantitty": 1}')
    assert (wrong.exit_code, "line 1" in wrong.stderr) == (2, True)


def test_records_are_found_by_every_filter_reversed_and_annotated(lotkeeper: Command, client: Client) -> None:
    """Times, statuses, the reason code by its code, the production order."""
    plant = ServedPlant(client)
    code = f"{plant.prefix}-SPOILT"
    made = rows(
        lotkeeper(
            "--json",
            "reason-codes",
            "save",
            "-",
            standard_input=json.dumps({"reasonCode": code, "lotRecordType": "SCRAP"}),
        )
    )
    order = json.dumps(
        {
            "name": f"{plant.prefix} order",
            "productMaterialId": plant.milk.id,
            "quantity": 5,
            "unitOfMeasureId": plant.kg.id,
        }
    )
    assert lotkeeper("production-orders", "save", "-", standard_input=order).exit_code == 0
    milk = ("--material", plant.milk.path)
    [received] = rows(
        lotkeeper(
            "--json",
            "receive",
            "A",
            "5",
            "--to",
            plant.silo.path,
            "--create-lot",
            *milk,
            "--production-order",
            f"{plant.prefix} order",
        )
    )
    [scrapped] = rows(lotkeeper("--json", "scrap", "A", "1", "--from", plant.silo.path, *milk, "--reason-code", code))
    assert scrapped["materialReasonCodeId"] == made[0]["id"]

    def found(*filters: str) -> list[str]:
        return [row["id"] for row in rows(lotkeeper("--json", "records", "list", *milk, *filters))]

    both = [scrapped["id"], received["id"]]
    end = datetime.fromisoformat(scrapped["endDate"])
    assert found("--reason-code", code) == found("--type", "SCRAP") == both[:1]
    assert found("--production-order", f"{plant.prefix} order") == both[1:]
    assert found("--status", "completed", "--lot", "A") == both
    assert found("--status", "RUNNING") == []
    assert found("--oldest-first", "--location", plant.silo.path, "--limit", "1") == both[1:]
    assert found("--from", (end + timedelta(seconds=1)).isoformat()) == []
    assert found("--to", (end + timedelta(seconds=1)).isoformat()) == both
    noted = rows(lotkeeper("--json", "records", "annotate", scrapped["id"], "--notes", "fell over", "--spare1", ""))
    assert (noted[0]["notes"], noted[0]["spare1"]) == ("fell over", "")
    [reversal] = rows(lotkeeper("--json", "records", "reverse", scrapped["id"], "--notes", "it did not"))
    assert (reversal["reversesRecordId"], reversal["quantity"]) == (scrapped["id"], -1)
    assert lotkeeper("records", "reverse", scrapped["id"]).stderr.startswith("refused: ALREADY_REVERSED: ")


def test_stock_is_shown_as_it_was_and_its_rows_are_named(lotkeeper: Command, client: Client) -> None:
    """A moment in any zone."""
    plant = ServedPlant(client)
    milk = ("--material", plant.milk.path)
    earlier = datetime.now(UTC) - timedelta(hours=2)
    place = ("--to", plant.silo.path, "--create-lot", *milk)
    assert lotkeeper("receive", "A", "1", *place, "--end", earlier.isoformat()).exit_code == 0
    assert lotkeeper("receive", "A", "2", *place).exit_code == 0
    moment = (earlier + timedelta(hours=1)).isoformat()
    assert [row["quantity"] for row in rows(lotkeeper("--json", "inventory", *milk, "--as-of", moment))] == [1]
    assert [row["quantity"] for row in rows(lotkeeper("--json", "inventory", *milk))] == [3]
    named = lotkeeper("--json", "inventory", "set-metadata", "A", plant.silo.path, *milk, "--name", "PALLET-7")
    assert rows(named)[0]["name"] == "PALLET-7"
    assert "PALLET-7" in lotkeeper("inventory", "--name", "PALLET-7").stdout


def test_what_json_shows_can_be_changed_and_saved_back(lotkeeper: Command, client: Client) -> None:
    """One object, or several one after another; a mask; a version; then it is deleted."""
    plant = ServedPlant(client)
    [made] = rows(
        lotkeeper(
            "--json",
            "lots",
            "save",
            "-",
            standard_input=json.dumps({"name": "L", "materialPath": plant.milk.path, "status": "AVAILABLE"}),
        )
    )
    assert made["status"] == "AVAILABLE"
    shown = lotkeeper("--json", "lots", "get", "L", "--material", plant.milk.path).stdout
    [same] = rows(lotkeeper("--json", "lots", "save", "-", standard_input=shown))
    assert same == made
    changed = json.dumps(made | {"name": "M", "notes": "unseen"})
    [masked] = rows(lotkeeper("--json", "lots", "save", "-", "--mask", "name", standard_input=changed))
    assert (masked["name"], masked["notes"], masked["version"]) == ("M", "", 2)
    stale = lotkeeper("lots", "delete", made["id"], "--version", "1")
    assert (stale.exit_code, stale.stderr.split(":")[1]) == (1, " VERSION_CONFLICT")
    assert lotkeeper("lots", "delete", "M", "--material", plant.milk.path).exit_code == 0
    assert lotkeeper("lots", "get", made["id"]).stderr.startswith("refused: LOT_NOT_FOUND")
    two = "".join(json.dumps({"name": f"{plant.prefix} {name}"}, indent=2) for name in ("X", "Y"))
    paths = [row["path"] for row in rows(lotkeeper("--json", "locations", "save", "-", standard_input=two))]
    listed = rows(lotkeeper("--json", "locations", "list", "--name-prefix", f"{plant.prefix} "))
    assert paths == [f"{plant.prefix} X", f"{plant.prefix} Y"]
    assert {row["path"] for row in listed} == {*paths, plant.silo.path}
    assert (
        lotkeeper("locations", "get", paths[0]).exit_code == lotkeeper("locations", "delete", paths[0]).exit_code == 0
    )
    assert paths[1] in lotkeeper("locations").stdout
    wrong = lotkeeper("locations", "save", "-", standard_input='{"nme": "x"}')
    assert (wrong.exit_code, "nme" in wrong.stderr) == (2, True)


def test_room_and_conversions_are_answered(lotkeeper: Command, client: Client) -> None:
    """By symbols."""
    plant = ServedPlant(client)
    small = plant.location("Small", storage_capacity=3.0, storage_capacity_unit_id=plant.kg.id)
    [answer] = rows(lotkeeper("--json", "locations", "capacity", small.path, "2", plant.kg.symbol))
    assert (answer["hasCapacity"], answer["free"]) == (True, 3)
    assert lotkeeper("convert", "2.5", plant.kg.symbol, plant.kg.symbol).stdout == f"2.5 {plant.kg.symbol}\n"
    assert rows(lotkeeper("--json", "convert", "2.5", plant.kg.symbol, plant.kg.symbol)) == [
        {"quantity": 2.5, "exactQuantity": "2.5"}
    ]


def test_the_help_names_every_command_once(lotkeeper: Command) -> None:
    """In a section."""
    help_text = lotkeeper("--help").stdout
    assert [name for name in main.commands if help_text.count(f"\n  {name} ") != 1] == []


def test_files_of_actions_and_requests_take_what_the_tool_itself_writes(
    lotkeeper: Command, client: Client, tmp_path: Path
) -> None:
    """Exact quantities as texts, null for what is absent; what does not fit is told by its line and its field."""
    plant = ServedPlant(client)
    receive = {
        "type": "RECEIVE",
        "lotIdOrName": "A",
        "materialIdOrPath": plant.milk.path,
        "exactQuantity": "0.3",
        "destinationLocationIdOrPath": plant.silo.path,
        "createLotIfNotFound": True,
        "notes": None,
    }
    file = tmp_path / "actions.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps(receive).encode())
    assert lotkeeper("act", str(file)).exit_code == 0
    consuming = plant.operation("CONSUME")
    request = {"inventoryOperationId": consuming.id, "primaryLotIdOrName": "A", "exactQuantity": "0.1"}
    request["materialIdOrPath"] = plant.milk.path
    assert lotkeeper("batch", "-", standard_input=json.dumps(request)).exit_code == 0
    assert plant.stock() == {"A": 0.2}
    for command, good, field in (("act", receive, "quantity"), ("batch", request, "quantity")):
        for wrong, said in (
            (good | {"exactQuantity": 0.1}, 'exactQuantity must be a quantity as text, such as "0.1", and is 0.1'),
            (good | {"quantitty": 1}, f'there is no field "quantitty"; did you mean {field}?'),
        ):
            text = f"{json.dumps(good)}\n{json.dumps(wrong)}\n"
            refused = lotkeeper(command, "-", standard_input=text)
            assert (refused.exit_code, refused.stdout) == (2, "")
            assert refused.stderr.splitlines()[-1] == f"Error: line 2: {said}"
        refused = lotkeeper(command, "-", standard_input=json.dumps(good) + "\n{")
        assert "line 2: it is no JSON, by character 2: " in refused.stderr
        file.write_bytes(json.dumps(good).encode() + b"\n\xff\n")
        assert lotkeeper(command, str(file)).stderr.endswith("line 2: byte 1 is not UTF-8\n")
    assert plant.stock() == {"A": 0.2}


def test_the_help_of_files_shows_a_line_that_can_be_read(lotkeeper: Command) -> None:
    """The example of each, and what is given by name there."""
    for command, message_class, said in (
        ("act", InventoryAction, "by id only"),
        ("batch", ExecuteInventoryOperationRequest, "An operation is given by its id only"),
    ):
        shown = lotkeeper(command, "--help").stdout
        example = shown[shown.index("{") : shown.rindex("}\n") + 1]
        assert from_json(" ".join(example.split()), message_class).HasField("exact_quantity")
        assert said in " ".join(shown.split())


def test_what_was_written_is_two_lines_a_record_and_all_of_it_on_request(lotkeeper: Command, client: Client) -> None:
    """Type, quantity, lot, places, id; --wide has each field, --columns a table; programs get what they always did."""
    plant = ServedPlant(client)
    silo, tank, unit = plant.silo.path, plant.location("Tank").path, plant.kg.symbol
    milk, written = ("--material", plant.milk.path), re.compile(r"  record (\S+)  \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ")

    def ids(result: Result, *said: str) -> list[str]:
        """Of the records; each has the line that is said, and the one with its id and its moment."""
        lines = result.stdout.splitlines()
        assert lines[::2] == list(said), result.output
        matches = [written.fullmatch(line) for line in lines[1::2]]
        return [match[1] for match in matches if match]

    received = lotkeeper("receive", "A", "10", unit, "--to", silo, "--create-lot", *milk, "--utc")
    (received_id,) = ids(received, f"RECEIVE  10 {unit}  A  > {silo}")
    assert client.get_inventory_lot_record(received_id).quantity == 10
    moved = lotkeeper("move", "A", "1.5", unit, "--from", silo, "--to", tank, *milk, "--utc")
    assert len(ids(moved, f"MOVE  1.5 {unit}  A  {silo} > {tank}")) == 1
    into = ("--secondary-lot", "C", "--secondary-material", plant.milk.path)
    used = lotkeeper("consume", "A", "1", "--from", silo, "--create-lot", *into, *milk, "--utc")
    assert len(ids(used, f"CONSUME  1 {unit}  A  {silo}  secondary lot C")) == 1
    held = lotkeeper("change-status", "A", "qa_hold", *milk, "--utc")
    assert len(ids(held, "STATUS_CHANGE  A  now QA_HOLD")) == 1
    assert lotkeeper("change-status", "A", "available", *milk).exit_code == 0
    passed = lotkeeper("receive-and-consume", "B", "1", "--at", silo, "--create-lot", *milk, "--utc")
    assert len(ids(passed, f"RECEIVE  1 {unit}  B  > {silo}", f"CONSUME  1 {unit}  B  {silo}")) == 2
    (scrapped,) = rows(lotkeeper("--json", "scrap", "A", "1", "--from", silo, *milk))
    undone = lotkeeper("records", "reverse", scrapped["id"], "--utc")
    assert undone.stdout.splitlines()[0] == f"SCRAP  -1 {unit}  A  {silo}"
    assert undone.stdout.endswith(f"Z  reverses {scrapped['id']}\n")

    operation = plant.operation("CONSUME")
    ran = lotkeeper("execute", operation.id, "A", "1", "--utc")
    assert len(ids(ran, f"CONSUME  1 {unit}  A  {silo}")) == 1
    begun = lotkeeper("start", operation.id, "A", "--utc").stdout.splitlines()
    assert (begun[0], begun[1].endswith("Z  RUNNING")) == (f"CONSUME  A  {silo}", True)
    assert lotkeeper("cancel", operation.id, "--utc").stdout.splitlines()[1].endswith("Z  CANCELLED")

    change = ("scrap", "A", "1", "--from", silo, *milk)
    wide = dict(line.split(None, 1) for line in lotkeeper(*change, "--wide").stdout.splitlines())
    assert (wide["lotRecordType"], wide["sourceLocationPath"], wide["quantity"]) == ("SCRAP", silo, "1")
    assert lotkeeper(*change, "--columns", "type,QUANTITY,source_location_path").stdout.splitlines() == [
        f"{'TYPE':5}  {'QUANTITY':>{len(unit) + 2}}  SOURCE_LOCATION_PATH",
        f"SCRAP  {f'1 {unit}':>8}  {silo}",
    ]
    (only,) = lotkeeper(*change, "--columns", "id", "--no-headers").stdout.splitlines()
    assert client.get_inventory_lot_record(only).quantity == 1
    assert rows(lotkeeper(*change, "--json", "--columns", "type")) == [{"lotRecordType": "SCRAP"}]
    assert lotkeeper(*change, "-o", "csv", "--columns", "type,quantity").stdout == "lot_record_type,quantity\nSCRAP,1\n"
    assert [row["lotRecordType"] for row in rows(lotkeeper(*change, "--json"))] == ["SCRAP"]
