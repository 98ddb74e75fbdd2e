"""What suppliers say of lots, and the plant's settings, over the wire and on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from lotkeeper import Client, FailedPrecondition, InvalidArgument
from lotkeeper.cli import main

from tests.plants import ServedPlant
from tests.server_process import ServerProcess

DATE = 1_900_000_000_123
SHOWN = "2030-03-17T17:46:40.123Z"


def test_a_second_delivery_under_an_old_number_with_another_date_is_refused(client: Client) -> None:
    """Execute and an action; nothing is received."""
    plant = ServedPlant(client)
    operation = plant.operation("RECEIVE")
    given = {"lot_expiration_date_millis": DATE, "supplier_lot_name": "S-1"}
    client.execute_inventory_operation(operation.id, "L", 1, **given)
    lot = client.get_lot("L", material_id_or_path=plant.milk.id)
    assert (lot.expiration_date.ToMilliseconds(), lot.supplier_lot_name) == (DATE, "S-1")
    with pytest.raises(FailedPrecondition) as refused:
        client.execute_inventory_operation(operation.id, "L", 1, lot_expiration_date_millis=DATE + 1)
    assert refused.value.reason == "LOT_DIFFERS"
    assert refused.value.metadata == {
        "lot": "L",
        "field": "expiration_date",
        "stored": SHOWN,
        "given": SHOWN.replace("123", "124"),
    }
    assert [one.field for one in refused.value.field_violations] == ["lot_expiration_date_millis"]
    plant.lot("bare")
    with pytest.raises(FailedPrecondition) as refused:
        client.receive("bare", 1, material=plant.milk.id, destination=plant.silo.id, supplier_lot_name="S-1")
    expected = {"lot": "bare", "field": "supplier_lot_name", "stored": "", "given": "S-1", "index": "0"}
    assert refused.value.metadata == expected
    assert [one.field for one in refused.value.field_violations] == ["supplier_lot_name"]
    assert plant.stock() == {"L": 1}


def test_a_type_that_makes_no_lot_does_not_take_them(client: Client) -> None:
    """Of an operation in step 4, after its quantity; of an action by its shape."""
    plant = ServedPlant(client)
    plant.lot("L")
    operation = plant.operation("CONSUME")
    with pytest.raises(InvalidArgument) as refused:
        client.execute_inventory_operation(operation.id, "none", 1, supplier_lot_name="S-1")
    assert [one.field for one in refused.value.field_violations] == ["supplier_lot_name"]
    with pytest.raises(InvalidArgument) as refused:
        client.start_inventory_operation(operation.id, primary_lot_id_or_name="L", lot_expiration_date_millis=0)
    assert [one.field for one in refused.value.field_violations] == ["lot_expiration_date_millis"]
    with pytest.raises(InvalidArgument) as refused:
        client.execute_inventory_operation(operation.id, "L", 1, lot_expiration_date_millis=-1, supplier_lot_name=" S")
    fields = {one.field for one in refused.value.field_violations}
    assert fields == {"lot_expiration_date_millis", "supplier_lot_name"}


def test_save_sets_and_clears_the_suppliers_number_as_an_edit(client: Client) -> None:
    """With a mask and without; other lots may have it, too, and a list finds them."""
    plant = ServedPlant(client)
    lot, other, _none = plant.lot("L", supplier_lot_name="S 9"), plant.lot("M", supplier_lot_name="S 9"), plant.lot("N")
    found = [one.id for one in client.list_lots(material_id_or_path=plant.milk.id, supplier_lot_name="S 9")]
    assert found == [lot.id, other.id]
    found = [
        one.id for one in client.list_lots(supplier_lot_name="S 9", page_size=1) if one.material_id == plant.milk.id
    ]
    assert found == [lot.id, other.id]
    lot.supplier_lot_name = ""
    lot.notes = "not in the mask"
    cleared = client.save_lot(lot, update_mask=["supplier_lot_name"])
    assert (cleared.supplier_lot_name, cleared.notes, cleared.version) == ("", "", 2)
    assert client.save_lot(cleared).version == 2
    cleared.supplier_lot_name = "01JPAND53P-BZ61RZHZ-V7C6EEHG"
    assert client.save_lot(cleared).supplier_lot_name == "01JPAND53P-BZ61RZHZ-V7C6EEHG"


def test_the_commands_take_them(client: Client, server: ServerProcess) -> None:
    """`receive`, `execute`, `start` and the filter of `lots list`."""
    plant = ServedPlant(client)
    environment = {"LOTKEEPER_ADDRESS": server.address, "LOTKEEPER_TOKEN": server.token}

    def lotkeeper(*arguments: str) -> str:
        result = CliRunner().invoke(main, arguments, env=environment)
        assert result.exit_code == 0, result.stderr
        return result.stdout

    stated = ("--supplier-lot", "S 7", "--expires", SHOWN)
    place = ("--material", plant.milk.path, "--to", plant.silo.path)
    lotkeeper("receive", "L", "1", *place, "--create-lot", *stated)
    operation, other = plant.operation("RECEIVE"), plant.operation("RECEIVE")
    lotkeeper("execute", operation.id, "M", "1", *stated)
    lotkeeper("start", other.id, "N", *stated)
    lots = list(client.list_lots(material_id_or_path=plant.milk.id))
    assert {(one.supplier_lot_name, one.expiration_date.ToMilliseconds()) for one in lots} == {("S 7", DATE)}
    listed = lotkeeper("lots", "list", "--material", plant.milk.path, "--supplier-lot", "S 7")
    assert listed.count("S 7") == len(lots) == 3


def test_a_caller_reads_the_plants_time_zone(client: Client, tmp_path: Path) -> None:
    """UTC by default; a name that is no zone stops the server before it serves."""
    assert client.get_plant_settings().time_zone == "UTC"
    with (
        ServerProcess(tmp_path, ("--time-zone", "Europe/Vienna")) as process,
        Client(process.address, token=process.token) as other,
    ):
        assert other.get_plant_settings().time_zone == "Europe/Vienna"
        ended = process.run("serve", "--listen", "127.0.0.1:0", "--time-zone", "Vienna")
    assert ended.returncode == 2
    assert "time_zone" in ended.stderr
