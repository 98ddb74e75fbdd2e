"""Who did or tried what: each write is one event, as is what somebody was not let do, and nothing else is."""

from __future__ import annotations

import getpass
import gzip
import json
import os
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from lotkeeper import Client, InvalidArgument, LotkeeperError, OutOfRange, PermissionDenied, Unauthenticated, actions
from lotkeeper.inventory.v1 import enums_pb2, master_data_pb2
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb
from lotkeeper.inventory.v1.audit_service_pb2 import AuditEvent

from tests.abuse.tokens import metadata_of, token_of
from tests.plants import ServedPlant
from tests.scoped import make_caller
from tests.server_process import BINARIES, ServerProcess

DONE, DENIED, UNAUTHENTICATED = (
    enums_pb2.AUDIT_RESULT_DONE,
    enums_pb2.AUDIT_RESULT_PERMISSION_DENIED,
    enums_pb2.AUDIT_RESULT_UNAUTHENTICATED,
)
WAIT_SECONDS = 60.0
EXECUTE = "/lotkeeper.inventory.v1.InventoryOperationService/ExecuteInventoryOperation"


@pytest.fixture
def plant(client: Client) -> ServedPlant:
    return ServedPlant(client)


def since(client: Client, known: set[str]) -> list[AuditEvent]:
    """The events that were not known, oldest first."""
    return [event for event in client.list_audit_events(oldest_first=True) if event.id not in known]


def ids(client: Client) -> set[str]:
    return {event.id for event in client.list_audit_events(page_size=1_000)}


def soon(look: Callable[[], Sequence[AuditEvent]], until: Callable[[Sequence[AuditEvent]], bool]) -> list[AuditEvent]:
    """What a look gives once that is enough: denials are written beside the calls."""
    end_seconds = time.monotonic() + WAIT_SECONDS
    while not until(found := look()):
        assert time.monotonic() < end_seconds, found
        time.sleep(0.05)
    return list(found)


def test_an_execution_tells_who_what_from_where_when_and_which_record(client: Client, plant: ServedPlant) -> None:
    operation, known, request_id = plant.operation("PRODUCE"), ids(client), uuid.uuid4().hex
    before = datetime.now(UTC).replace(microsecond=0)
    record = client.execute_inventory_operation(operation.id, "L", 1.0, request_id=request_id)

    (event,) = since(client, known)
    assert before <= event.occurred_date.ToDatetime(UTC) <= datetime.now(UTC)
    event.ClearField("id")
    event.ClearField("occurred_date")
    assert event == AuditEvent(
        principal="tester",
        address="ipv4:127.0.0.1",
        method="ExecuteInventoryOperation",
        result=DONE,
        entity="inventory_operation",
        entity_id=operation.id,
        request_id=request_id,
        item_count=1,
        inventory_lot_record_id=record.id,
        attempt_count=1,
    )


def test_the_trace_of_a_caller_is_kept(server: ServerProcess, client: Client, plant: ServedPlant) -> None:
    """A traceparent that is none is as if there were none."""
    operation, known, trace = plant.operation("PRODUCE"), ids(client), uuid.uuid4().hex
    for parent in (f"00-{trace}-{'1' * 16}-01", f"00-{'z' * 32}-{'1' * 16}-01", "rubbish"):
        request = pb.ExecuteInventoryOperationRequest(
            inventory_operation_id=operation.id, primary_lot_id_or_name="L", quantity=1
        )
        with grpc.insecure_channel(server.address) as channel:
            metadata = (*metadata_of(server.token), ("traceparent", parent))
            channel.unary_unary(EXECUTE)(request.SerializeToString(), metadata=metadata, timeout=20)
    assert [event.trace_id for event in since(client, known)] == [trace, "", ""]


def test_what_writes_nothing_is_no_event(client: Client, plant: ServedPlant) -> None:
    """A dry run, a repeat of a request id, a read, a refusal by a rule, and a save that changes nothing."""
    operation, consume = plant.operation("PRODUCE"), plant.operation("CONSUME")
    again = uuid.uuid4().hex
    record = client.execute_inventory_operation(operation.id, "L", 1.0, request_id=again)
    known = ids(client)

    client.execute_inventory_operation(operation.id, "L", 1.0, validate_only=True)
    client.batch_execute_inventory_operations(
        [pb.ExecuteInventoryOperationRequest(inventory_operation_id=operation.id, quantity=1)], validate_only=True
    )
    assert client.execute_inventory_operation(operation.id, "L", 1.0, request_id=again).id == record.id
    client.save_material(plant.milk)
    client.annotate_inventory_lot_record(record.id, notes="")
    client.validate_inventory_operation(operation)
    list(client.list_inventory())
    with pytest.raises(LotkeeperError):
        client.execute_inventory_operation(consume.id, "L", 1e6)
    with pytest.raises(InvalidArgument):
        client.execute_inventory_operation("rubbish")
    assert since(client, known) == []


def test_each_request_of_a_batch_that_took_effect_is_an_event(client: Client, plant: ServedPlant) -> None:
    operation, known = plant.operation("PRODUCE"), ids(client)
    requests = [
        pb.ExecuteInventoryOperationRequest(
            inventory_operation_id=operation.id, primary_lot_id_or_name="L", quantity=quantity, request_id=request_id
        )
        for quantity, request_id in ((1, "one"), (-1, "refused"), (2, "two"), (1, "one"))
    ]
    client.batch_execute_inventory_operations(requests)
    found = since(client, known)
    assert [(event.method, event.request_id) for event in found] == [
        ("BatchExecuteInventoryOperations", "one"),
        ("BatchExecuteInventoryOperations", "two"),
    ]


def test_actions_are_one_event_with_their_number(client: Client, plant: ServedPlant) -> None:
    known = ids(client)
    there: Any = {"destination": plant.silo.id, "material": plant.milk.id, "create_lot_if_not_found": True}
    client.execute_inventory_actions([actions.receive("A", 1.0, **there), actions.receive("B", 1.0, **there)])
    (event,) = since(client, known)
    assert (event.method, event.item_count, event.entity) == ("ExecuteInventoryActions", 2, "")


def test_saves_and_deletes_name_what_they_changed(client: Client, plant: ServedPlant) -> None:
    known = ids(client)
    saved = client.save_material(master_data_pb2.Material(name=f"{plant.prefix} Cream"))
    saved.description = "fat"
    client.save_material(saved)
    client.delete_material(saved.id)
    found = since(client, known)
    assert [(event.method, event.entity, event.entity_id, event.detail) for event in found] == [
        ("SaveMaterial", "material", saved.id, "created"),
        ("SaveMaterial", "material", saved.id, ""),
        ("DeleteMaterial", "material", saved.id, ""),
    ]


def test_an_import_is_one_event_with_its_counts(client: Client, plant: ServedPlant) -> None:
    known = ids(client)
    units = ", ".join(f'{{"name": "{plant.prefix} u{n}", "symbol": "{plant.prefix}u{n}"}}' for n in range(3))
    document = f'{{"units_of_measure": [{units}]}}'.encode()
    for _ in range(2):
        client.import_master_data(document, export_format=enums_pb2.EXPORT_FORMAT_JSON)
    (event,) = since(client, known)
    assert (event.method, event.item_count, event.detail) == ("ImportMasterData", 3, "3 created, 0 updated")


def test_a_denial_names_the_caller_and_the_permission(server: ServerProcess, client: Client) -> None:
    name = f"reader {uuid.uuid4().hex[:8]}"
    with Client(server.address, token=token_of(server, name, "UNIT.READ")) as reader:
        with pytest.raises(PermissionDenied):
            reader.save_unit_of_measure(master_data_pb2.UnitOfMeasure(name="x", symbol="x"))
        with pytest.raises(PermissionDenied):
            reader.execute_inventory_operation("01JPAND53PBZ61RZHZV7C6EEHG", "L", 1.0)
        with pytest.raises(PermissionDenied):
            list(reader.list_audit_events())
        with pytest.raises(PermissionDenied):
            next(iter(reader.watch_audit_events()))
    found = soon(lambda: list(client.list_audit_events(principal=name)), lambda found: len(found) == 4)
    assert {(event.method, event.reason, event.result, event.item_count) for event in found} == {
        ("SaveUnitOfMeasure", "UNIT.WRITE", DENIED, 0),
        ("ExecuteInventoryOperation", "INVENTORY_OPERATION.EXECUTE", DENIED, 0),
        ("ListAuditEvents", "AUDIT.READ", DENIED, 0),
        ("WatchAuditEvents", "AUDIT.READ", DENIED, 0),
    }


def test_a_denial_of_a_limited_role_says_that_it_is_for_elsewhere(server: ServerProcess, client: Client) -> None:
    plant = ServedPlant(client)
    token, role = make_caller(server, [plant.silo])
    with Client(server.address, token=token) as limited, pytest.raises(PermissionDenied):
        list(limited.list_inventory(location_id_or_path="Nowhere"))
    (event,) = soon(lambda: list(client.list_audit_events(principal=role)), bool)
    assert (event.method, event.reason, event.result) == ("ListInventory", "INVENTORY.READ elsewhere", DENIED)


def test_a_flood_of_refused_credentials_is_counted_in_few_events(own_server: ServerProcess) -> None:
    """Also what was refused just before the server ended."""
    with grpc.insecure_channel(own_server.address) as channel:
        call = channel.unary_unary(EXECUTE)
        for number in range(100):
            with pytest.raises(grpc.RpcError):
                call(b"", metadata=metadata_of(f"lk_unknown{number}") if number % 2 else (), timeout=20)
    assert own_server.terminate() == 0
    own_server.start()
    with Client(own_server.address, token=own_server.token) as client:
        found = list(client.list_audit_events(results=[UNAUTHENTICATED]))
        assert sum(event.attempt_count for event in found) == 100
        assert {(event.method, event.reason, event.principal) for event in found} == {
            ("ExecuteInventoryOperation", "UNKNOWN", ""),
            ("ExecuteInventoryOperation", "NO_TOKEN", ""),
        }
        assert len(found) <= 20


def test_an_expired_token_names_its_holder(server: ServerProcess, client: Client) -> None:
    name = f"late {uuid.uuid4().hex[:8]}"
    with (
        Client(server.address, token=token_of(server, name, expires_in_seconds=0.0)) as late,
        pytest.raises(Unauthenticated),
    ):
        list(late.list_inventory())
    (event,) = soon(lambda: list(client.list_audit_events(principal=name)), bool)
    assert (event.result, event.reason, event.method) == (UNAUTHENTICATED, "EXPIRED", "ListInventory")


@pytest.fixture(scope="module")
def written(server: ServerProcess) -> Iterator[tuple[Client, list[AuditEvent]]]:
    """Some events, and all of them oldest first."""
    with Client(server.address, token=server.token) as client:
        for number in range(7):
            client.save_material_class(master_data_pb2.MaterialClass(name=f"C{number} {uuid.uuid4().hex}"))
        yield client, list(client.list_audit_events(oldest_first=True))


def test_pages_go_through_all_of_them_in_both_orders(written: tuple[Client, list[AuditEvent]]) -> None:
    client, events = written
    assert [event.id for event in client.list_audit_events(page_size=3)] == [event.id for event in reversed(events)]
    assert list(client.list_audit_events(page_size=2, oldest_first=True)) == events


def test_each_filter_leaves_what_it_says(written: tuple[Client, list[AuditEvent]]) -> None:
    client, events = written
    millis = [event.occurred_date.ToMilliseconds() for event in events]
    middle = millis[len(millis) // 2]
    one = events[-1]
    filters: list[tuple[dict[str, Any], Callable[[AuditEvent], bool]]] = [
        ({"start_date_millis": middle}, lambda event: event.occurred_date.ToMilliseconds() >= middle),
        ({"end_date_millis": middle}, lambda event: event.occurred_date.ToMilliseconds() < middle),
        ({"principal": "tester"}, lambda event: event.principal == "tester"),
        ({"principal": "nobody"}, lambda _: False),
        ({"method": "SaveMaterialClass"}, lambda event: event.method == "SaveMaterialClass"),
        ({"entity": "material_class"}, lambda event: event.entity == "material_class"),
        ({"entity_id_or_name": one.entity_id}, lambda event: event.entity_id == one.entity_id),
        ({"results": [DONE]}, lambda event: event.result == DONE),
        ({"results": [DENIED, UNAUTHENTICATED]}, lambda event: event.result != DONE),
        ({"results": [DONE], "method": "SaveMaterialClass"}, lambda event: event.method == "SaveMaterialClass"),
    ]
    for given, holds in filters:
        assert list(client.list_audit_events(oldest_first=True, **given)) == [e for e in events if holds(e)], given


def test_rubbish_is_refused_by_name(client: Client) -> None:
    for given, field in (
        ({"start_date_millis": 2, "end_date_millis": 1}, "start_date_millis"),
        ({"results": [99]}, "results"),
        ({"page_size": -1}, "page_size"),
        ({"principal": "x" * 300}, "principal"),
    ):
        with pytest.raises(InvalidArgument) as refused:
            list(client.list_audit_events(**given))  # type: ignore[arg-type]
        assert field in {violation.field for violation in refused.value.field_violations}
    with pytest.raises(InvalidArgument):
        next(iter(client.watch_audit_events(resume_token="rubbish")))


def test_a_watch_has_each_event_once_across_a_kill(own_server: ServerProcess) -> None:
    """It goes on by its token; what its filter leaves out does not come."""
    with Client(own_server.address, token=own_server.token) as client:
        plant = ServedPlant(client)
        operation = plant.operation("PRODUCE")
        begun = client.watch_audit_events(method="ExecuteInventoryOperation")
        token = next(begun).resume_token
        first = [client.execute_inventory_operation(operation.id, "L", 1.0).id for _ in range(5)]
        seen, token = _seen(begun, 3, token)
    own_server.kill()
    own_server.start()
    with Client(own_server.address, token=own_server.token) as client:
        client.save_material(plant.milk)
        later = [client.execute_inventory_operation(operation.id, "L", 1.0).id for _ in range(4)]
        resumed = client.watch_audit_events(method="ExecuteInventoryOperation", resume_token=token)
        more, _ = _seen(resumed, 6, token)
        assert seen + more == first + later
        from_beginning, _ = _seen(
            client.watch_audit_events(from_beginning=True, entity_id_or_name=operation.id), 10, token
        )
        assert from_beginning == ["", *first, *later]


def _seen(messages: Iterator[Any], count: int, token: str) -> tuple[list[str], str]:
    """The records of so many events, and the token after the last."""
    records = []
    for message in messages:
        token = message.resume_token
        if message.HasField("audit_event"):
            records.append(message.audit_event.inventory_lot_record_id)
            if len(records) == count:
                break
    messages.close()  # type: ignore[attr-defined]
    return records, token


def test_commands_of_the_server_are_events_of_the_user_of_the_machine(own_server: ServerProcess) -> None:
    """Roles, tokens and the schema: each change, and no refused one; nothing of it is a secret."""
    run = own_server.run
    made = run("token", "create", "--name", "line 1", "--role", "admin")
    assert made.returncode == 0, made.stderr
    run("role", "create", "readers", "--permission", "INVENTORY.READ", "--streams-max", "3")
    assert run("role", "create", "readers", "--permission", "INVENTORY.READ").returncode == 1
    run("role", "update", "readers", "--add", "UNIT.READ")
    with Client(own_server.address, token=own_server.token) as client:
        place = ServedPlant(client).silo.path
    run("role", "update", "readers", "--location", place)
    run("role", "update", "readers", "--everywhere")
    run("role", "delete", "readers")
    assert run("role", "delete", "readers").returncode == 1
    run("token", "revoke", "--name", "line 1")
    with Client(own_server.address, token=own_server.token) as client:
        found = [event for event in client.list_audit_events(oldest_first=True) if event.address == "local"]
    assert {event.principal for event in found} == {getpass.getuser()}
    assert [(event.method, event.entity, event.entity_name, event.detail) for event in found] == [
        ("lotkeeper-server token create", "token", "line 1", "roles admin, expires never"),
        ("lotkeeper-server role create", "role", "readers", "grants INVENTORY.READ, streams_max 3"),
        ("lotkeeper-server role update", "role", "readers", "grants INVENTORY.READ UNIT.READ"),
        ("lotkeeper-server role update", "role", "readers", f"at {place}"),
        ("lotkeeper-server role update", "role", "readers", "everywhere"),
        ("lotkeeper-server role delete", "role", "readers", ""),
        ("lotkeeper-server token revoke", "token", "line 1", "revoked"),
    ]
    assert made.stdout.strip() not in str(found)


def test_a_new_store_and_the_demo_plant_are_events(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path, database_url=f"sqlite:///{tmp_path}/own.db")
    assert server.run("demo").returncode == 0
    with server, closing(Client(server.address, token=server.token)) as client:
        schema, demo = client.list_audit_events(oldest_first=True)
    assert (schema.method, schema.entity, schema.detail) == ("lotkeeper-server demo", "schema", "was empty")
    assert (demo.method, demo.item_count > 10) == ("lotkeeper-server demo", True)


def _run(server: ServerProcess, *arguments: str) -> str:
    environment = os.environ | {"LOTKEEPER_ADDRESS": server.address, "LOTKEEPER_TOKEN": server.token}
    command = [BINARIES / "lotkeeper", "audit", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_command_line_lists_and_exports(server: ServerProcess, client: Client, plant: ServedPlant) -> None:
    """An export has each event on a line, oldest first; nothing of the table's form is in it."""
    known = ids(client)
    saved = plant.material("Whey")
    plant.client.delete_material(saved.id)
    exported = [json.loads(line) for line in _run(server, "export", "--about", saved.id).splitlines()]
    assert [line["method"] for line in exported] == ["SaveMaterial", "DeleteMaterial"]
    assert [line["id"] for line in exported] == [event.id for event in since(client, known)]
    table = _run(server, "list", "--kind", "material", "--about", saved.id, "--no-headers")
    assert ["DONE" in line and saved.id in line for line in table.splitlines()] == [True, True], table


def test_old_events_move_to_files_as_they_are_exported(own_server: ServerProcess, tmp_path: Path) -> None:
    """A killed run has left its file: it is written anew; a watch says that it missed something."""
    with Client(own_server.address, token=own_server.token) as client:
        watched = client.watch_audit_events()
        token = next(watched).resume_token
        watched.close()  # type: ignore[attr-defined]
        for number in range(3):
            client.save_material_class(master_data_pb2.MaterialClass(name=f"C{number}"))
        before = _run(own_server, "export").splitlines()
        folder = tmp_path / "archive"
        folder.mkdir()
        leftover = folder / f"audit-{json.loads(before[0])['id']}.jsonl.gz"
        leftover.write_bytes(b"half")
        done = own_server.run("audit", "archive", "--audit-days", "0", "--to", str(folder))
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("3 events from before "), done.stdout
        (file,) = folder.iterdir()
        assert file.stat().st_mode & 0o777 == 0o600
        assert gzip.decompress(file.read_bytes()).decode().splitlines() == before
        (event,) = client.list_audit_events()
        assert (event.method, event.entity_name, event.item_count) == (
            "lotkeeper-server audit archive",
            file.name,
            3,
        )
        with pytest.raises(OutOfRange, match="archived"):
            list(zip(client.watch_audit_events(resume_token=token), range(2), strict=False))
        assert _seen(client.watch_audit_events(from_beginning=True), 1, token)[0] == [""]
