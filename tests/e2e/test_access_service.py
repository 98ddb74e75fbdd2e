"""Roles, tokens and grants by calls: nobody hands on, or takes away, more than they have; nobody is locked out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any, Final, NamedTuple

import pytest
from lotkeeper import Client, FailedPrecondition, LotkeeperError, PermissionDenied, Unauthenticated
from lotkeeper.inventory.v1 import master_data_pb2
from lotkeeper.inventory.v1.access_service_pb2 import RoleLimits
from lotkeeper_server.access.roles import add_role
from lotkeeper_server.access.tokens import TokenEntry, add_token, new_token
from lotkeeper_server.engine.clock import IdSource, now_millis
from lotkeeper_server.store.db.connection import Store

from tests.both_clients import CLIENTS
from tests.plants import ServedPlant
from tests.scoped import ids_of, make_caller
from tests.server_process import ServerProcess

MANAGE: Final = "ACCESS.MANAGE"
READ: Final = "ACCESS.READ"
NO_TOKEN: Final = "01ARZ3NDEK-TSV4RRFF-Q69G5FAV"
EVERYWHERE: Final[tuple[str, ...]] = ()


class Places(NamedTuple):
    """Three locations: one, one below it, and another one."""

    site: master_data_pb2.Location
    hall: master_data_pb2.Location
    other: master_data_pb2.Location

    def at(self, *names: str) -> list[str]:
        """Their ids by name."""
        return [getattr(self, name).id for name in names]


@pytest.fixture
def places(client: Client) -> Places:
    """New ones."""
    plant = ServedPlant(client)
    site = plant.location("Site")
    hall = client.save_location(master_data_pb2.Location(name="Hall", parent_id=site.id))
    return Places(site, hall, plant.location("Other site"))


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    """Closes clients."""
    with ExitStack() as stack:
        yield stack


class Manager(NamedTuple):
    """Somebody who manages roles, and the name of their only role, which is their principal, too."""

    client: Client
    role: str
    token: str


def manager_of(server: ServerProcess, opened: ExitStack, *permissions: str, at: tuple[Any, ...] = ()) -> Manager:
    """Somebody who has these permissions and those of AccessService, everywhere or at some locations."""
    token, role = make_caller(server, at, (MANAGE, READ, *permissions))
    return Manager(opened.enter_context(Client(server.address, token=token)), role, token)


def refusal(call: Callable[[], object]) -> dict[str, str]:
    """With what a call is refused for want of rights; empty where it is done."""
    try:
        call()
    except PermissionDenied as refused:
        return dict(refused.metadata)
    return {}


ESCALATIONS: Final = [
    # What the manager has, and where; what a role is to grant, and where; for which permission that is refused.
    ((), EVERYWHERE, (MANAGE,), EVERYWHERE, ""),
    ((), EVERYWHERE, ("INVENTORY.READ",), EVERYWHERE, "INVENTORY.READ"),
    ((), EVERYWHERE, ("*",), EVERYWHERE, "*"),
    ((), EVERYWHERE, ("ACCESS",), EVERYWHERE, "ACCESS"),
    (("INVENTORY",), EVERYWHERE, ("INVENTORY",), EVERYWHERE, ""),
    (("INVENTORY",), EVERYWHERE, ("INVENTORY.WRITE.MOVE", "INVENTORY.READ"), ("site",), ""),
    (("INVENTORY.READ", "INVENTORY.WRITE"), EVERYWHERE, ("INVENTORY",), EVERYWHERE, "INVENTORY"),
    (("INVENTORY.WRITE.MOVE",), EVERYWHERE, ("INVENTORY.WRITE",), EVERYWHERE, "INVENTORY.WRITE"),
    (("INVENTORY",), EVERYWHERE, ("INVENTORY_OPERATION.READ",), EVERYWHERE, "INVENTORY_OPERATION.READ"),
    (("INVENTORY.READ",), EVERYWHERE, ("INVENTORY.READ", "LOT.READ"), EVERYWHERE, "LOT.READ"),
    (("INVENTORY.READ",), EVERYWHERE, ("*",), ("site",), "*"),
    (("*",), EVERYWHERE, ("*",), EVERYWHERE, ""),
    (("*",), ("site",), ("*",), ("site",), ""),
    (("*",), ("site",), ("INVENTORY.READ",), ("hall",), ""),
    (("*",), ("site",), ("INVENTORY.READ",), EVERYWHERE, MANAGE),
    (("*",), ("site",), ("INVENTORY.READ",), ("other",), MANAGE),
    (("*",), ("site",), ("INVENTORY.READ",), ("site", "other"), MANAGE),
    (("*",), ("hall",), ("INVENTORY.READ",), ("site",), MANAGE),
    (("*",), ("hall", "other"), ("UNIT.WRITE",), ("hall", "other"), ""),
]


@pytest.mark.parametrize(("own", "own_at", "permissions", "at", "refused"), ESCALATIONS)
def test_a_role_may_allow_what_its_maker_may_where_its_maker_may(
    server: ServerProcess,
    client: Client,
    places: Places,
    opened: ExitStack,
    own: tuple[str, ...],
    own_at: tuple[str, ...],
    permissions: tuple[str, ...],
    at: tuple[str, ...],
    refused: str,
) -> None:
    """Whether it is made, widened, given, put into a token, rotated; nor is such a role narrowed, deleted or taken."""
    manager = manager_of(server, opened, *own, at=tuple(getattr(places, name) for name in own_at)).client
    name, small = f"{places.site.name} {len(list(client.list_roles()))}", f"small {len(list(client.list_roles()))}"
    located = {"location_ids_or_paths": places.at(*at)}
    client.create_role(name, permissions, **located)
    holder = client.create_token(f"holder of {name}", [name]).token
    client.grant_role(f"other of {name}", name)
    manager_places = places.at(*own_at)
    client.create_role(small, [MANAGE], location_ids_or_paths=manager_places)
    steps: list[Callable[[], object]] = [
        lambda: manager.create_role(f"{name} again", permissions, **located),
        lambda: manager.update_role(small, permissions=permissions, **located),
        lambda: manager.grant_role("somebody", name),
        lambda: manager.create_token("somebody", [name]),
        lambda: manager.rotate_token(holder.id),
        lambda: manager.update_role(name, permissions=[MANAGE], location_ids_or_paths=manager_places),
        lambda: manager.revoke_grant(f"other of {name}", name),
        lambda: manager.revoke_token(holder.id),
        lambda: manager.delete_role(name),
    ]
    for number, step in enumerate(steps):
        if not refused and number == 8:
            for token in [one for one in client.list_tokens() if name in one.roles]:
                client.revoke_token(token.id)
            client.revoke_grant("somebody", name)
        told = refusal(step)
        assert told.get("permission", "") == refused, number
        if refused == MANAGE:
            assert told["scope"] == ", ".join(sorted(getattr(places, one).path for one in own_at))


def test_a_role_for_two_places_may_be_put_together_of_roles_for_each(
    server: ServerProcess, places: Places, opened: ExitStack
) -> None:
    """For each permission the places count of all roles that grant it, and no others."""
    now, token = now_millis(), new_token()
    with closing(Store(server.database_url)) as store, store.write() as connection:
        names = (f"{places.site.name} 1", f"{places.site.name} 2", f"{places.site.name} 3")
        add_role(connection, names[0], [MANAGE], now)
        add_role(connection, names[1], ["INVENTORY", "LOT.READ"], now, locations=ids_of([places.site]))
        add_role(connection, names[2], ["INVENTORY.READ"], now, locations=ids_of([places.other]))
        add_token(connection, token, TokenEntry(IdSource()(), names[0], names, False, now, None, None))
    manager = opened.enter_context(Client(server.address, token=token))
    both = places.at("site", "other")
    new = f"{places.site.name} both"
    assert refusal(lambda: manager.create_role(new, ["LOT.READ"], location_ids_or_paths=both)) == {
        "permission": "LOT.READ",
        "scope": places.site.path,
    }
    assert refusal(lambda: manager.create_role(new, ["INVENTORY"], location_ids_or_paths=both))["permission"] == (
        "INVENTORY"
    )
    assert refusal(lambda: manager.create_role(new, ["INVENTORY.READ"]))["permission"] == "INVENTORY.READ"
    assert manager.create_role(new, ["INVENTORY.READ"], location_ids_or_paths=both).location_paths


@pytest.mark.parametrize(
    ("own", "asked", "refused"),
    [
        (RoleLimits(), RoleLimits(), ""),
        (RoleLimits(), RoleLimits(streams_max=256, calls_in_flight_max=1_024), ""),
        (RoleLimits(), RoleLimits(streams_max=257), "streams_max 256"),
        (RoleLimits(), RoleLimits(calls_in_flight_max=0), "calls_in_flight_max 1024"),
        (RoleLimits(streams_max=3), RoleLimits(), "streams_max 3"),
        (RoleLimits(streams_max=3), RoleLimits(streams_max=3), ""),
        (RoleLimits(commands_per_second_max=50), RoleLimits(), "commands_per_second_max 50"),
        (RoleLimits(commands_per_second_max=50), RoleLimits(commands_per_second_max=51), "commands_per_second_max 50"),
        (RoleLimits(bytes_per_second_max=10**7), RoleLimits(bytes_per_second_max=1_000), ""),
    ],
)
def test_a_role_may_not_let_a_principal_take_more_than_its_maker(
    server: ServerProcess, client: Client, opened: ExitStack, own: RoleLimits, asked: RoleLimits, refused: str
) -> None:
    """0 is no limit; what a role leaves open is what the server's settings say."""
    manager = manager_of(server, opened)
    client.update_role(manager.role, limits=own)
    told = refusal(lambda: manager.client.create_role(f"limits of {manager.role}", [MANAGE], limits=asked))
    assert told == ({"permission": MANAGE, "limit": refused} if refused else {})


def test_nobody_speaks_in_the_name_of_somebody_who_may_more(
    server: ServerProcess, client: Client, opened: ExitStack
) -> None:
    """A token of a principal is written in `created_by` as that principal; one's own name is always one's own."""
    manager = manager_of(server, opened, "LOT.READ")
    lesser = manager.client.create_role(f"lesser of {manager.role}", ["LOT.READ"]).name
    chief, deputy = f"chief of {manager.role}", f"deputy of {manager.role}"
    kept = client.create_token(chief, ["admin"]).token
    client.grant_role(deputy, "admin")
    for principal in (chief, deputy):
        assert refusal(lambda principal=principal: manager.client.create_token(principal, [lesser])) == {
            "permission": "*"
        }
    assert manager.client.create_token(manager.role, [lesser]).secret
    client.revoke_token(kept.id)
    assert manager.client.create_token(chief, [lesser]).secret


@pytest.mark.parametrize("client_class", CLIENTS)
def test_each_method_does_what_it_says_with_both_clients(
    server: ServerProcess, places: Places, client_class: Any
) -> None:
    with client_class(server.address, token=server.token) as both:
        name = f"{places.site.name} {client_class.__name__}"
        made = both.create_role(
            name, ["LOT.READ"], location_ids_or_paths=[places.hall.path], limits=RoleLimits(streams_max=3)
        )
        assert both.get_role(name) == made
        assert (made.location_ids, made.location_paths) == ([places.hall.id], [places.hall.path])
        changed = both.update_role(name, permissions=["LOT"], location_ids_or_paths=[], version=made.version)
        assert (changed.permissions, changed.location_ids, changed.limits.streams_max) == (["LOT"], [], 3)
        with pytest.raises(LotkeeperError) as refused:
            both.update_role(name, permissions=["UNIT"], version=made.version)
        assert refused.value.reason == "VERSION_CONFLICT"
        with pytest.raises(LotkeeperError) as refused:
            both.create_role(name, ["LOT"])
        assert refused.value.reason == "NAME_TAKEN"
        first = both.create_token(f"{name} line", [name], never_expires=True)
        second = both.rotate_token(first.token.id, overlap_seconds=3_600)
        for secret in (first.secret, second.secret):
            with Client(server.address, token=secret) as holder:
                assert list(holder.list_permissions().granted_permissions) == ["LOT"]
        listed = list(both.list_tokens(principal=f"{name} line", page_size=1))
        assert [one.id for one in listed] == [first.token.id, second.token.id]
        assert listed[0].HasField("expires_date")
        assert not listed[1].HasField("expires_date")
        assert not both.revoke_token(second.token.id).live
        assert [one.id for one in both.list_tokens(principal=f"{name} line", live_only=True)] == [first.token.id]
        with Client(server.address, token=second.secret) as holder, pytest.raises(Unauthenticated):
            holder.list_permissions()
        grant = both.grant_role(f"{name} robot", name)
        assert both.grant_role(f"{name} robot", name) == grant
        assert list(both.list_grants(principal=f"{name} robot")) == list(both.list_grants(role=name)) == [grant]
        with pytest.raises(FailedPrecondition):
            both.delete_role(name)
        both.revoke_grant(f"{name} robot", name)
        both.revoke_token(first.token.id)
        both.delete_role(name)
        with pytest.raises(LotkeeperError) as refused:
            both.get_role(name)
        assert refused.value.reason == "ROLE_NOT_FOUND"


def test_lists_come_in_pages_that_leave_nothing_out(client: Client, places: Places) -> None:
    """Roles and grants in the order in which they were made."""
    names = [f"{places.site.name} {number}" for number in range(7)]
    for name in names:
        client.create_role(name, ["LOT"])
        client.grant_role(places.site.name, name)
    assert [one.name for one in client.list_roles(page_size=2) if one.name in names] == names
    assert [one.role for one in client.list_grants(principal=places.site.name, page_size=3)] == names


def test_a_limited_reader_sees_what_holds_nowhere_else(
    server: ServerProcess, client: Client, places: Places, opened: ExitStack
) -> None:
    """Of roles, of the tokens that have them, of the grants of them."""
    made = {"site": places.at("hall"), "both": places.at("site", "other"), "all": []}
    for kind, at in made.items():
        name = f"{places.site.name} {kind}"
        client.create_role(name, ["LOT"], location_ids_or_paths=at)
        client.create_token(places.site.name, [name])
        client.grant_role(places.site.name, name)
    client.create_token(places.site.name, [f"{places.site.name} site", "admin"])
    gone = client.create_role(f"{places.site.name} gone", ["LOT"], location_ids_or_paths=places.at("site")).name
    ended = client.revoke_token(client.create_token(places.site.name, [gone]).token.id)
    client.delete_role(gone)
    reader = manager_of(server, opened, at=(places.site,))
    seen = f"{places.site.name} site"
    assert [one.name for one in reader.client.list_roles()] == [seen, reader.role]
    assert [list(one.roles) for one in reader.client.list_tokens()] == [[seen], [reader.role]]
    assert [one.role for one in reader.client.list_grants(page_size=1)] == [seen]
    told = {
        refusal(lambda token_id=token_id: reader.client.revoke_token(token_id))["scope"]
        for token_id in (ended.id, NO_TOKEN)
    }
    assert told == {places.site.path}


def test_a_lost_answer_leaves_no_token_that_nobody_knows(client: Client, server: ServerProcess) -> None:
    """The same request gives the token another secret; nothing else is taken for the same request."""
    name = client.create_role("of lost answers", ["LOT"]).name
    lost = client.create_token("lost", [name], request_id="lost-1")
    again = client.create_token("lost", [name], request_id="lost-1")
    assert (again.token.id, len(list(client.list_tokens(principal="lost")))) == (lost.token.id, 1)
    with Client(server.address, token=lost.secret) as holder, pytest.raises(Unauthenticated):
        holder.list_permissions()
    rotated = [client.rotate_token(again.token.id, overlap_seconds=0, request_id="lost-2") for _ in range(2)]
    assert rotated[0].token.id == rotated[1].token.id
    with Client(server.address, token=rotated[1].secret) as holder:
        assert list(holder.list_permissions().granted_permissions) == ["LOT"]
    for other in (
        lambda: client.create_token("lost", ["admin"], request_id="lost-1"),
        lambda: client.create_token("found", [name], request_id="lost-1"),
        lambda: client.create_token("lost", [name], request_id="lost-1", expires_date_millis=now_millis() + 10_000_000),
    ):
        with pytest.raises(LotkeeperError) as refused:
            other()
        assert refused.value.reason == "REQUEST_ID_REUSED"
    end_seconds = time.monotonic() + 30
    while not any(one.HasField("last_used_date") for one in client.list_tokens(principal="lost")):
        assert time.monotonic() < end_seconds
        time.sleep(0.2)
    with pytest.raises(LotkeeperError) as refused:  # its secret is known: it is used
        client.rotate_token(again.token.id, overlap_seconds=0, request_id="lost-2")
    assert refused.value.reason == "REQUEST_ID_REUSED"


def test_admin_is_not_locked_out(own_server: ServerProcess) -> None:
    """Its role stays; whoever is the last who may everything cannot take that from themselves."""
    with Client(own_server.address, token=own_server.token) as client:
        client.create_role("root", ["*"])
        for call in (
            lambda: client.update_role("admin", permissions=["LOT"]),
            lambda: client.update_role("admin", limits=RoleLimits(calls_in_flight_max=1)),
            lambda: client.delete_role("admin"),
            lambda: client.revoke_token(next(client.list_tokens()).id),
        ):
            with pytest.raises(FailedPrecondition) as refused:
                call()
            assert refused.value.reason == "ADMIN_STAYS"
        root = client.create_token("root", ["root"])
        client.revoke_token(next(one.id for one in client.list_tokens() if "admin" in one.roles))
    with Client(own_server.address, token=root.secret) as client:
        for call in (
            lambda: client.update_role("root", permissions=["ACCESS"]),
            lambda: client.update_role("root", location_ids_or_paths=[]) and client.revoke_token(root.token.id),
        ):
            with pytest.raises(FailedPrecondition) as refused:
                call()
            assert refused.value.reason == "ADMIN_STAYS"
        client.grant_role("somebody", "admin")
        client.update_role("root", permissions=["ACCESS"])
        assert refusal(lambda: client.revoke_grant("somebody", "admin")) == {"permission": "*"}


def test_a_secret_given_by_mistake_is_not_shown(client: Client, server: ServerProcess) -> None:
    """Neither in the answer nor in the log."""
    for call in (client.revoke_token, client.rotate_token):
        with pytest.raises(LotkeeperError) as refused:
            call(server.token)
        assert server.token not in str(refused.value)
    assert server.token not in (server.folder / "server.log").read_text()


def test_what_is_malformed_is_refused_with_every_fault(client: Client) -> None:
    """Before anything is looked up."""
    with pytest.raises(LotkeeperError) as refused:
        client.create_role(" x", ["lot.read", "*"], location_ids_or_paths=["a\n"], limits=RoleLimits(streams_max=-1))
    fields = [one.field for one in refused.value.field_violations]
    assert fields == ["name", "permissions[0]", "location_ids_or_paths[0]", "limits.streams_max"]
    with pytest.raises(LotkeeperError) as refused:
        client.create_token("", ["x"] * 101, expires_date_millis=-5)
    assert [one.field for one in refused.value.field_violations] == ["principal", "roles", "expires_date_millis"]
    with pytest.raises(LotkeeperError) as refused:
        client.create_token("x", ["admin"], expires_date_millis=1)
    assert [one.field for one in refused.value.field_violations] == ["expires_date_millis"]


def test_a_manager_who_is_narrowed_meanwhile_hands_on_nothing_any_more(
    server: ServerProcess, client: Client, opened: ExitStack
) -> None:
    """What it makes comes before the change, or is refused: as the transactions have it, not as calls arrive."""
    managers = [manager_of(server, opened, "INVENTORY") for _ in range(2)]
    stopped, made = threading.Event(), threading.Barrier(3)
    reasons: list[str] = []

    def makes(manager: Manager) -> None:
        made.wait()
        for number in range(10_000):
            try:
                manager.client.create_role(f"{manager.role} {number}", ["INVENTORY"])
            except PermissionDenied as refused:
                reasons.append(refused.metadata["permission"])
                if stopped.is_set():
                    return

    threads = [threading.Thread(target=makes, args=(manager,)) for manager in managers]
    for thread in threads:
        thread.start()
    made.wait()
    for manager in managers:
        client.update_role(manager.role, permissions=[MANAGE])
    stopped.set()
    for thread in threads:
        thread.join(60)
    assert set(reasons) == {"INVENTORY"}
    for manager in managers:
        events = [
            event.method
            for event in client.list_audit_events(oldest_first=True, entity="role", page_size=1_000)
            if manager.role in {event.entity_name, event.principal}
        ]
        assert events.count("UpdateRole") == 1
        assert events[-1] == "UpdateRole"


def test_of_two_who_end_each_other_one_stays(own_server: ServerProcess) -> None:
    """However their calls meet: at most one is done, for who has ended may do nothing any more."""
    with Client(own_server.address, token=own_server.token) as client:
        own = next(client.list_tokens()).id
        for number in range(5):
            two = [client.create_token(f"boss {number}", ["admin"]) for _ in range(2)]
            done: list[str] = []
            meet = threading.Barrier(2)

            def ends(secret: str, other: str, done: list[str] = done, meet: threading.Barrier = meet) -> None:
                with Client(own_server.address, token=secret) as boss:
                    boss.list_permissions()
                    meet.wait()
                    try:
                        boss.revoke_token(other)
                    except Unauthenticated:
                        return
                    done.append(other)

            threads = [threading.Thread(target=ends, args=(two[one].secret, two[1 - one].token.id)) for one in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            assert len(done) == 1
            client.revoke_token(two[0].token.id)
            client.revoke_token(two[1].token.id)
        assert [one.id for one in client.list_tokens(live_only=True)] == [own]


def test_changes_are_events_of_whoever_made_them(server: ServerProcess, client: Client, opened: ExitStack) -> None:
    """By the method's name; they hold no secret; what changed nothing is none."""
    manager = manager_of(server, opened, "LOT")
    role = f"told of {manager.role}"
    manager.client.create_role(role, ["LOT"])
    manager.client.update_role(role, permissions=["LOT"])  # as it is
    made = manager.client.create_token(role, [role], request_id=f"told-{role}")
    manager.client.grant_role(role, role)
    manager.client.grant_role(role, role)  # again
    manager.client.revoke_token(made.token.id)
    manager.client.revoke_token(made.token.id)  # again
    events = list(client.list_audit_events(principal=manager.role, oldest_first=True))
    assert [(one.method, one.entity, one.entity_name) for one in events] == [
        ("CreateRole", "role", role),
        ("CreateToken", "token", role),
        ("GrantRole", "principal", role),
        ("RevokeToken", "token", role),
    ]
    assert events[0].detail == "grants LOT"
    assert (events[1].entity_id, events[1].request_id) == (made.token.id, f"told-{role}")
    assert not any(made.secret in str(one) for one in events)
