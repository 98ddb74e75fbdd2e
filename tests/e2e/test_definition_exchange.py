"""Import and export of inventory operations, through the service."""

from __future__ import annotations

import csv
import io
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import json_format
from lotkeeper import Client, InvalidArgument, LotkeeperError, NotFound, PermissionDenied
from lotkeeper.inventory.v1 import enums_pb2, inventory_operation_pb2, master_data_pb2
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb
from lotkeeper_server.domain import limits

from tests.exchange import CSV, JSON, Exchange
from tests.plants import ServedPlant, operation_type
from tests.server_process import ServerProcess

HOSTILE = ("=HYPERLINK(1)", "+1", "-1", "@x", "'quoted", "\tt", 'a "b", c\nd', "ümlaut \U0001f95b", "a;b")


@pytest.fixture
def plant(client: Client) -> ServedPlant:
    return ServedPlant(client)


@pytest.fixture
def exchange(server: ServerProcess) -> Iterator[Exchange]:
    with Exchange(server) as connected:
        yield connected


def table(*rows: dict[str, str]) -> bytes:
    """A CSV file of these rows; an absent cell is empty."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    file = io.StringIO(newline="")
    csv.writer(file).writerows([columns, *([row.get(name, "") for name in columns] for row in rows)])
    return file.getvalue().encode()


def row(plant: ServedPlant, name: str, **more: str) -> dict[str, str]:
    """A definition at the silo."""
    return {
        "name": f"{plant.prefix} {name}",
        "operationType": "CONSUME",
        "sourceLocationPath": plant.silo.path,
        **more,
    }


def counts(answer: Any) -> tuple[int, int, int, int]:
    return answer.created, answer.updated, answer.unchanged, answer.failed


def failures(answer: Any) -> list[tuple[int, str, str]]:
    return [(one.line, one.reason, one.field) for one in answer.failed_rows]


def named(client: Client, plant: ServedPlant) -> dict[str, inventory_operation_pb2.InventoryOperation]:
    found = client.list_inventory_operations(name_prefix=plant.prefix + " ")
    return {one.name.removeprefix(plant.prefix + " "): one for one in found}


def many_sided(client: Client, plant: ServedPlant) -> None:
    """Definitions that set every field, with texts that a spreadsheet would run."""
    order = client.save_operation(master_data_pb2.Operation(name=f"{plant.prefix} filling"))
    code = client.save_material_reason_code(master_data_pb2.MaterialReasonCode(reason_code=f"={plant.prefix}"))
    below = client.save_location(master_data_pb2.Location(name="=Tank", parent_id=plant.silo.id))
    for number, text in enumerate(HOSTILE):
        spare = text.strip("\t").replace("\n", " ")
        plant.operation(
            "CONSUME",
            name=f"{spare} {plant.prefix} {number}",
            operation_id=order.id,
            trigger_source=enums_pb2.TRIGGER_SOURCE_PARENT,
            start_trigger_expression=text,
            start_trigger_type=enums_pb2.TRIGGER_TYPE_CHANGE,
            stop_trigger_expression=text,
            destination_location_id=below.id,
            material_source=enums_pb2.MATERIAL_SOURCE_PARENT,
            material_expression=text,
            secondary_material_id=plant.milk.id,
            inventory_name=spare,
            quantity_overflow_value=0.000001 * 7 ** (2 * number),
            unit_of_measure_id=plant.kg.id,
            material_reason_code_id=code.id,
            increment_production_order_count=bool(number % 2),
            enabled=bool(number % 3),
            notes=text,
            spare1=text,
        )
    plant.operation("PRODUCE")


@pytest.mark.parametrize("export_format", [CSV, JSON])
def test_what_is_exported_imports_back_as_unchanged_and_exports_again_to_the_same_bytes(
    export_format: Any, tmp_path: Path
) -> None:
    """On the same server, and after it was imported into one that has only the master data."""
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    with ServerProcess(folders[0]) as first, Client(first.address, token=first.token) as client:
        many_sided(client, ServedPlant(client, "P"))
        with Exchange(first) as exchange:
            exported = exchange.give(export_format)
            assert counts(exchange.take_in(exported, export_format)) == (0, 0, len(HOSTILE) + 1, 0)
            assert exchange.give(export_format) == exported
            other = JSON if export_format == CSV else CSV
            assert counts(exchange.take_in(exchange.give(other), other)) == (0, 0, len(HOSTILE) + 1, 0)
    with ServerProcess(folders[1]) as second, Client(second.address, token=second.token) as client:
        plant = ServedPlant(client, "P")
        many_sided(client, plant)
        for one in list(client.list_inventory_operations()):
            client.delete_inventory_operation(one.id)
        with Exchange(second) as exchange:
            assert counts(exchange.take_in(exported, export_format)) == (len(HOSTILE) + 1, 0, 0, 0)
            assert exchange.give(export_format) == exported


def test_an_export_is_rfc_4180_and_no_cell_begins_like_a_formula(
    client: Client, plant: ServedPlant, exchange: Exchange
) -> None:
    """UTF-8, CRLF, a header of the proto3 JSON names."""
    many_sided(client, plant)
    text = exchange.give(CSV, [plant.silo.id]).decode()
    header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    fields = inventory_operation_pb2.InventoryOperation.DESCRIPTOR.fields
    assert set(header) < {field.json_name for field in fields}
    assert text.endswith("\r\n")
    assert len(rows) == len(HOSTILE) + 1
    assert {len(one) for one in rows} == {len(header)}
    assert not [cell for one in rows for cell in one if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}]


def test_exported_json_is_one_proto3_json_object_a_line(client: Client, plant: ServedPlant, exchange: Exchange) -> None:
    """By name, then id."""
    many_sided(client, plant)
    plant.operation("CONSUME", name=f"{plant.prefix} same")
    plant.operation("SCRAP", name=f"{plant.prefix} same")
    lines = exchange.give(JSON, [plant.silo.path]).decode().splitlines()
    parsed = [json_format.Parse(line, inventory_operation_pb2.InventoryOperation()) for line in lines]
    assert [one.name for one in parsed] == sorted(one.name for one in parsed)
    assert [one.operation_type for one in parsed if one.name.endswith("same")] == [
        operation_type("CONSUME"),
        operation_type("SCRAP"),
    ]


def test_an_export_of_locations_has_what_has_one_of_them_or_one_below_as_source_or_destination(
    client: Client, plant: ServedPlant, exchange: Exchange
) -> None:
    """By id or path; each must be there, up to 1,000; a format is required."""
    below = client.save_location(master_data_pb2.Location(name="Below", parent_id=plant.silo.id))
    other = plant.location("Silo2")
    plant.operation("CONSUME", name=f"{plant.prefix} at")
    plant.operation("CONSUME", name=f"{plant.prefix} below", source_location_id=below.id)
    plant.operation(
        "RECEIVE_AND_CONSUME", name=f"{plant.prefix} to", source_location_id=other.id, destination_location_id=below.id
    )
    plant.operation("CONSUME", name=f"{plant.prefix} elsewhere", source_location_id=other.id)

    def exported(*places: str) -> list[str]:
        lines = exchange.give(JSON, places).decode().splitlines()
        return [json.loads(line)["name"].removeprefix(plant.prefix + " ") for line in lines]

    assert exported(plant.silo.path) == ["at", "below", "to"]
    assert exported("/" + below.path, below.id.lower()) == ["below", "to"]
    assert exported(below.id, other.path) == ["below", "elsewhere", "to"]
    with pytest.raises(NotFound) as missing:
        b"".join(client.export_inventory_operations(export_format=JSON, location_ids_or_paths=[below.id, "No/Such"]))
    assert missing.value.metadata == {"path": "No/Such"}
    assert [one.field for one in missing.value.field_violations] == ["location_ids_or_paths[1]"]
    for places in ([""], [" x"], ["x"] * 1_001):
        with pytest.raises(InvalidArgument):
            b"".join(client.export_inventory_operations(export_format=JSON, location_ids_or_paths=places))
    for number in (enums_pb2.EXPORT_FORMAT_UNSPECIFIED, enums_pb2.EXPORT_FORMAT_YAML):
        with pytest.raises(InvalidArgument) as refused:
            b"".join(client.export_inventory_operations(export_format=number))
        assert [one.field for one in refused.value.field_violations] == ["format"]


def test_an_import_creates_updates_and_leaves_what_is_just_so(client: Client, plant: ServedPlant) -> None:
    """Matched by name, type, source and destination path; an absent column stays, an empty cell clears."""
    data = table(row(plant, "A", notes="n", materialPath=plant.milk.path), row(plant, "B"), row(plant, "C"))
    assert counts(client.import_inventory_operations(data, export_format=CSV)) == (3, 0, 0, 0)
    before = named(client, plant)
    assert (before["A"].version, before["A"].created_by, before["A"].enabled) == (1, "tester", True)
    assert before["A"].created_date.seconds > 0
    assert before["A"].status == enums_pb2.STATUS_IDLE
    changes = table(row(plant, "A", notes="m"), row(plant, "B", operationType="SCRAP"), row(plant, "C"))
    assert counts(client.import_inventory_operations(changes, export_format=CSV)) == (1, 1, 1, 0)
    listed = list(client.list_inventory_operations(name_prefix=plant.prefix + " "))
    assert len(listed) == 4
    after = next(one for one in listed if one.id == before["A"].id)
    assert (after.notes, after.material_id, after.version, after.modified_by) == ("m", plant.milk.id, 2, "tester")
    assert before["C"] in listed
    cleared = table(row(plant, "A", materialPath="", sourceLocationPath="/" + plant.silo.path, enabled="FALSE"))
    assert counts(client.import_inventory_operations(cleared, export_format=CSV)) == (0, 1, 0, 0)
    after = client.get_inventory_operation(after.id)
    assert (after.material_id, after.enabled, after.notes, after.version) == ("", False, "m", 3)


def test_a_row_at_fault_undoes_all_and_every_one_is_named(client: Client, plant: ServedPlant) -> None:
    """The answer is OK; good rows are kept only where that is asked for."""
    data = table(
        row(plant, "A"),
        row(plant, "B", notes="two\nlines"),
        row(plant, "C", sourceLocationPath="No/Such"),
        row(plant, "D", operationType="PRODUCE"),
        row(plant, "E", operationType="SHRED"),
        row(plant, " F"),
        row(plant, "G", materialReasonCode="none", primaryLotResolutionStrategy="FROM_LOCATION"),
        row(plant, "A"),
        row(plant, "H", quantityOverflowValue="-1"),
        row(plant, "I", secondaryLotResolutionStrategy="FROM_LOCATION", secondaryMaterialPath="No/Such"),
    )
    expected = [
        (5, "LOCATION_NOT_FOUND", "sourceLocationPath"),
        (6, "LOCATION_REQUIRED", "destinationLocationPath"),
        (7, "INVALID_ARGUMENT", "operationType"),
        (9, "MATERIAL_REASON_CODE_NOT_FOUND", "materialReasonCode"),
        (10, "NAME_TAKEN", "name"),
        (11, "INVALID_ARGUMENT", "quantityOverflowValue"),
        (12, "MATERIAL_NOT_FOUND", "secondaryMaterialPath"),
    ]
    answer = client.import_inventory_operations(data, export_format=CSV)
    assert (counts(answer), failures(answer)) == ((0, 0, 0, 7), expected)
    assert (
        "secondaryLotResolutionStrategy: FROM_LOCATION is for the primary lot only" in answer.failed_rows[6].description
    )
    assert "line 2" in answer.failed_rows[4].description
    assert named(client, plant) == {}
    dry = client.import_inventory_operations(data, export_format=CSV, keep_good_rows=True, validate_only=True)
    assert (counts(dry), named(client, plant)) == ((3, 0, 0, 7), {})
    answer = client.import_inventory_operations(data, export_format=CSV, keep_good_rows=True)
    assert (counts(answer), failures(answer)) == ((3, 0, 0, 7), expected)
    assert sorted(named(client, plant)) == [" F", "A", "B"]


def test_a_cell_that_is_too_long_fails_its_row_alone(client: Client, plant: ServedPlant) -> None:
    """Also one that Python's reader of CSV does not take by itself."""
    data = table(row(plant, "A"), row(plant, "B", notes="x" * 140_000), row(plant, "C"))
    answer = client.import_inventory_operations(data, export_format=CSV, keep_good_rows=True)
    assert (counts(answer), failures(answer)) == ((2, 0, 0, 1), [(3, "INVALID_ARGUMENT", "notes")])
    assert sorted(named(client, plant)) == ["A", "C"]


def test_the_first_1000_rows_at_fault_are_named_and_all_are_counted(client: Client, plant: ServedPlant) -> None:
    """However long what is wrong with them."""
    rows = [row(plant, str(number), notes="\x01" * 900, spare1="\x01" * 300) for number in range(1_500)]
    answer = client.import_inventory_operations(table(*rows), export_format=CSV)
    assert (answer.failed, len(answer.failed_rows)) == (1_500, 1_000)
    assert [one.line for one in answer.failed_rows] == list(range(2, 1_002))


def test_what_is_said_of_a_row_fits_an_answer_whatever_the_row_holds(client: Client) -> None:
    """Long names of columns and values, halves of surrogate pairs."""
    long = json.dumps("\U0001f95b" * 1_000, ensure_ascii=False)
    lines = [
        b'{"name": "A", "\\ud800": 1}',
        b'{"name": "A", "operationType": "\\ud800"}',
        b'{"name": "\\ud800"}',
        *[f'{{"name": "A", {long}: {long}}}'.encode()] * 500,
        *[f'{{"name": {long}, "operationType": {long}, "notes": {long}}}'.encode()] * 500,
    ]
    answer = client.import_inventory_operations(b"\n".join(lines), export_format=JSON)
    assert (answer.failed, len(answer.failed_rows)) == (len(lines), 1_000)
    assert [one.field for one in answer.failed_rows[:3]] == ["?", "operationType", "name"]


def test_a_file_that_is_none_is_a_failed_row_with_its_line(client: Client) -> None:
    """No header, an unknown column; an empty JSON file has nothing to import."""
    assert failures(client.import_inventory_operations(b"", export_format=CSV)) == [(1, "INVALID_ARGUMENT", "")]
    answer = client.import_inventory_operations(b"name,version\r\nA,1\r\n", export_format=CSV)
    assert failures(answer) == [(1, "INVALID_ARGUMENT", "version")]
    assert counts(client.import_inventory_operations(b"", export_format=JSON)) == (0, 0, 0, 0)


def test_an_import_needs_a_format_on_its_first_message(client: Client, exchange: Exchange) -> None:
    """A stream without any message, or YAML, too; the other settings are read there alone."""
    for number in (enums_pb2.EXPORT_FORMAT_UNSPECIFIED, enums_pb2.EXPORT_FORMAT_YAML):
        with pytest.raises(InvalidArgument) as refused:
            client.import_inventory_operations(b"name\r\n", export_format=number)
        assert [one.field for one in refused.value.field_violations] == ["format"]
    with pytest.raises(grpc.RpcError) as empty:
        exchange.stub.ImportInventoryOperations(iter(()), metadata=exchange.metadata)
    assert empty.value.code() is grpc.StatusCode.INVALID_ARGUMENT  # type: ignore[attr-defined]
    later = [
        pb.ImportInventoryOperationsRequest(format=JSON, data=b'{"na'),
        pb.ImportInventoryOperationsRequest(format=CSV, validate_only=True, data=b'me": " x"}'),
    ]
    answer = exchange.stub.ImportInventoryOperations(iter(later), metadata=exchange.metadata)
    assert failures(answer) == [(1, "INVALID_ARGUMENT", "name")]


def test_an_import_changes_a_running_operation_only_where_a_save_may(client: Client, plant: ServedPlant) -> None:
    """IMMUTABLE_FIELD; `enabled` and notes may change."""
    operation = plant.operation("PRODUCE", name=f"{plant.prefix} R")
    client.start_inventory_operation(operation.id, primary_lot_id_or_name="L")
    base = {"name": operation.name, "operationType": "PRODUCE", "destinationLocationPath": plant.silo.path}
    answer = client.import_inventory_operations(table({**base, "spare1": "x"}), export_format=CSV)
    assert failures(answer) == [(2, "IMMUTABLE_FIELD", "spare1")]
    allowed = table({**base, "notes": "x", "enabled": "false"})
    assert counts(client.import_inventory_operations(allowed, export_format=CSV)) == (0, 1, 0, 0)


def test_an_imported_change_counts_for_the_next_call(client: Client, plant: ServedPlant) -> None:
    """What the engine keeps of definitions follows, of one and of very many."""
    operation = plant.operation("PRODUCE", name=f"{plant.prefix} O")
    client.execute_inventory_operation(operation.id, "L", 1.0)
    base = {"name": operation.name, "operationType": "PRODUCE", "destinationLocationPath": plant.silo.path}
    client.import_inventory_operations(table({**base, "enabled": "false"}), export_format=CSV)
    with pytest.raises(LotkeeperError) as disabled:
        client.execute_inventory_operation(operation.id, "L", 1.0)
    assert disabled.value.reason == "OPERATION_DISABLED"
    base["materialPath"] = plant.milk.path
    many = [{**base, "name": f"{plant.prefix} {number}"} for number in range(600)]
    rows = [{**one, "enabled": "true", "createLotIfNotFound": "true"} for one in (base, *many)]
    answer = client.import_inventory_operations(table(*rows), export_format=CSV)
    assert counts(answer) == (600, 1, 0, 0)
    client.execute_inventory_operation(operation.id, "L", 1.0)
    client.execute_inventory_operation(named(client, plant)["599"].id, "L", 1.0)


def test_import_and_export_have_permissions_of_their_own(server: ServerProcess) -> None:
    """Neither WRITE nor READ is enough."""
    server.run("role", "create", "editor", *("--permission", "INVENTORY_OPERATION.WRITE"), *("--permission", "LOT"))
    token = server.run("token", "create", "--name", "editor", "--role", "editor").stdout.strip()
    with Client(server.address, token=token) as editor:
        with pytest.raises(PermissionDenied):
            editor.import_inventory_operations(b"name\r\n", export_format=CSV)
        with pytest.raises(PermissionDenied):
            b"".join(editor.export_inventory_operations(export_format=CSV))


def test_callers_that_go_away_free_their_places(exchange: Exchange, plant: ServedPlant) -> None:
    """An import cut off in the middle of its stream does nothing; an export that nobody reads ends."""
    for number in range(limits.IMPORTS_AT_ONCE_MAX + limits.EXPORTS_AT_ONCE_MAX):
        sent = threading.Event()

        def stalled(name: str = f"{plant.prefix} {number}", sent: threading.Event = sent) -> Iterator[Any]:
            data = f"name,sourceLocationPath\r\n{name},{plant.silo.path}\r\n".encode()
            yield pb.ImportInventoryOperationsRequest(format=CSV, data=data)
            sent.set()
            threading.Event().wait(0.5)

        call = exchange.stub.ImportInventoryOperations.future(stalled(), metadata=exchange.metadata)
        sent.wait(10)
        call.cancel()
        answers = exchange.stub.ExportInventoryOperations(
            pb.ExportInventoryOperationsRequest(format=CSV), metadata=exchange.metadata
        )
        next(answers)
        answers.cancel()
    data = table(row(plant, "A"))
    deadline = time.monotonic() + 20
    while True:
        try:
            answer = exchange.take_in(data)
            break
        except grpc.RpcError:  # OVERLOADED, until the server has seen that the others went
            if time.monotonic() > deadline:
                raise
    assert counts(answer) == (1, 0, 0, 0)
    assert exchange.give(CSV, [plant.silo.id]).count(b"\r\n") == 2


def test_more_imports_at_once_than_one_caller_may_have_are_refused(exchange: Exchange, client: Client) -> None:
    """OVERLOADED, and the others go on."""
    over = threading.Event()
    taken = [threading.Event() for _ in range(limits.IMPORTS_OF_PRINCIPAL_MAX)]

    def slow(sent: threading.Event) -> Iterator[Any]:
        # The second piece is asked for once the first was taken: then the call has its place, as a rule.
        yield pb.ImportInventoryOperationsRequest(format=JSON)
        yield pb.ImportInventoryOperationsRequest(data=b" " * 1_000_000)
        sent.set()
        over.wait(30)

    def begun(sent: threading.Event) -> Any:
        return exchange.stub.ImportInventoryOperations.future(slow(sent), metadata=exchange.metadata)

    calls = [begun(one) for one in taken]
    try:
        assert all(one.wait(10) for one in taken)
        deadline = time.monotonic() + 20
        refused: LotkeeperError | None = None
        while refused is None and time.monotonic() < deadline:
            try:
                client.import_inventory_operations(b"", export_format=JSON)
            except LotkeeperError as error:
                refused = error
            # One whose data had gone out before it had its place may have found this one's call there.
            calls = [begun(one) if call.done() else call for call, one in zip(calls, taken, strict=True)]
        assert refused is not None
        assert refused.reason == "OVERLOADED"
    finally:
        over.set()
    assert [counts(call.result()) for call in calls] == [(0, 0, 0, 0)] * len(calls)
