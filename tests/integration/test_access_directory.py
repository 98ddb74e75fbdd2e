"""Roles and tokens in memory, where reads on several threads see the store at different moments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lotkeeper_server.access.allowance import Allowance
from lotkeeper_server.access.directory import Directory
from lotkeeper_server.access.roles import add_role
from lotkeeper_server.access.tokens import TokenEntry, add_token, revoke_tokens
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.store.db.connection import Store
from sqlalchemy import Connection

TOKEN = Id(bytes(16))
BEARER = (("authorization", "Bearer secret"),)
PERMISSION = "UNIT.READ"


async def test_a_read_that_began_before_a_token_was_revoked_does_not_bring_it_back(store: Store) -> None:
    """It ends after one that began later: what is kept in memory is the later one's."""
    with store.write() as connection:
        add_role(connection, "reader", [PERMISSION], 1)
        add_token(connection, "secret", TokenEntry(TOKEN, "somebody", ("reader",), False, 1, None, None))
    directory = Directory()
    with store.read() as early:
        early.exec_driver_sql("SELECT 1 FROM token")  # its snapshot begins here
        with store.write() as connection:
            revoke_tokens(connection, [TOKEN], 2)
        with store.read() as late, pytest.raises(Refused) as refused:
            await directory.admit(BEARER, PERMISSION, _on(late))
        assert refused.value.refusal.reason == "UNAUTHENTICATED"
        assert (await directory.admit(BEARER, PERMISSION, _on(early))).principal == "somebody"
    assert directory.admit_known(BEARER, PERMISSION) is None


async def test_of_several_roles_the_most_generous_limits_count_and_the_setting_where_a_role_has_none(
    store: Store,
) -> None:
    with store.write() as connection:
        add_role(connection, "reader", [PERMISSION], 1, {"calls_in_flight_max": 5, "commands_per_second_max": 7})
        add_role(connection, "writer", ["UNIT.WRITE"], 1, {"calls_in_flight_max": 8, "commands_per_second_max": 0})
        add_token(connection, "secret", TokenEntry(TOKEN, "somebody", ("reader", "writer"), False, 1, None, None))
        add_token(connection, "other", TokenEntry(Id(b"x" * 16), "other", ("reader",), False, 1, None, None))
    directory = Directory(Allowance(100, 20, 30, 40))
    with store.read() as snapshot:
        both = await directory.admit(BEARER, PERMISSION, _on(snapshot))
        one = await directory.admit((("authorization", "Bearer other"),), PERMISSION, _on(snapshot))
    assert both.allowance == Allowance(8, 20, 0, 40)
    assert one.allowance == Allowance(5, 20, 7, 40)


def _on(connection: Connection) -> Any:
    """Reads as the engine does, on a snapshot that is open already."""

    async def read(work: Callable[[Connection], Any]) -> Any:
        return work(connection)

    return read
