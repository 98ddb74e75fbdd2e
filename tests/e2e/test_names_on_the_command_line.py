"""What stands for a thing on the command line: ids, names and paths, as they are typed, completed and misspelt."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result
from lotkeeper import Client
from lotkeeper.cli import main
from lotkeeper.inventory.v1 import master_data_pb2
from lotkeeper.testing import LotkeeperServer

from tests.plants import ServedPlant
from tests.scoped import make_caller
from tests.server_process import BINARIES, ServerProcess

Command = Callable[..., Result]
MILK, CREAM, SILO = "Dairy/Milk/Whole milk", "Dairy/Cream", "DairyCo/Plant1/Silo1"


@pytest.fixture(scope="module")
def plant() -> Iterator[LotkeeperServer]:
    """The demo plant; the tests of this module leave its definitions as they are."""
    with LotkeeperServer() as server:
        yield server


@pytest.fixture
def client(plant: LotkeeperServer) -> Iterator[Client]:
    """A client of it."""
    with plant.client() as connected:
        yield connected


@pytest.fixture
def lotkeeper(plant: LotkeeperServer) -> Command:
    """Runs `lotkeeper` against it, in this process."""

    def run(*arguments: str) -> Result:
        environment = {"LOTKEEPER_ADDRESS": plant.address, "LOTKEEPER_TOKEN": plant.token}
        return CliRunner().invoke(main, arguments, env=environment)

    return run


def row(result: Result) -> dict[str, Any]:
    """The one row that a command with `--json` printed."""
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_an_operation_is_found_by_its_name(lotkeeper: Command, client: Client) -> None:
    """By its id, too, and in every command that takes one."""
    operation = next(one for one in client.list_inventory_operations() if one.name == "Consume milk")
    for key in ("Consume milk", operation.id, operation.id.lower()):
        assert row(lotkeeper("operations", "get", key, "--json"))["id"] == operation.id
    assert row(lotkeeper("operations", "status", "Consume milk", "--json"))["status"] == "IDLE"
    done = row(lotkeeper("execute", "Consume milk", "MILK-0815", "3", "--json"))
    assert (done["inventoryOperationName"], done["exactQuantity"]) == ("Consume milk", "3")
    listed = lotkeeper("records", "list", "--operation", "Consume milk", "--limit", "1", "--json")
    assert row(listed)["inventoryOperationId"] == operation.id


def test_operations_of_one_name_are_listed_and_told_apart_by_their_place(lotkeeper: Command, client: Client) -> None:
    """LOCATION/NAME is one of them."""
    first = next(one for one in client.list_inventory_operations() if one.name == "Consume milk")
    other = type(first)()
    other.CopyFrom(first)
    other.ClearField("id")
    other.ClearField("source_location_id")
    other.source_location_path = "DairyCo/Plant1/Silo2"
    other = client.save_inventory_operation(other)
    try:
        refused = lotkeeper("operations", "get", "Consume milk")
        assert refused.exit_code == 2
        assert "2 inventory operations have the name Consume milk; give an id, or LOCATION/NAME" in refused.stderr
        listed = [line.split("  ") for line in refused.stderr.splitlines() if line.startswith("  ")]
        assert {line[1] for line in listed} == {first.id, other.id}
        assert {line[3] for line in listed} == {"DairyCo/Plant1/Silo1", "DairyCo/Plant1/Silo2"}
        assert row(lotkeeper("operations", "get", "DairyCo/Plant1/Silo2/Consume milk", "--json"))["id"] == other.id
    finally:
        client.delete_inventory_operation(other.id)


def test_a_lot_is_found_by_its_name_where_only_one_has_it(lotkeeper: Command, client: Client) -> None:
    """Where lots of two materials have it they are listed; the material tells them apart."""
    assert row(lotkeeper("lots", "get", "MILK-0816", "--json"))["materialPath"] == MILK
    assert row(lotkeeper("inventory", "--lot", "MILK-0816", "--json"))["inventoryLotName"] == "MILK-0816"
    assert (
        row(lotkeeper("move", "MILK-0816", "1", "--from", "DairyCo/Plant1/Silo2", "--to", SILO, "--json"))["quantity"]
        == 1
    )
    client.receive("TWIN", 1, material=MILK, destination=SILO, create_lot_if_not_found=True)
    client.receive("TWIN", 1, material=CREAM, destination="DairyCo/Plant1/ColdStore", create_lot_if_not_found=True)
    refused = lotkeeper("lots", "get", "TWIN")
    assert (refused.exit_code, "2 lots have the name TWIN; give --material, or an id" in refused.stderr) == (2, True)
    assert refused.stderr.count(MILK) == refused.stderr.count(CREAM) == 1
    assert row(lotkeeper("lots", "get", "TWIN", "--material", CREAM, "--json"))["materialPath"] == CREAM


def test_a_new_lot_needs_its_material(lotkeeper: Command) -> None:
    """A name that no lot has stays a name where the command may make one."""
    made = lotkeeper("receive", "NEW-1", "1", "kg", "--to", SILO, "--material", MILK, "--create-lot", "--json")
    assert row(made)["inventoryLotName"] == "NEW-1"
    refused = lotkeeper("receive", "NEW-2", "1", "kg", "--to", SILO, "--create-lot")
    assert refused.stderr.startswith("refused: MATERIAL_REQUIRED")
    assert row(lotkeeper("receive", "NEW-1", "1", "kg", "--to", SILO, "--json"))["materialPath"] == MILK


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("operations", "get", "consume milk"), "Did you mean Consume milk"),
        (("inventory", "--location", "Silo1"), "Did you mean DairyCo/Plant1/Silo1"),
        (("inventory", "--location", "DairyCo/Plant1/Silo3"), "DairyCo/Plant1/Silo"),
        (("lots", "get", "MILK-815"), "Did you mean MILK-0815"),
        (("materials", "get", "Whole milk"), f"Did you mean {MILK}"),
        (("consume", "MILK-0815", "1", "kgs", "--from", SILO), "Did you mean kg"),
        (("units", "get", "kilogramm"), "Did you mean kg"),
    ],
)
def test_a_name_that_leads_nowhere_says_what_may_have_been_meant(
    lotkeeper: Command, arguments: tuple[str, ...], meant: str
) -> None:
    """On the line of the refusal, whose reason stays."""
    refused = lotkeeper(*arguments)
    assert (refused.exit_code, refused.stderr.count("Did you mean")) == (1, 1), refused.stderr
    assert meant in refused.stderr
    assert refused.stderr.startswith("refused: ")
    assert "_NOT_FOUND: " in refused.stderr


def test_nothing_is_guessed_where_nothing_is_near(lotkeeper: Command) -> None:
    """The refusal is as it was."""
    assert "Did you mean" not in lotkeeper("inventory", "--location", "zzzzzzzzzz").stderr


def test_units_go_by_symbol_and_by_name(lotkeeper: Command, client: Client) -> None:
    """In the commands that take a quantity, in a conversion, and where one is shown."""
    assert (
        row(lotkeeper("consume", "MILK-0815", "1", "kilogram", "--from", SILO, "--json"))["unitOfMeasureSymbol"] == "kg"
    )
    assert lotkeeper("convert", "2", "tonne", "kilogram").stdout == "2000 kilogram\n"
    assert row(lotkeeper("units", "get", "kg", "--json"))["name"] == "kilogram"
    assert row(lotkeeper("locations", "capacity", SILO, "1", "kilogram", "--json"))["hasCapacity"] is True
    assert client.get_unit_of_measure("kilogram").symbol == "kg"


def test_process_operations_orders_and_reason_codes_go_by_name(lotkeeper: Command, client: Client) -> None:
    """The id of each is looked up."""
    line = client.save_operation(master_data_pb2.Operation(name="Line of names"))
    order = client.save_production_order(
        master_data_pb2.ProductionOrder(name="Order of names", product_material_path=MILK, quantity=1)
    )
    done = row(
        lotkeeper(
            *("consume", "MILK-0815", "1", "--from", SILO, "--process-operation", "Line of names"),
            *("--production-order", "Order of names", "--json"),
        )
    )
    assert done["productionOrderId"] == order.id
    listed = lotkeeper("operations", "list", "--process-operation", "Line of names", "--json")
    assert (listed.exit_code, listed.stdout, line.name) == (0, "", "Line of names")


def test_a_negative_number_is_the_servers_to_refuse(lotkeeper: Command) -> None:
    """It is not taken for an option."""
    for arguments in (("execute", "Consume milk", "MILK-0815", "-5"), ("consume", "MILK-0815", "-5", "--from", SILO)):
        refused = lotkeeper(*arguments)
        assert (refused.exit_code, "-5 is negative" in refused.stderr) == (1, True), refused.stderr


def test_options_of_the_whole_stand_behind_the_command_as_well(plant: LotkeeperServer) -> None:
    """Address and token file among them."""
    without = CliRunner().invoke(
        main, ("locations", "get", SILO, "--json", "--address", plant.address), env={"LOTKEEPER_TOKEN": plant.token}
    )
    assert row(without)["path"] == SILO


def completed(plant: LotkeeperServer, *words: str) -> list[str]:
    """What a shell that hands over these words is offered."""
    environment = {
        "LOTKEEPER_ADDRESS": plant.address,
        "LOTKEEPER_TOKEN": plant.token,
        "_LOTKEEPER_COMPLETE": "zsh_complete",
        "COMP_WORDS": " ".join(f"'{word}'" for word in ("lotkeeper", *words)),
        "COMP_CWORD": str(len(words)),
    }
    result = CliRunner().invoke(main, (), env=environment, prog_name="lotkeeper")
    return result.stdout.splitlines()[1::3]


def test_completion_asks_the_server_for_names_paths_and_lots(plant: LotkeeperServer) -> None:
    """Each where it may stand, and lots by the material that was typed before."""
    assert completed(plant, "execute", "Consume m") == ["Consume milk"]
    assert SILO in completed(plant, "inventory", "--location", "DairyCo/Plant1/S")
    assert "DairyCo" in completed(plant, "inventory", "--location", "D")
    assert {"MILK-0815", "MILK-0816"} <= set(completed(plant, "lots", "get", "MILK-"))
    assert completed(plant, "lots", "get", "--material", CREAM, "CREAM") == ["CREAM-0042"]
    assert "kg" in completed(plant, "consume", "MILK-0815", "1", "k")
    assert MILK in completed(plant, "materials", "get", "Dairy/M")
    assert completed(plant, "units", "get", "kilo") == []


def test_completion_is_silent_where_no_server_answers(plant: LotkeeperServer) -> None:
    """Nobody wants to read an error in the middle of a line."""
    environment = {
        "LOTKEEPER_ADDRESS": "127.0.0.1:1",
        "_LOTKEEPER_COMPLETE": "bash_complete",
        "COMP_WORDS": "lotkeeper execute ",
        "COMP_CWORD": "2",
    }
    result = CliRunner().invoke(main, (), env=environment, prog_name="lotkeeper")
    assert (result.stdout.strip(), result.stderr, plant.address != "127.0.0.1:1") == ("", "", True)


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
@pytest.mark.parametrize(
    ("line", "offered"),
    [("lotkeeper execute Consume\\ m", "Consume\\ milk"), ("lotkeeper execute 'Consume m", "Consume milk")],
)
def test_bash_gets_names_with_spaces_as_one_word(plant: LotkeeperServer, line: str, offered: str) -> None:
    """Escaped where no quote is open."""
    words = line.split(" ", 2)
    script = f"""
        eval "$(lotkeeper completion bash)"
        COMP_WORDS=(lotkeeper execute {json.dumps(words[2])}) COMP_CWORD=2
        _lotkeeper_completion lotkeeper
        printf "%s\\n" "${{COMPREPLY[@]}}"
    """
    environment = os.environ | {
        "LOTKEEPER_ADDRESS": plant.address,
        "LOTKEEPER_TOKEN": plant.token,
        "PATH": f"{BINARIES}{os.pathsep}{os.environ['PATH']}",
    }
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, env=environment, timeout=60, check=False
    )
    assert done.stdout.splitlines() == [offered], done.stderr


def test_a_name_that_the_token_may_not_look_up_says_so_and_an_id_needs_no_look_up(server: ServerProcess) -> None:
    """What a command itself takes is enough for an id, and for a lot's name with its material."""
    with Client(server.address, token=server.token) as client:
        plant = ServedPlant(client)
        consuming = plant.operation("CONSUME")
        client.receive("A", 5.0, material=plant.milk.path, destination=plant.silo.path, create_lot_if_not_found=True)
        lot = plant.lot("B")
    token, _ = make_caller(server, permissions=["INVENTORY_OPERATION.EXECUTE", "INVENTORY.WRITE"])
    place, milk = ("--from", plant.silo.path), ("--material", plant.milk.path)

    def run(*arguments: str) -> Result:
        environment = {"LOTKEEPER_ADDRESS": server.address, "LOTKEEPER_TOKEN": token}
        return CliRunner().invoke(main, arguments, env=environment)

    for arguments, permission, advice in (
        (
            ("execute", consuming.name, "A", "1"),
            "INVENTORY_OPERATION.READ",
            f"{consuming.name} by its name; give its id",
        ),
        (("consume", "A", "1", *place), "LOT.READ", "the lot A by its name; give its id, or --material instead."),
        (("consume", "A", "1", *place, *milk, "--reason-code", "x"), "MATERIAL.READ", "reason code x by"),
        (("consume", "A", "1", *place, *milk, "--process-operation", "x"), "OPERATION.READ", "process operation x by"),
    ):
        refused = run(*arguments)
        assert refused.exit_code == 1
        assert refused.stderr.startswith(
            f"refused: PERMISSION_DENIED: The permission {permission} is needed to look up"
        )
        assert advice in refused.stderr
    assert run("execute", consuming.id, "A", "1").exit_code == 0
    assert run("consume", "A", "1", *place, *milk).exit_code == 0
    assert run("change-status", lot.id, "available").exit_code == 0


def test_a_secondary_lot_is_found_by_its_name_like_the_first(lotkeeper: Command, client: Client) -> None:
    """One that is not there yet needs its material, and the refusal names that option."""
    take = ("--json", "consume", "MILK-0815", "1", "--from", SILO, "--create-lot", "--secondary-lot")
    by_name = row(lotkeeper(*take, "CREAM-0042"))
    cream = next(one for one in client.list_lots() if one.name == "CREAM-0042")
    assert by_name["secondaryInventoryLotId"] == cream.id
    refused = lotkeeper(*take[1:], "not there yet")
    assert refused.exit_code == 1
    assert refused.stderr.startswith("refused: MATERIAL_REQUIRED: ")
    assert refused.stderr.endswith("; give --secondary-material, or an id.\n")
    made = row(lotkeeper(*take, "not there yet", "--secondary-material", CREAM))
    assert made["secondaryInventoryLotName"] == "not there yet"
    unknown = lotkeeper("receive", "no such lot", "1", "--to", SILO)
    assert unknown.stderr.endswith("; give --material, or an id.\n")
