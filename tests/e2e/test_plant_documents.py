"""A plant as one document: applied, compared, exported, over the wire and from the command line."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from lotkeeper import Client, InvalidArgument, LotkeeperError, NotFound
from lotkeeper.inventory.v1 import enums_pb2
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


def test_a_document_comes_in_pieces_and_is_tried_or_applied_as_a_whole(empty: Client) -> None:
    """A format is required; a fault is refused as any other; a dry run does nothing."""
    tried = applied(empty, DAIRY, validate_only=True)
    assert (counts(tried), list(empty.list_units_of_measure())) == ((58, 0, 0), [])
    pieces = [DAIRY[start : start + 1_000] for start in range(0, len(DAIRY), 1_000)]
    assert changes(empty.import_master_data(pieces, export_format=YAML)) == changes(tried)
    document = exported(empty, JSON)
    assert counts(empty.import_master_data(document, export_format=JSON)) == (0, 0, 58)
    with pytest.raises(NotFound) as missing:
        applied(empty, "locations: [{name: A}, {name: B, parent: No}]")
    assert (missing.value.reason, places(missing.value)) == ("LOCATION_NOT_FOUND", ["locations[1].parent"])
    for formless in (enums_pb2.EXPORT_FORMAT_CSV, enums_pb2.EXPORT_FORMAT_UNSPECIFIED):
        with pytest.raises(InvalidArgument) as refused:
            empty.import_master_data(b"{}", export_format=formless)
        assert places(refused.value) == ["format"]
        with pytest.raises(InvalidArgument):
            list(empty.export_master_data(export_format=formless))


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
