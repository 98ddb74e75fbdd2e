"""A plant as one document: applied, compared, exported, over the wire and from the command line."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from lotkeeper import AlreadyExists, Client, FailedPrecondition, InvalidArgument, LotkeeperError, NotFound
from lotkeeper.inventory.v1 import enums_pb2, master_data_pb2
from lotkeeper.inventory.v1 import master_data_service_pb2 as pb

from tests.server_process import BINARIES, ServerProcess

YAML, JSON = enums_pb2.EXPORT_FORMAT_YAML, enums_pb2.EXPORT_FORMAT_JSON
DAIRY = (files("lotkeeper_server.demo") / "dairy.yaml").read_bytes()


@pytest.fixture
def empty(own_server: ServerProcess) -> Iterator[Client]:
    """A client of a server without anything."""
    with Client(own_server.address, token=own_server.token) as connected:
        yield connected


def applied(client: Client, text: str | bytes, *, validate_only: bool = False) -> pb.ImportMasterDataResponse:
    data = text.encode() if isinstance(text, str) else text
    return client.import_master_data(data, export_format=YAML, validate_only=validate_only)


def counts(response: pb.ImportMasterDataResponse) -> tuple[int, int, int]:
    return response.created, response.updated, response.unchanged


def changes(response: pb.ImportMasterDataResponse) -> list[tuple[str, str, str, list[str]]]:
    return [(one.entity, one.key, one.change, list(one.fields)) for one in response.changes]


def exported(client: Client, number: enums_pb2.ExportFormat.ValueType = YAML, *, include_lots: bool = True) -> bytes:
    return b"".join(client.export_master_data(export_format=number, include_lots=include_lots))


def places(error: LotkeeperError) -> list[str]:
    return [violation.field for violation in error.field_violations]


def test_the_demo_plant_is_a_document_and_applying_it_again_changes_nothing(
    empty: Client, own_server: ServerProcess
) -> None:
    """By names and paths; ids in the document are taken for what is created; its stock is EDIT records."""
    assert counts(applied(empty, DAIRY)) == (58, 0, 0)
    assert counts(applied(empty, DAIRY)) == (0, 0, 58)
    assert empty.get_inventory_operation("01JPAND53P-BZ61RZHZ-V7C6EEHG").name == "Consume milk"
    assert empty.get_lot("01JPBC4H3V-J4X3FYKS-NRNVEKMM").total_quantity == 120_000
    records = list(empty.list_inventory_lot_records(lot_id_or_name="01JPBC4H3V-J4X3FYKS-NRNVEKMM"))
    assert [record.lot_record_type for record in records] == [enums_pb2.LOT_RECORD_TYPE_EDIT]
    own_server.verify()


@pytest.mark.parametrize("number", [YAML, JSON])
def test_an_export_applies_to_an_empty_store_and_exports_again_to_the_same_bytes(
    empty: Client, tmp_path: Path, number: enums_pb2.ExportFormat.ValueType
) -> None:
    """And to the store it came from as unchanged."""
    applied(empty, DAIRY)
    empty.save_material(master_data_pb2.Material(name='odd: "name" #1', notes="- a\n- \tb\u2028", enabled=False))
    empty.save_location(master_data_pb2.Location(name="1e3", storage_capacity=0, storage_capacity_unit_symbol="kg"))
    document = exported(empty, number)
    again = empty.import_master_data(document, export_format=number)
    assert counts(again) == (0, 0, 60)
    (tmp_path / "other").mkdir()
    with ServerProcess(tmp_path / "other") as other, Client(other.address, token=other.token) as second:
        assert counts(second.import_master_data([document[:7], document[7:]], export_format=number)) == (60, 0, 0)
        assert exported(second, number) == document
        other.verify()


def test_exports_have_no_ids_and_leave_defaults_and_lots_out(empty: Client) -> None:
    """Lots and stock only where wanted."""
    applied(empty, DAIRY)
    text = exported(empty, include_lots=False).decode()
    assert "01JPAND53P" not in text
    assert "lots:" not in text
    assert "FIFO" not in text
    document = json.loads(exported(empty, JSON))
    assert document["locations"][0] == {"name": "DairyCo", "type": "COMPANY"}
    assert list(document)[-2:] == ["lots", "inventory"]


def test_what_is_absent_stays_as_it_is_and_an_update_names_its_fields(empty: Client) -> None:
    """Nothing is deleted; a field that is given empty is emptied."""
    applied(empty, "units_of_measure: [{name: kilogram, symbol: kg, notes: n, spare1: s}]")
    changed = applied(empty, "units_of_measure: [{name: kilogram, notes: ~, spare1: s, symbol: KG, enabled: false}]")
    assert changes(changed) == [("unit_of_measure", "kilogram", "UPDATE", ["notes", "symbol", "enabled"])]
    unit = empty.get_unit_of_measure("kilogram")
    assert (unit.notes, unit.spare1, unit.symbol, unit.enabled, unit.version) == ("", "s", "KG", False, 2)
    assert counts(applied(empty, "{}")) == (0, 0, 0)
    assert counts(applied(empty, "")) == (0, 0, 0)


def test_a_dry_run_says_what_would_change_and_changes_nothing(empty: Client) -> None:
    """What it says is what the import then does."""
    tried = applied(empty, DAIRY, validate_only=True)
    assert counts(tried) == (58, 0, 0)
    assert not list(empty.list_units_of_measure())
    assert changes(applied(empty, DAIRY)) == changes(tried)
    assert counts(applied(empty, DAIRY, validate_only=True)) == (0, 0, 58)
    over = "inventory: [{location: DairyCo/Plant1/CreamTank, material: Dairy/Cream, lot: New, quantity: 9000}]\n"
    over += "lots: [{name: New, material: Dairy/Cream}]"
    with pytest.raises(FailedPrecondition) as refused:
        applied(empty, over, validate_only=True)
    assert refused.value.reason == "LOCATION_CAPACITY_EXCEEDED"


def test_entries_stand_in_any_order_and_refer_to_what_the_document_creates(empty: Client) -> None:
    """A child before its parent, a section before what it needs; changes come in the document's order."""
    text = """
    inventory_operations: [{name: Eat, source_location: /A/B/C, material: X/Y}]
    locations: [{name: C, parent: A/B}, {name: B, parent: /A}, {name: A}]
    materials: [{name: Y, material_class: X, unit_of_measure: kilogram}]
    material_classes: [{name: X}]
    units_of_measure: [{name: kilogram, symbol: kg}]
    """
    answer = applied(empty, text)
    assert [change[1] for change in changes(answer)] == ["Eat", "A/B/C", "A/B", "A", "X/Y", "X", "kilogram"]
    assert counts(applied(empty, text)) == (0, 0, 7)


def test_a_fault_refuses_the_whole_document_and_names_its_place(empty: Client) -> None:
    """Faults of shape all together; a later one alone."""
    text = """
    units_of_measure: [{name: kilogram, symbol: kg}, {name: " x", symbol: 5, colour: red}]
    locations: [{name: A/B}, {parent: A}, {name: C, type: HOUSE, sort_order: 1.5}]
    silos: []
    inventory: [{lot: L, material: M, location: A, quantity: -1}]
    """
    with pytest.raises(InvalidArgument) as refused:
        applied(empty, text)
    assert places(refused.value) == [
        "units_of_measure[1].name",
        "units_of_measure[1].colour",
        "locations[0].name",
        "locations[1].name",
        "locations[2].type",
        "locations[2].sort_order",
        "silos",
        "inventory[0].quantity",
    ]
    with pytest.raises(NotFound) as missing:
        applied(empty, "units_of_measure: [{name: k, symbol: k}]\nlocations: [{name: A}, {name: B, parent: No}]")
    assert (missing.value.reason, places(missing.value)) == ("LOCATION_NOT_FOUND", ["locations[1].parent"])
    with pytest.raises(InvalidArgument) as twice:
        applied(empty, "locations: [{name: A}, {name: A}]")
    assert places(twice.value) == ["locations[1]"]
    with pytest.raises(AlreadyExists) as taken:
        applied(empty, "units_of_measure: [{name: a, symbol: s}, {name: b, symbol: s}]")
    assert places(taken.value) == ["units_of_measure[1].symbol"]
    assert not list(empty.list_units_of_measure())
    with pytest.raises(InvalidArgument) as formless:
        empty.import_master_data(b"{}", export_format=enums_pb2.EXPORT_FORMAT_CSV)
    assert places(formless.value) == ["format"]


def test_opening_stock_is_for_lots_without_a_record(empty: Client, own_server: ServerProcess) -> None:
    """Also at several places; a lot that has one keeps its stock."""
    text = """
    units_of_measure: [{name: kilogram, symbol: kg}]
    materials: [{name: M, unit_of_measure: kg}]
    locations: [{name: A}, {name: B}]
    lots: [{name: L, material: M}]
    inventory:
      - {lot: L, material: M, location: A, quantity: 1.5, name: PALLET}
      - {lot: L, material: M, location: B, quantity: 2}
    """
    assert counts(applied(empty, text)) == (7, 0, 0)
    assert counts(
        applied(
            empty,
            text.replace("1.5", "9")
            .replace("location: B", "location: A")
            .replace(
                "{lot: L, material: M, location: A, quantity: 2}", "{lot: L, material: M, location: B, quantity: 7}"
            ),
        )
    ) == (0, 0, 7)
    assert {(row.location_path, row.quantity, row.name) for row in empty.list_inventory()} == {
        ("A", 1.5, "PALLET"),
        ("B", 2, ""),
    }
    assert empty.get_lot("L", material_id_or_path="M").total_quantity == 3.5
    own_server.verify()


def test_a_changed_status_of_a_lot_leaves_its_record(empty: Client) -> None:
    """MASTER_DATA.IMPORT is all that an import needs."""
    applied(empty, "materials: [{name: M}]\nlots: [{name: L, material: M}]")
    answer = applied(empty, "lots: [{name: L, material: M, status: QA_HOLD}]")
    assert changes(answer) == [("lot", "L", "UPDATE", ["status"])]
    (record,) = empty.list_inventory_lot_records()
    assert record.lot_record_type == enums_pb2.LOT_RECORD_TYPE_STATUS_CHANGE
    assert counts(applied(empty, "lots: [{name: L, material: M, status: QA_HOLD}]")) == (0, 0, 1)


def test_the_command_line_applies_compares_and_exports(own_server: ServerProcess, tmp_path: Path) -> None:
    """`diff` ends with 1 where something differs, as diff does."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [BINARIES / "lotkeeper", "--address", own_server.address, "plant", *arguments],
            env={"LOTKEEPER_TOKEN": own_server.token, "PATH": ""},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    document = tmp_path / "dairy.yaml"
    document.write_bytes(DAIRY)
    differs = run("diff", str(document))
    assert (differs.returncode, differs.stdout.splitlines()[0]) == (1, "+ unit of measure kilogram")
    assert run("apply", str(document), "--dry-run").stdout.endswith("58 to create, 0 to update, 0 unchanged\n")
    assert run("apply", str(document)).stdout.endswith("58 created, 0 updated, 0 unchanged\n")
    assert run("diff", str(document)).returncode == 0
    target = tmp_path / "plant.json"
    assert run("export", "--include-lots", "-o", str(target)).returncode == 0
    assert run("diff", str(target)).returncode == 0
    assert run("export").stdout.startswith("units_of_measure:\n  - name: gram\n")
    document.write_text("locations: [{name: A, parent: No}]")
    refused = run("apply", str(document))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "LOCATION_NOT_FOUND" in refused.stderr
