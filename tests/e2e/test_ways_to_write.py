"""Nobody gets round a rule: every way to write needs its permissions, each looked at before anything is written."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from lotkeeper import Client, PermissionDenied, Unauthenticated
from lotkeeper.inventory.v1.enums_pb2 import AUDIT_RESULT_DONE as DONE
from lotkeeper_server.access.roles import add_role
from lotkeeper_server.access.tokens import TokenEntry, add_token, new_token, revoke_tokens
from lotkeeper_server.domain.model.enumerations import InventoryActionType
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.engine.clock import IdSource, now_millis
from lotkeeper_server.plant.permissions import LOTS_READ, SECTION_PERMISSIONS
from lotkeeper_server.plant.sections import INVENTORY, SECTIONS
from lotkeeper_server.rpc.gate.gate import permission_of
from lotkeeper_server.rpc.methods.list_permissions import permissions_of
from lotkeeper_server.rpc.server import SERVICES
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.schema.tables import metadata
from sqlalchemy import Select, Table, select

from tests.methods_that_write import (
    callers_of,
    methods_that_write,
    modules_that_hand_on,
    modules_that_write_by_themselves,
)
from tests.plants import ServedPlant
from tests.server_process import ServerProcess
from tests.ways_to_write import JSON, STATUS_CHANGE, Way, every_way

ALL_PERMISSIONS = frozenset(permissions_of(SERVICES))
METHODS = {method.name: method for service in SERVICES for method in service.methods}
WAYS = every_way()
NOT_WRITTEN_BY_CALLS = ("feed", "feed_pending", "feed_lease", "commit_mark")
"""Tables that server databases keep moving by themselves."""
OF_EVENTS = ("audit_event", "audit_pending", "audit_feed")
"""What tells of calls, of refused ones, too; looked at by itself."""
ClientOf = Callable[[frozenset[str]], Client]


@pytest.fixture(scope="module")
def client_of(server: ServerProcess) -> Iterator[ClientOf]:
    """A client that has exactly these permissions."""
    made: dict[frozenset[str], Client] = {}
    with ExitStack() as opened, closing(Store(server.database_url)) as store:

        def client_of(permissions: frozenset[str]) -> Client:
            if permissions not in made:
                role, token, now = f"role {len(made)}", new_token(), now_millis()
                with store.write() as connection:
                    add_role(connection, role, permissions, now)
                    add_token(connection, token, TokenEntry(IdSource()(), role, (role,), False, now, None, None))
                made[permissions] = opened.enter_context(Client(server.address, token=token))
            return made[permissions]

        yield client_of


def content(server: ServerProcess) -> dict[str, list[tuple[object, ...]]]:
    """All that the store holds."""
    with closing(Store(server.database_url)) as store, store.read() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(_written_by_calls(table))), key=repr)
            for table in metadata.sorted_tables
            if table.name not in NOT_WRITTEN_BY_CALLS + OF_EVENTS
        }


def _written_by_calls(table: Table) -> Select[Any]:
    """When a token was used last is noted of whoever calls, also of one who is then refused."""
    return select(*[column for column in table.c if column.name != "last_used_millis"])


def test_the_ways_are_all_that_the_code_has() -> None:
    """A method, a section of documents or a type of action that is added has to be given a way here, with its needs."""
    parts = {method: {way.part for way in WAYS if way.method == method} for method in {way.method for way in WAYS}}
    assert parts.keys() == methods_that_write()
    assert parts["ImportMasterData"] == {*SECTIONS, INVENTORY, "status"}
    assert parts["ExecuteInventoryActions"] >= {one.name for one in InventoryActionType}
    has_dry_run = {name for name, method in METHODS.items() if "validate_only" in method.input_type.fields_by_name}
    assert {way.method for way in WAYS if way.dry} == has_dry_run


def test_nothing_else_writes_for_a_caller() -> None:
    """What opens a transaction by itself is the command line of whoever holds the store, or the server's own upkeep."""
    assert modules_that_write_by_themselves() == {
        "access/changing.py",
        "archive/audit_events.py",
        "archive/lease.py",
        "archive/moving.py",
        "archive/request_ids.py",
        "archive/restoring.py",
        "cli/opening.py",
        "demo/loading.py",
        "store/backups/restoring.py",
        "store/db/commit_marks.py",
        "store/schema/migrating.py",
        "testing/template.py",  # the store of a test
    }
    assert callers_of("changing_access") == {
        "cli/administration.py",
        "cli/granting.py",
        "cli/roles.py",
        "cli/serving.py",
    }
    assert callers_of("transact") | callers_of("Submission") == {
        "engine/long_writes.py",  # for the methods of documents and files, whose ways are among the others
        "rpc/gate/denials.py",  # for nobody: events of calls that were not let in
        "rpc/methods/access_grants.py",
        "rpc/methods/access_roles.py",
        "rpc/methods/access_tokens.py",
        "rpc/methods/definition_exchange.py",
        "rpc/methods/entity_calls.py",
        "rpc/methods/inventory_actions.py",
        "rpc/methods/inventory_metadata.py",
        "rpc/methods/inventory_operation_definitions.py",
        "rpc/methods/inventory_operations.py",
        "rpc/methods/plant_exchange.py",
        "rpc/methods/traced_holds.py",
        "token_care.py",  # the server, when a token was used last
    }
    assert modules_that_hand_on("may_everything") == {"demo/loading.py", "testing/template.py"}


def test_what_a_document_needs_is_what_the_calls_need() -> None:
    """The names of the permissions are those of the contract."""
    assert SECTION_PERMISSIONS["lots"] == permission_of(METHODS["SaveLot"])
    assert (permission_of(METHODS["ListLots"]), permission_of(METHODS["ListInventory"])) == LOTS_READ
    assert {*SECTION_PERMISSIONS.values(), STATUS_CHANGE} <= ALL_PERMISSIONS


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_way_needs_each_of_its_permissions_and_no_other(
    server: ServerProcess, client: Client, client_of: ClientOf, way: Way
) -> None:
    """Whoever lacks one has all others, and is told its name; nothing is written, by a dry run neither.

    What was written is one event of whoever did it.
    """
    write = way.prepared(ServedPlant(client))
    known = {event.id for event in client.list_audit_events(page_size=1_000)}
    granted = client_of(way.needs)
    lacking = {permission: client_of(ALL_PERMISSIONS - {permission}) for permission in way.needs}
    before = content(server)
    dry_runs = [{"validate_only": True}] if way.dry else []
    for permission, denied in lacking.items():
        for dry in (*dry_runs, {}):
            with pytest.raises(PermissionDenied) as refused:
                write(denied, dry)
            assert refused.value.metadata["permission"] == permission, dry
    for dry in dry_runs:
        write(granted, dry)
    assert content(server) == before
    write(granted, {})
    assert (content(server) != before) is way.writes
    events = [event for event in client.list_audit_events(results=[DONE]) if event.id not in known]
    assert [event.method for event in events] == [way.method] * way.writes
    assert "tester" not in {event.principal for event in events}


def test_a_refused_status_names_the_entry_and_the_same_one_again_is_no_change(
    client: Client, client_of: ClientOf
) -> None:
    """A document that says what is so already changes no status."""
    plant = ServedPlant(client)
    plant.lot("L")
    lots = [f'{{"name": "L", "material": "{plant.milk.path}", "status": "{status}"}}' for status in ("OPEN", "CLOSED")]
    keeper = client_of(frozenset({"MASTER_DATA.IMPORT", "LOT.WRITE"}))
    assert keeper.import_master_data(f'{{"lots": [{lots[0]}]}}'.encode(), export_format=JSON).unchanged == 1
    with pytest.raises(PermissionDenied) as refused:
        keeper.import_master_data(f'{{"lots": [{lots[1]}]}}'.encode(), export_format=JSON)
    assert [violation.field for violation in refused.value.field_violations] == ["lots[0].status"]


def test_a_right_that_goes_during_an_upload_does_not_count_any_more(server: ServerProcess) -> None:
    """Also where nothing would be written: what is in the store is told by the rights of the moment."""
    for method, dry in itertools.product(("import_master_data", "import_inventory_operations"), (True, False)):
        token, token_id = new_token(), IdSource()()
        with closing(Store(server.database_url)) as store, Client(server.address, token=token) as uploading:
            with store.write() as connection:
                entry = TokenEntry(token_id, "uploader", ("admin",), False, now_millis(), None, None)
                add_token(connection, token, entry)

            def pieces(store: Store = store, token_id: Id = token_id) -> Iterator[bytes]:
                yield b" " * 200_000  # more than one message
                with store.write() as connection:
                    revoke_tokens(connection, [token_id], now_millis())
                yield b"{}"

            with pytest.raises(Unauthenticated):
                getattr(uploading, method)(pieces(), export_format=JSON, validate_only=dry)


def test_an_export_with_lots_needs_the_rights_to_read_them(client_of: ClientOf) -> None:
    """Without them it has everything else."""
    exporter = client_of(frozenset({"MASTER_DATA.EXPORT"}))
    assert b"".join(exporter.export_master_data(export_format=JSON))
    for missing in LOTS_READ:
        reader = client_of(frozenset({"MASTER_DATA.EXPORT", *LOTS_READ}) - {missing})
        with pytest.raises(PermissionDenied) as refused:
            list(reader.export_master_data(export_format=JSON, include_lots=True))
        assert refused.value.metadata == {"permission": missing}
    reader = client_of(frozenset({"MASTER_DATA.EXPORT", *LOTS_READ}))
    assert b"".join(reader.export_master_data(export_format=JSON, include_lots=True))
