"""Watches, files, traces and the command line, for callers whose role is limited to locations."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from lotkeeper import Client, PermissionDenied
from lotkeeper.cli import main
from lotkeeper.inventory.v1 import enums_pb2, master_data_pb2
from lotkeeper_server.cli import main as server_main

from tests.plants import ServedPlant
from tests.scoped import limited_client, make_caller, move_role
from tests.server_process import ServerProcess

JSON = enums_pb2.EXPORT_FORMAT_JSON


def _receive(client: Client, plant: ServedPlant, place: Any, lot: str = "L") -> Any:
    (record,) = client.receive(lot, 1.0, destination=place.id, material=plant.milk.id, create_lot_if_not_found=True)
    return record


def _next_record(watch: Any) -> Any:
    return next(one.inventory_lot_record for one in watch if one.HasField("inventory_lot_record"))


def test_a_watch_follows_the_tree_while_it_lasts(server: ServerProcess, client: Client) -> None:
    """What happens elsewhere does not come; a tank that is moved there is elsewhere from then on."""
    plant = ServedPlant(client)
    site, other = plant.location("Site"), plant.location("Other")
    tank = client.save_location(master_data_pb2.Location(name="Tank", parent_id=site.id))
    with limited_client(server, [site]) as limited:
        watch = limited.watch_inventory_lot_records()
        assert not next(watch).HasField("inventory_lot_record")
        _receive(client, plant, other)
        seen = _receive(client, plant, tank)
        assert _next_record(watch) == seen
        tank.parent_id = other.id
        client.save_location(tank)
        _receive(client, plant, tank)
        seen = _receive(client, plant, site)
        assert _next_record(watch) == seen
        watch.close()


def test_a_watch_follows_the_role_while_it_lasts(server: ServerProcess, client: Client) -> None:
    """Within the second in which it is looked again who may, also a tail that all watchers share shows only that."""
    plant = ServedPlant(client)
    token, role = make_caller(server, [plant.silo])
    tank = plant.location("Tank")
    with Client(server.address, token=token) as limited:
        watch = limited.watch_inventory_lot_records()
        next(watch)
        assert _receive(client, plant, plant.silo) == _next_record(watch)
        move_role(server, role, [tank])
        records: list[Any] = []
        stopped = threading.Event()

        def receive_on() -> None:  # until the new role is seen, what comes there does not
            while not stopped.wait(0.1):
                records.append(_receive(client, plant, tank, f"T{len(records)}"))

        receiving = threading.Thread(target=receive_on)
        receiving.start()
        found = _next_record(watch)
        stopped.set()
        receiving.join()
        assert found in records
        watch.close()


def test_events_are_shown_to_nobody_whose_role_is_limited(server: ServerProcess, client: Client) -> None:
    """An event does not say where: the list and the watch are refused, and the watch ends where a limit comes later."""
    plant = ServedPlant(client)
    with limited_client(server, [plant.silo], ["AUDIT.READ", "INVENTORY.READ"]) as limited:
        for read in (limited.list_audit_events, limited.watch_audit_events):
            with pytest.raises(PermissionDenied) as refused:
                list(read())
            assert refused.value.metadata == {"permission": "AUDIT.READ", "scope": plant.silo.path}
        assert list(limited.list_inventory()) == []
    token, role = make_caller(server, (), ["AUDIT.READ"])
    with Client(server.address, token=token) as auditor:
        assert next(iter(auditor.list_audit_events())).principal
        watch = auditor.watch_audit_events(from_beginning=True)
        next(one for one in watch if one.HasField("audit_event"))
        move_role(server, role, [plant.silo])
        with pytest.raises(PermissionDenied):
            list(watch)


def test_rows_of_a_file_that_lie_elsewhere_fail_by_themselves(server: ServerProcess, client: Client) -> None:
    """Whether they exist or not, with the same reason at the same column; nothing of them is written."""
    plant = ServedPlant(client)
    tank = plant.location("Tank")
    within, elsewhere = plant.operation("SHIP"), plant.operation("SHIP", source_location_id=tank.id)
    places = [plant.silo.id, tank.id]
    data = b"".join(client.export_inventory_operations(export_format=JSON, location_ids_or_paths=places))
    rows = [json.loads(line) for line in data.splitlines()]
    for row in rows:
        row["notes"] = "seen"
    missing = {**next(row for row in rows if row["name"] == elsewhere.name), "name": f"{plant.prefix} of nobody"}
    text = "\n".join(json.dumps(row) for row in [*rows, missing]).encode()
    with limited_client(server, [plant.silo]) as limited:
        outcome = limited.import_inventory_operations(text, export_format=JSON, keep_good_rows=True)
    assert (outcome.updated, outcome.created, outcome.failed) == (1, 0, 2)
    first, second = outcome.failed_rows
    assert (first.reason, first.field) == (second.reason, second.field) == ("PERMISSION_DENIED", second.field)
    assert client.get_inventory_operation(within.id).notes == "seen"
    assert not client.get_inventory_operation(elsewhere.id).notes


def test_a_lot_that_is_moved_out_of_sight_is_still_a_lot(server: ServerProcess, client: Client) -> None:
    """It is read by whoever may read lots, without what it has elsewhere; a trace says that there is something."""
    plant = ServedPlant(client)
    tank = plant.location("Tank")
    record = _receive(client, plant, plant.silo)
    _receive(client, plant, tank)
    with limited_client(server, [plant.silo]) as limited:
        lot = limited.get_lot(record.inventory_lot_id)
        assert (lot.name, lot.total_quantity) == ("L", 1)
        graph = limited.get_lot_trace_graph(lot.id)
        assert ([node.quantity_on_hand for node in graph.nodes], graph.left_out, graph.truncated) == ([1], True, False)
    with limited_client(server, [plant.silo, tank]) as limited:
        assert limited.get_lot(record.inventory_lot_id).total_quantity == 2
        assert not limited.get_lot_trace_graph(lot.id).left_out


def test_the_command_line_says_that_a_trace_is_cut(server: ServerProcess, client: Client, tmp_path: Path) -> None:
    """In the terminal, in a picture, beside files, and in a report of a recall, which is then not complete."""
    plant = ServedPlant(client)
    record = _receive(client, plant, plant.silo)
    _receive(client, plant, plant.location("Tank"))
    token, _ = make_caller(server, [plant.silo])
    said = "what lies where your roles do not reach is left out"
    report, picture, table = tmp_path / "report.html", tmp_path / "trace.svg", tmp_path / "trace.csv"

    def run(*words: str) -> tuple[int, str]:
        ended = CliRunner().invoke(main, words, env={"LOTKEEPER_ADDRESS": server.address, "LOTKEEPER_TOKEN": token})
        return ended.exit_code, ended.output

    lot = record.inventory_lot_id
    code, text = run("trace", lot)
    assert (code, said in text) == (0, True), text
    code, text = run("trace", lot, "--svg", str(picture), "--csv", str(table))
    assert (code, said in text, said in picture.read_text()) == (0, True, True), text
    code, text = run("recall", lot, "--html", str(report))
    assert (code != 0, said in text, said in report.read_text()) == (True, True, True), text


def test_roles_are_limited_on_the_command_line(server: ServerProcess, client: Client) -> None:
    """By paths, which `role list` shows as they are now; one that is not there is refused, and `admin` stays free."""
    plant = ServedPlant(client)
    name, silo = f"{plant.prefix} limited", plant.silo
    made = _run(server, "role", "create", name, "--permission", "LOCATION", "--location", silo.path)
    assert made.exit_code == 0, made.output
    assert f"at {silo.path}" in _line_of(server, name)
    silo.name = f"{plant.prefix} Renamed"
    silo = client.save_location(silo)
    assert f"at {silo.path}" in _line_of(server, name)
    wrong = _run(server, "role", "update", name, "--location", "Nowhere at all")
    assert (wrong.exit_code != 0, "there is no location Nowhere at all" in wrong.output) == (True, True)
    tank = plant.location("Tank")
    assert _run(server, "role", "update", name, "--location", tank.path).exit_code == 0
    listed = json.loads(next(line for line in _lines(server, "--json") if name in line))
    assert listed["locations"] == [tank.path]
    client.delete_location(tank.id)
    assert "(deleted)" in _line_of(server, name)
    assert _run(server, "role", "update", name, "--everywhere", "--location", silo.path).exit_code == 2
    assert _run(server, "role", "update", name, "--everywhere").exit_code == 0
    assert " at " not in _line_of(server, name)
    assert _run(server, "role", "update", "admin", "--location", silo.path).exit_code != 0


def _run(server: ServerProcess, *words: str) -> Result:
    return CliRunner().invoke(server_main, [*words, "--database-url", server.database_url])


def _lines(server: ServerProcess, *flags: str) -> list[str]:
    return _run(server, "role", "list", *flags).output.splitlines()


def _line_of(server: ServerProcess, name: str) -> str:
    return next(line for line in _lines(server) if line.startswith(f"{name}\t"))


def test_a_caller_is_told_where_its_roles_hold(server: ServerProcess, client: Client) -> None:
    """By paths as they are now; somebody without a limited role is told nothing of places."""
    plant = ServedPlant(client)
    token, _ = make_caller(server, [plant.silo], ["LOT", "INVENTORY"])
    with Client(server.address, token=token) as limited:
        (told,) = limited.list_permissions().limited_permissions
    assert (list(told.permissions), list(told.location_paths)) == (["INVENTORY", "LOT"], [plant.silo.path])
    assert not client.list_permissions().limited_permissions
    environment = {"LOTKEEPER_ADDRESS": server.address, "LOTKEEPER_TOKEN": token}
    shown = CliRunner().invoke(main, ["permissions"], env=environment).output
    assert f"INVENTORY LOT by a role that is limited to {plant.silo.path}" in shown


def test_a_hold_and_a_document_need_the_whole_plant(server: ServerProcess, client: Client) -> None:
    """Also where one of the permissions is limited that they need besides."""
    plant = ServedPlant(client)
    record = _receive(client, plant, plant.silo)
    document = json.dumps({"units_of_measure": []}).encode()
    with limited_client(server, [plant.silo]) as limited:
        for call in (
            lambda: limited.hold_traced_lots(record.inventory_lot_id, validate_only=True),
            lambda: limited.import_master_data(document, export_format=JSON, validate_only=True),
        ):
            with pytest.raises(PermissionDenied) as refused:
                call()
            assert refused.value.metadata["scope"] == plant.silo.path
