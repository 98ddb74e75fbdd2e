"""Compares what a harness counted with what the server holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from lotkeeper import Client, decimal_of
from lotkeeper.inventory.v1 import enums_pb2

from loadtest.harnesses import Counted
from loadtest.scenarios import Kind

NOT_DONE: Final = frozenset({"OK", "HTTP 200"})
REFUSED: Final = frozenset(
    "InvalidArgument NotFound AlreadyExists PermissionDenied ResourceExhausted FailedPrecondition Aborted OutOfRange"
    " Unimplemented Unauthenticated".lower().split()
)
"""Statuses that say that nothing was done. After all others nobody knows."""
PAGE_SIZE: Final = 1_000


@dataclass(frozen=True)
class Holding:
    """What a plant holds.

    Attributes:
        records: completed ones.
        kilograms: in stock.
    """

    records: int
    kilograms: Decimal


def holding(client: Client, root: str) -> Holding:
    """What there is below a location now: its records are counted, its stock is summed by the server."""
    records = client.list_inventory_lot_records(
        location_id_or_path=root,
        include_children=True,
        statuses=[enums_pb2.STATUS_COMPLETED],
        page_size=PAGE_SIZE,
        timeout_seconds=60,
    )
    totals = client.summarize_inventory(
        [enums_pb2.INVENTORY_GROUP_BY_MATERIAL], location_id_or_path=root, include_children=True, timeout_seconds=60
    )
    return Holding(sum(1 for _ in records), sum((decimal_of(total.exact_quantity) for total in totals), Decimal(0)))


def findings(before: Holding, after: Holding, counted: Sequence[Counted], kinds: dict[str, Kind]) -> list[str]:
    """What does not fit; empty where each acknowledged call is there once, and none that was refused.

    A call whose end nobody knows (no answer in time, a lost connection) may be there or not.
    """
    wrong = []
    least_records = least_kilograms = most_kilograms = maybe_records = 0
    for name, kind in kinds.items():
        done = sum(one.ok(name) for one in counted)
        unknown = sum(
            count
            for one in counted
            for status, count in one.statuses.get(name, {}).items()
            if status not in NOT_DONE and status.replace("_", "").lower() not in REFUSED
        )
        least_records += done * kind.records
        maybe_records += unknown * kind.records
        changes = (done * kind.kilograms, (done + unknown) * kind.kilograms)
        least_kilograms += min(changes)
        most_kilograms += max(changes)
    written, changed = after.records - before.records, after.kilograms - before.kilograms
    if all(one.sees_statuses for one in counted):
        if not least_records <= written <= least_records + maybe_records:
            wrong.append(f"{written} records were written; acknowledged were {least_records}, unknown {maybe_records}")
        if not least_kilograms <= changed <= most_kilograms:
            wrong.append(f"stock changed by {changed} kg, and must have by {least_kilograms} to {most_kilograms} kg")
        return wrong
    # The harness counts answers only: each may be a refusal, but there cannot be more records than answers.
    (kind,) = kinds.values()
    answered = sum(one.total().total() for one in counted)
    in_flight_max = sum(512 for _ in counted)
    if written > (answered + in_flight_max) * kind.records:
        wrong.append(f"{written} records were written, more than {answered} answers account for")
    if kind.records and changed != Decimal(written) / kind.records * kind.kilograms:
        wrong.append(f"stock changed by {changed} kg with {written} records")
    return wrong


def nothing_done(counted: Sequence[Counted], written: int, kinds: dict[str, Kind]) -> str:
    """Why a run proves nothing, in a line; empty where something was acknowledged.

    Args:
        counted: by the harness.
        written: records.
        kinds: by name.
    """
    total = sum((one.total() for one in counted), Counter[str]())
    counts = ", ".join(f"{count} {status}" for status, count in sorted(total.items())) or "there was no call at all"
    if all(one.sees_statuses for one in counted):
        return "" if total["OK"] else f"no call ended with OK, so nothing was tried: {counts}"
    if not total.total():
        return "no call was answered, so nothing was tried"
    if not written and any(kind.records for kind in kinds.values()):
        return f"no record was written, so each of the answers was a refusal: {counts}"
    return ""
