"""What a server answers: whether it knows the token, which contract it has, its clock, how fast it answers."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, product
from statistics import median
from typing import Final

from lotkeeper import actions
from lotkeeper._errors import LotkeeperError, PermissionDenied, Unauthenticated
from lotkeeper._sync.client import Client
from lotkeeper._tokens import NONE_SENT
from lotkeeper.cli.findings import Finding, State
from lotkeeper.cli.server_contract import names_here, names_there
from lotkeeper.inventory.v1.inventory_operation_service_pb2 import ListPermissionsResponse

ROUND_TRIPS: Final = 10
SLOW_MILLIS: Final = 100.0
CLOCK_SHOWN_SECONDS: Final = 0.1
CLOCK_WARNING_SECONDS: Final = 2.0
CLOCK_FAULT_SECONDS: Final = 60.0
"""What a server lets pass of how far callers' clocks are apart, unless it is set otherwise."""
_TRIED_MAX: Final = 8
_LOOKED_AT_MAX: Final = 200
_CLOCK_NEEDS: Final = ("INVENTORY.WRITE.RECEIVE", "LOCATION.READ", "MATERIAL.READ")
"""What asking for the server's clock takes. It is not tried without: a denial would stand in the server's audit."""
_NAMED_MAX: Final = 3


def check_token(client: Client, advice: str) -> Finding:
    """Whether the token is known, and grants something.

    Args:
        client: of the server.
        advice: what to do where it is not known.

    Raises:
        LotkeeperError: where the server cannot be reached.
    """
    try:
        granted = client.list_permissions().granted_permissions
    except Unauthenticated as error:
        said = error.message.partition(NONE_SENT)[0]
        return Finding("token", State.FAULT, said, f"{advice[0].upper()}{advice[1:]}.")
    if not granted:
        return Finding("token", State.WARNING, "it grants nothing", "Give its holder a role: lotkeeper-server role.")
    if "*" in granted:
        return Finding("token", State.OK, "it grants everything")
    return Finding("token", State.OK, f"it grants {len(granted)} permission{'' if len(granted) == 1 else 's'}")


def check_version(client: Client, version: str, timeout_seconds: float) -> Finding:
    """Whether the server has what this client knows of the contract."""
    here = names_here()
    try:
        there = names_there(client, timeout_seconds)
    except LotkeeperError:
        there = frozenset()
    if not there:
        text = f"this is {version}; the server does not tell its contract"
        return Finding("version", State.SKIPPED, text, "Serve with reflection = true to compare them.")
    if missing := sorted(here - there):
        text = f"this is {version}; the server is older: it lacks {_some(missing)}"
        return Finding("version", State.WARNING, text, "Update the server; it refuses or ignores what it lacks.")
    if unknown := sorted(there - here):
        text = f"this is {version}; the server is newer: it has {_some(unknown)}"
        return Finding("version", State.OK, text, "pip install --upgrade lotkeeper, to use what is new.")
    return Finding("version", State.OK, f"this is {version}; the server has the same contract")


def check_clock(client: Client) -> Finding:
    """How far the server's clock is from this machine's, by a movement that is only validated."""
    try:
        permissions = client.list_permissions()
        lacking = [one for one in _CLOCK_NEEDS if not _grants(permissions.granted_permissions, one)]
        if lacking:
            text = f"it is told by a receipt that is only validated; the token lacks {', '.join(lacking)}"
            return Finding("clock", State.SKIPPED, text)
        seconds = _ahead_seconds(client, _places(permissions))
    except LotkeeperError as error:
        return Finding("clock", State.SKIPPED, f"the server did not tell: {error.message}")
    if seconds is None:
        return Finding("clock", State.SKIPPED, "a plant without a material and a location that takes it does not tell")
    text = f"the server's is {abs(seconds):.1f} s {'ahead of' if seconds > 0 else 'behind'} this machine's"
    if abs(seconds) < CLOCK_SHOWN_SECONDS:
        text = "the server's and this machine's show the same"
    advice = "Have both keep the time by NTP (chrony, systemd-timesyncd)."
    if abs(seconds) >= CLOCK_FAULT_SECONDS:
        return Finding("clock", State.FAULT, text, advice)
    if abs(seconds) >= CLOCK_WARNING_SECONDS:
        return Finding("clock", State.WARNING, text, advice)
    return Finding("clock", State.OK, text)


def _grants(granted: Iterable[str], needed: str) -> bool:
    """Whether the needed permission, a parent of it (by dots), or everything is granted."""
    parts = needed.split(".")
    return not {"*", *(".".join(parts[: count + 1]) for count in range(len(parts)))}.isdisjoint(granted)


def _places(permissions: ListPermissionsResponse) -> list[str] | None:
    """The paths of the locations below which the token may surely receive; None: everywhere."""
    limited = [one for one in permissions.limited_permissions if _grants(one.permissions, _CLOCK_NEEDS[0])]
    return [path for one in limited for path in one.location_paths] if limited else None


def _ahead_seconds(client: Client, places: list[str] | None) -> float | None:
    materials = islice(client.list_materials(enabled=True, page_size=_TRIED_MAX), _TRIED_MAX)
    looked_at = islice(client.list_locations(enabled=True, page_size=_LOOKED_AT_MAX), _LOOKED_AT_MAX)
    within = (one for one in looked_at if places is None or any(f"{one.path}/".startswith(f"{p}/") for p in places))
    locations = list(islice(within, _TRIED_MAX))
    refused: LotkeeperError | None = None
    for material, location in islice(product(materials, locations), _TRIED_MAX * _TRIED_MAX):
        action = actions.receive(
            "lotkeeper check", 1, material=material.id, destination=location.id, create_lot_if_not_found=True
        )
        before = datetime.now(UTC)
        try:
            records = client.execute_inventory_actions([action], validate_only=True).inventory_lot_records
        except PermissionDenied:  # each further one would be, too
            raise
        except LotkeeperError as error:
            refused = error
            continue
        if records and records[0].HasField("created_date"):
            middle = before + (datetime.now(UTC) - before) / 2
            return (records[0].created_date.ToDatetime(UTC) - middle) / timedelta(seconds=1)
    if refused is not None:
        raise refused
    return None


def check_round_trip(client: Client) -> Finding:
    """How long a small call takes.

    Raises:
        LotkeeperError: where the server cannot be reached.
    """
    millis = sorted(_round_trips(client))
    text = f"{median(millis):.1f} ms, the median of {len(millis)} calls of {millis[0]:.1f} to {millis[-1]:.1f} ms"
    if median(millis) >= SLOW_MILLIS:
        return Finding("round trip", State.WARNING, text, "Send many calls from nearer to the server, or in batches.")
    return Finding("round trip", State.OK, text)


def _round_trips(client: Client) -> Iterator[float]:
    for _ in range(ROUND_TRIPS):
        begun = time.perf_counter()
        client.get_plant_settings()
        yield (time.perf_counter() - begun) * 1_000


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMED_MAX])
    return shown if len(names) <= _NAMED_MAX else f"{shown} and {len(names) - _NAMED_MAX} more"
