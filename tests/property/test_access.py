"""Random managers hand on, and take away, exactly what an own book of rights allows: never more than they have."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

import pytest
from lotkeeper import Client, FailedPrecondition, PermissionDenied
from lotkeeper.inventory.v1 import master_data_pb2

from tests.plants import ServedPlant
from tests.server_process import ServerProcess

MANAGE: Final = "ACCESS.MANAGE"
SEEDS: Final = range(4)
STEPS: Final = 160
PERMISSIONS: Final = ("*", "ACCESS", MANAGE, "INVENTORY", "INVENTORY.READ", "INVENTORY.WRITE.MOVE", "LOT", "LOT.READ")
NEW_BELOW: Final = "?"
"""Below each permission stands one more that no role names: what a later version may have."""
KINDS: Final = ("role", "role", "widen", "widen", "delete", "token", "token", "rotate", "revoke", "give", "take")
Right = tuple[str, str]
"""A permission that has none below it, and a place that has none below it."""


def rights_of_permission(permission: str) -> set[str]:
    """What a permission grants, of those that have none below them."""
    leaves = set(PERMISSIONS) | {f"{one}.{NEW_BELOW}" for one in PERMISSIONS if one != "*"} | {NEW_BELOW}
    return {one for one in leaves if permission in {"*", one} or one.startswith(f"{permission}.")} - {"*"}


@dataclass
class Role:
    """A role, in the book: its permissions, and the names of its places; no place: everywhere."""

    permissions: tuple[str, ...]
    places: tuple[str, ...]


@dataclass
class Token:
    """A token, in the book."""

    id: str
    principal: str
    roles: tuple[str, ...]
    client: Client
    live: bool = True


@dataclass
class Book:
    """What there is, kept beside the server, and what follows from it.

    Attributes:
        below: the places that lie at and below a place, by its name.
    """

    below: dict[str, frozenset[str]]
    roles: dict[str, Role] = field(default_factory=dict)
    tokens: list[Token] = field(default_factory=list)
    grants: set[tuple[str, str]] = field(default_factory=set)

    def where(self, role: Role) -> frozenset[str]:
        """Every place where a role holds."""
        return frozenset().union(*(self.below[one] for one in role.places or ("everywhere",)))

    def rights(self, roles: Iterable[Role]) -> set[Right]:
        """What several roles allow together."""
        return {
            (leaf, place)
            for role in roles
            for permission in role.permissions
            for leaf in rights_of_permission(permission)
            for place in self.where(role)
        }

    def of_token(self, token: Token) -> set[Right]:
        """What a token allows."""
        return self.rights(self.roles[name] for name in token.roles)

    def everybody(self) -> dict[str, set[Right]]:
        """What each token allows that is good, and what each principal may by what was given to it."""
        found = {token.id: self.of_token(token) for token in self.tokens if token.live}
        for principal, name in self.grants:
            found.setdefault(f"given to {principal}", set()).update(self.rights([self.roles[name]]))
        return found

    def may_handle(self, manager: Token, role: Role) -> bool:
        """Whether a role is within a manager's rights, and holds nowhere but where it may manage."""
        needed = self.rights([role]) | {(MANAGE, place) for place in self.where(role)}
        return needed <= self.of_token(manager)

    def may_speak_for(self, manager: Token, principal: str) -> bool:
        """Whether all that a principal has is within a manager's rights."""
        held = [name for token in self.tokens if token.live and token.principal == principal for name in token.roles]
        held += [name for holder, name in self.grants if holder == principal]
        return principal == manager.principal or all(self.may_handle(manager, self.roles[name]) for name in held)


class Played:
    """Random steps of random managers against a server."""

    def __init__(self, server: ServerProcess, admin: Client, opened: ExitStack, seed: int) -> None:
        """Makes places, and three managers."""
        self.dice, self.server, self.opened, self.admin = random.Random(seed), server, opened, admin
        plant = ServedPlant(admin)
        self.prefix = plant.prefix
        site, other = plant.location("Site"), plant.location("Other")
        hall = admin.save_location(master_data_pb2.Location(name="Hall", parent_id=site.id))
        self.ids = {"site": site.id, "other": other.id, "hall": hall.id}
        whole = frozenset({"site", "hall", "other", "elsewhere"})
        below = {"site": {"site", "hall"}, "hall": {"hall"}, "other": {"other"}}
        self.book = Book({name: frozenset(places) for name, places in below.items()} | {"everywhere": whole})
        self.accepted = self.refused = 0
        for number in range(3):
            role = Role((MANAGE, *self._permissions()), self._places())
            self._made_role(admin, f"{self.prefix} begin {number}", role)
            self._made_token(admin, f"{self.prefix} chief {number}", (f"{self.prefix} begin {number}",))

    def _permissions(self) -> tuple[str, ...]:
        return tuple(self.dice.sample(PERMISSIONS, self.dice.choice((1, 1, 2, 3))))

    def _places(self) -> tuple[str, ...]:
        return self.dice.choice(((), ("site",), ("hall",), ("other",), ("hall", "other"), ("site", "other")))

    def _made_role(self, client: Client, name: str, role: Role) -> None:
        at = [self.ids[one] for one in role.places]
        client.create_role(name, role.permissions, location_ids_or_paths=at)
        self.book.roles[name] = role

    def _made_token(self, client: Client, principal: str, roles: tuple[str, ...]) -> None:
        self._keep(client.create_token(principal, roles), roles)

    def _keep(self, made: object, roles: tuple[str, ...]) -> None:
        token, secret = made.token, made.secret  # type: ignore[attr-defined]
        client = self.opened.enter_context(Client(self.server.address, token=secret))
        self.book.tokens.append(Token(token.id, token.principal, roles, client))

    def step(self) -> None:
        """One call of somebody who may manage somewhere: done if the book says so, refused if it does not."""
        managers = [
            token
            for token in self.book.tokens
            if token.live and any(leaf == MANAGE for leaf, _ in self.book.of_token(token))
        ]
        manager = self.dice.choice(managers)
        had, before = self.book.of_token(manager), self.book.everybody()
        allowed, call = self._asked(manager, self.dice.choice(KINDS))
        try:
            call()
        except PermissionDenied:
            assert not allowed
            self.refused += 1
            return
        except FailedPrecondition:  # somebody has the role that was to be deleted
            return
        assert allowed
        self.accepted += 1
        after = self.book.everybody()
        for one in before.keys() | after.keys():
            assert after.get(one, set()) - before.get(one, set()) <= had, one
            assert before.get(one, set()) - after.get(one, set()) <= had, one

    def _asked(self, manager: Token, kind: str) -> tuple[bool, Callable[[], None]]:
        """Whether a random call of a kind is to be done, and the call, which writes what it did into the book."""
        book, dice, client = self.book, self.dice, manager.client
        name = dice.choice(sorted(book.roles))
        role, new = book.roles[name], Role(self._permissions(), self._places())
        token = dice.choice([one for one in book.tokens if one.live])
        principal = f"{self.prefix} {dice.choice(('a', 'b', 'chief 0', 'chief 1'))}"
        may = book.may_handle(manager, role)
        may_token = all(book.may_handle(manager, book.roles[one]) for one in token.roles)

        def widens() -> None:
            at = [self.ids[one] for one in new.places]
            client.update_role(name, permissions=new.permissions, location_ids_or_paths=at)
            book.roles[name] = new

        def deletes() -> None:
            client.delete_role(name)
            del book.roles[name]

        def rotates() -> None:
            self._keep(client.rotate_token(token.id), token.roles)

        def revokes() -> None:
            client.revoke_token(token.id)
            token.live = False

        def gives() -> None:
            client.grant_role(principal, name)
            book.grants.add((principal, name))

        def takes() -> None:
            client.revoke_grant(*given)
            book.grants.discard(given)

        given = dice.choice(sorted(book.grants)) if book.grants else ("nobody", name)
        many = sum(one.live for one in book.tokens) > 4  # so that managers are left
        made = f"{self.prefix} {len(book.roles)} {dice.random()}"
        asked: dict[str, tuple[bool, Callable[[], None]]] = {
            "role": (book.may_handle(manager, new), lambda: self._made_role(client, made, new)),
            "widen": (may and book.may_handle(manager, new), widens),
            "delete": (may, deletes),
            "token": (
                may and book.may_speak_for(manager, principal),
                lambda: self._made_token(client, principal, (name,)),
            ),
            "rotate": (may_token and book.may_speak_for(manager, token.principal), rotates),
            "revoke": (may_token, revokes) if many else (may, gives),
            "give": (may, gives),
            "take": (book.may_handle(manager, book.roles[given[1]]), takes) if book.grants else (may, gives),
        }
        return asked[kind]


@pytest.mark.parametrize("seed", SEEDS)
def test_after_any_calls_nobody_has_a_right_that_no_manager_had(
    server: ServerProcess, client: Client, seed: int
) -> None:
    """Whoever gains or loses a right at a place by a call, the caller had it there. The store is as the book says."""
    with ExitStack() as opened:
        played = Played(server, client, opened, seed)
        for _ in range(STEPS):
            played.step()
        assert played.accepted > STEPS // 10
        assert played.refused > STEPS // 10
        book, ids = played.book, {location: name for name, location in played.ids.items()}
        roles = {
            one.name: (sorted(one.permissions), sorted(ids[location] for location in one.location_ids))
            for one in client.list_roles()
            if one.name.startswith(played.prefix)
        }
        assert roles == {
            name: (sorted(set(role.permissions)), sorted(role.places)) for name, role in book.roles.items()
        }
        live = {one.id: tuple(one.roles) for one in client.list_tokens(live_only=True)}
        kept = {one.id: one.roles for one in book.tokens if one.live}
        assert {one: live.get(one) for one in kept} == kept
        grants = {(one.principal, one.role) for one in client.list_grants() if one.role.startswith(played.prefix)}
        assert grants == book.grants
