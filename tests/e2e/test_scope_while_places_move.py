"""A limit is that of the moment of the decision, also while locations move and roles change."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pytest
from lotkeeper import Client, LotkeeperError, PermissionDenied
from lotkeeper.inventory.v1 import master_data_pb2

from tests.plants import ServedPlant
from tests.scoped import make_caller, move_role
from tests.server_process import ServerProcess

CHANGES: Final = 12


@dataclass(frozen=True)
class Span:
    """Something that happened between two moments, and whether the tank was within, or seen to be."""

    begun: float
    ended: float
    within: bool


def _span(call: Callable[[], object], *, within: bool) -> Span:
    begun = time.monotonic()
    call()
    return Span(begun, time.monotonic(), within)


def _tried(call: Callable[[], object]) -> Span:
    begun, within = time.monotonic(), True
    try:
        call()
    except PermissionDenied:
        within = False
    return Span(begun, time.monotonic(), within)


def _could_be(seen: Span, changes: list[Span]) -> bool:
    """Whether at some moment of a call the tank was where the call found it."""
    after = [*changes[1:], None]
    return any(
        change.within == seen.within
        and change.begun <= seen.ended
        and (following is None or following.ended >= seen.begun)
        for change, following in zip(changes, after, strict=True)
    )


@pytest.mark.parametrize("what", ["the tank", "the role"])
def test_each_call_is_decided_by_where_things_are_at_some_moment_of_it(
    server: ServerProcess, client: Client, what: str
) -> None:
    """Writes and reads alike: what is refused, done and shown fits the tree and the role between call and answer."""
    plant = ServedPlant(client)
    site, other = plant.location("Site"), plant.location("Other")
    tank = client.save_location(master_data_pb2.Location(name="Tank", parent_id=site.id))
    operation = plant.operation("RECEIVE", destination_location_id=tank.id)
    token, role = make_caller(server, [site])
    stopped, changes = threading.Event(), [_span(lambda: None, within=True)]
    seen: list[Span] = []
    faults: list[BaseException] = []

    def calls_on(call: Callable[[], object]) -> None:
        try:
            while not stopped.is_set():
                seen.append(_tried(call))
        except BaseException as fault:
            faults.append(fault)

    def change(*, within: bool) -> None:
        nonlocal tank
        if what == "the role":
            move_role(server, role, [site if within else other])
        else:
            tank.parent_id = site.id if within else other.id
            tank.ClearField("parent_path")
            tank.ClearField("parent_name")
            tank = _saved(client, tank)

    with Client(server.address, token=token) as limited:
        threads = [
            threading.Thread(target=calls_on, args=(call,))
            for call in (
                lambda: limited.execute_inventory_operation(operation.id, "L", 1.0),
                lambda: limited.get_location(tank.id),
                lambda: limited.set_inventory_metadata("L", tank.id, material_id_or_path=plant.milk.id, name="seen"),
            )
        ]
        limited.execute_inventory_operation(operation.id, "L", 1.0)
        for thread in threads:
            thread.start()
        for number in range(CHANGES):
            within = number % 2 == 1
            changes.append(_span(lambda within=within: change(within=within), within=within))
            met = len(seen)
            while len(seen) < met + 6 and not faults:
                time.sleep(0.005)
        stopped.set()
        for thread in threads:
            thread.join()
    assert not faults, faults
    assert {one.within for one in seen} == {True, False}
    assert [one for one in seen if not _could_be(one, changes)] == []


def _saved(client: Client, location: Any) -> Any:
    """The save of a location, again where the store was too busy."""
    while True:
        try:
            return client.save_location(location)
        except LotkeeperError as error:
            if error.reason != "CONTENTION":
                raise
