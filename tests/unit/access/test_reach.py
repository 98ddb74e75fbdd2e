"""Where permissions hold: the union of roles, some of which are limited to locations."""

from __future__ import annotations

from lotkeeper_server.access.directory import Admission
from lotkeeper_server.access.reach import Reach
from lotkeeper_server.access.roles import NO_LIMITS, Role
from lotkeeper_server.domain.commands import Batch, Execute
from lotkeeper_server.domain.model.audit import Origin
from lotkeeper_server.domain.model.identifiers import Id, LocationId
from lotkeeper_server.domain.model.scope import Scope, lies_within
from lotkeeper_server.domain.refusals import Fault, InvalidArgument
from lotkeeper_server.rpc.gate.call import Call
from lotkeeper_server.store.entities.within import PLACES
from lotkeeper_server.store.schema import tables
from lotkeeper_server.store.schema.archive_tables import OPENING_BALANCES

SITE, LINE = LocationId(Id(b"s" * 16)), LocationId(Id(b"l" * 16))
NOT_SHOWN_BY_THEMSELVES = OPENING_BALANCES
"""Tables that name locations, and whose rows are only ever added to those of others."""


def role(*permissions: str, at: frozenset[LocationId] = frozenset()) -> Role:
    return Role(permissions, NO_LIMITS, at)


def test_without_a_limited_role_there_is_nothing_to_ask() -> None:
    assert Reach.of([role("INVENTORY"), role("LOT.READ")]) is None
    assert Reach.of([]) is None


def test_a_permission_holds_where_the_roles_that_grant_it_do() -> None:
    reach = Reach.of([role("INVENTORY", at=frozenset({SITE})), role("INVENTORY.READ", "LOT", at=frozenset({LINE}))])
    assert reach is not None
    assert reach.scope_of("INVENTORY.READ") == Scope("INVENTORY.READ", frozenset({SITE, LINE}))
    assert reach.scope_of("INVENTORY.WRITE.MOVE") == Scope("INVENTORY.WRITE.MOVE", frozenset({SITE}))
    assert reach.scope_of("LOT.READ") == Scope("LOT.READ", frozenset({LINE}))


def test_a_role_without_a_limit_lets_its_permissions_hold_everywhere() -> None:
    reach = Reach.of([role("INVENTORY", at=frozenset({SITE})), role("INVENTORY.READ")])
    assert reach is not None
    assert reach.scope_of("INVENTORY.READ") is None
    assert reach.scope_of("INVENTORY.WRITE.MOVE") == Scope("INVENTORY.WRITE.MOVE", frozenset({SITE}))
    assert reach.scope_of("any") is None


def test_a_path_that_only_begins_alike_does_not_lie_within() -> None:
    assert lies_within("Site/Line", ["Site"])
    assert lies_within("Site", ["Site"])
    assert not lies_within("Site 2", ["Site"])
    assert not lies_within("Site", ["Site/Line"])
    assert not lies_within("Site", [])


def test_a_call_that_waits_is_limited_by_the_roles_that_it_has_when_it_is_decided() -> None:
    """The engine confirms the caller in its transaction; what was read before is limited again then."""
    free = Admission("line", frozenset({"*"}), "INVENTORY_OPERATION.EXECUTE", b"", 1)
    reach = Reach.of([role("*", at=frozenset({SITE}))])
    limited = Admission("line", frozenset({"*"}), free.permission, b"", 2, reach=reach)
    command, call = Execute("line", Id(b"o" * 16)), Call(free, Origin(""), None)
    wrong = InvalidArgument.on("quantity", Fault.out_of_range("is wrong"))
    call.submitted = Batch([wrong, command], all_or_nothing=False, validate_only=False)
    scopes = []
    for call.admission in (free, limited, free):
        call.limit()
        scopes.append(command.scope)
    assert scopes == [None, Scope("INVENTORY_OPERATION.EXECUTE", frozenset({SITE})), None]


def test_every_table_that_names_locations_is_left_out_by_them() -> None:
    """Whoever adds one has to say by which columns its rows have a place; a parent only makes a path."""
    place = tables.location.c.id
    naming = {
        table.name: tuple(column.name for column in table.columns if column.references(place))
        for table in tables.metadata.tables.values()
        if table.name not in NOT_SHOWN_BY_THEMSELVES
    }
    found = {name: columns for name, columns in naming.items() if columns and name != "location"}
    assert found == {name: tuple(columns) for name, columns in PLACES.items() if name != "location"}
