"""Roles and tokens in memory, where reads on several threads see the store at different moments."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from lotkeeper_server.access.allowance import Allowance
from lotkeeper_server.access.development import DevelopmentToken
from lotkeeper_server.access.directory import Directory
from lotkeeper_server.access.roles import add_role
from lotkeeper_server.access.tokens import TokenEntry, add_token, revoke_tokens
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.store.db.connection import Store

TOKEN = Id(bytes(16))

NEAR = ("ipv4:127.0.0.1:1", "ipv4:127.8.9.1:2", "ipv6:%5B::1%5D:1", "ipv6:[::1]:1", "ipv6:%5B::ffff:127.0.0.1%5D:1")
"""Callers on this machine, as gRPC writes them."""
FAR = (
    "ipv4:10.0.0.7:1",
    "ipv4:128.0.0.1:1",
    "ipv6:%5Bfe80::1%25eth0%5D:1",
    "ipv6:%5B::ffff:10.0.0.7%5D:1",
    "unix:/socket",
    "127.0.0.1:1",
    "",
)
"""Callers elsewhere, and what is not an address."""


class Knock(NamedTuple):
    """A call whose caller is not known yet."""

    metadata: tuple[tuple[str, str], ...]
    peer: str = "ipv4:127.0.0.1:50000"


BEARER = Knock((("authorization", "Bearer secret"),))
PERMISSION = "UNIT.READ"


def test_a_read_that_began_before_a_token_was_revoked_does_not_bring_it_back(store: Store) -> None:
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
            directory.admit_by(directory.refreshed(late), BEARER, PERMISSION)
        assert refused.value.refusal.reason == "UNAUTHENTICATED"
        assert directory.admit_by(directory.refreshed(early), BEARER, PERMISSION).principal == "somebody"
    assert directory.admit_known(BEARER, PERMISSION) is None


def test_of_several_roles_the_most_generous_limits_count_and_the_setting_where_a_role_has_none(
    store: Store,
) -> None:
    with store.write() as connection:
        add_role(connection, "reader", [PERMISSION], 1, {"calls_in_flight_max": 5, "commands_per_second_max": 7})
        add_role(connection, "writer", ["UNIT.WRITE"], 1, {"calls_in_flight_max": 8, "commands_per_second_max": 0})
        add_token(connection, "secret", TokenEntry(TOKEN, "somebody", ("reader", "writer"), False, 1, None, None))
        add_token(connection, "other", TokenEntry(Id(b"x" * 16), "other", ("reader",), False, 1, None, None))
    directory = Directory(Allowance(100, 20, 30, 40))
    with store.read() as snapshot:
        said = directory.refreshed(snapshot)
    both = directory.admit_by(said, BEARER, PERMISSION)
    one = directory.admit_by(said, Knock((("authorization", "Bearer other"),)), PERMISSION)
    assert both.allowance == Allowance(8, 20, 0, 40)
    assert one.allowance == Allowance(5, 20, 7, 40)


def test_the_development_token_is_good_for_loopback_only_and_for_nobody_else(store: Store) -> None:
    """Whatever the store says, before and after it was remembered; from elsewhere it is as unknown as any other."""
    token = DevelopmentToken()
    token.serve_at("127.0.0.1:50051")
    directory, others = Directory(development=token), Directory(development=DevelopmentToken())
    bearer = (("authorization", f"Bearer {token.text}"),)
    for peer in (
        "ipv4:127.0.0.1:1",
        "ipv6:%5B::1%5D:1",
        "ipv6:[::1]:1",
        "ipv6:%5B::ffff:127.0.0.1%5D:1",
        "ipv4:127.8.9.1:2",
    ):
        admission = directory.admit_known(Knock(bearer, peer), PERMISSION)
        assert admission is not None, peer
        assert admission.principal == "development"
    with store.read() as snapshot:
        said = directory.refreshed(snapshot)
    for peer in FAR:
        for admit in (directory.admit_known, lambda call, needed: directory.admit_by(said, call, needed)):
            with pytest.raises(Refused) as refused:
                admit(Knock(bearer, peer), PERMISSION)
            assert refused.value.refusal.reason == "UNAUTHENTICATED", peer
    assert others.admit_known(Knock(bearer), PERMISSION) is None
