"""Datetimes in, decimals and datetimes out, through both clients, against a real server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from lotkeeper import InvalidArgument, exactly, millis_of, timestamp_of
from lotkeeper.inventory.v1.inventory_lot_pb2 import InventoryLot

from tests.both_clients import CLIENTS
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(params=CLIENTS)
def both(request: pytest.FixtureRequest, server: ServerProcess) -> Iterator[Any]:
    """Each of the clients."""
    with request.param(server.address, token=server.token) as connected:
        yield connected


def test_what_is_said_by_datetimes_and_decimals_is_answered_by_them(both: Any) -> None:
    """In any zone; what is finer than a millisecond is cut off."""
    plant = ServedPlant(both)
    here = {"material": plant.milk.path, "unit": plant.kg.symbol, "create_lot_if_not_found": True}
    now = datetime.now(BERLIN)
    begun, ended = now - timedelta(hours=2, seconds=30), now - timedelta(hours=2)
    expires = datetime(2031, 7, 1, 12, tzinfo=BERLIN)
    [record] = both.receive(
        "MILK",
        Decimal("0.3"),
        destination=plant.silo.path,
        start_date=begun,
        end_date=ended,
        lot_expiration_date=expires,
        **here,
    )
    answered = exactly(record)
    assert answered.quantity == Decimal("0.3")
    assert answered.start_date == begun.replace(microsecond=begun.microsecond // 1_000 * 1_000)
    assert answered.end_date == ended.replace(microsecond=ended.microsecond // 1_000 * 1_000)
    assert answered.end_date.tzinfo is UTC
    assert answered.duration == timedelta(seconds=30)
    lot = exactly(both.get_lot(record.inventory_lot_id))
    assert (lot.total_quantity, lot.expiration_date, lot.closed_date) == (Decimal("0.3"), expires, None)


def test_a_datetime_and_its_milliseconds_ask_for_the_same(both: Any) -> None:
    """Stock as of a moment, records between two, lots that expire before one."""
    plant = ServedPlant(both)
    here = {"material": plant.milk.path, "unit": plant.kg.symbol, "create_lot_if_not_found": True}
    moment = datetime.now(UTC) - timedelta(hours=1)
    both.receive("EARLY", 1, destination=plant.silo.path, end_date=moment, lot_expiration_date=moment, **here)
    both.receive("LATE", 2, destination=plant.silo.path, end_date=moment + timedelta(minutes=1), **here)
    of_milk = {"material_id_or_path": plant.milk.path}
    for given in ({"as_of": moment}, {"as_of_millis": millis_of(moment)}):
        assert [exactly(row).quantity for row in both.list_inventory(**of_milk, **given)] == [Decimal(1)]
    after = moment + timedelta(seconds=1)
    for given in ({"start_date": after}, {"start_date_millis": millis_of(after)}):
        records = both.list_inventory_lot_records(**of_milk, **given)
        assert [one.inventory_lot_name for one in records] == ["LATE"]
    for given in ({"end_date": after}, {"end_date_millis": millis_of(after)}):
        records = both.list_inventory_lot_records(**of_milk, **given)
        assert [one.inventory_lot_name for one in records] == ["EARLY"]
    for given in ({"expiring_before": after}, {"expiring_before_millis": millis_of(after)}):
        assert [lot.name for lot in both.list_lots(**of_milk, **given)] == ["EARLY"]


def test_an_entity_takes_a_datetime_as_its_timestamp(both: Any) -> None:
    """By `timestamp_of`."""
    plant = ServedPlant(both)
    expires = datetime(2031, 7, 1, 12, tzinfo=BERLIN)
    saved = both.save_lot(
        InventoryLot(name="SAVED", material_path=plant.milk.path, expiration_date=timestamp_of(expires))
    )
    assert exactly(saved).expiration_date == expires


def test_a_datetime_without_a_zone_is_refused_and_nothing_is_sent(both: Any) -> None:
    """By every method that takes one."""
    plant = ServedPlant(both)
    naive = datetime(2026, 3, 1)
    for call in (
        lambda: both.consume("L", 1, source=plant.silo.path, end_date=naive),
        lambda: both.execute_inventory_operation("0" * 26, "L", 1, end_date=naive),
        lambda: both.start_inventory_operation("0" * 26, start_date=naive),
        lambda: both.stop_inventory_operation("0" * 26, 1, end_date=naive),
        lambda: list(both.list_inventory(as_of=naive)),
        lambda: list(both.summarize_inventory([1], as_of=naive)),
        lambda: list(both.list_inventory_lot_records(end_date=naive)),
        lambda: list(both.list_lots(expiring_before=naive)),
    ):
        with pytest.raises(InvalidArgument, match="has no time zone") as refused:
            call()
        assert len(refused.value.field_violations) == 1


def test_operations_are_run_started_and_stopped_at_moments(both: Any) -> None:
    """The record has them."""
    plant = ServedPlant(both)
    operation = plant.operation("RECEIVE")
    ended = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    record = both.execute_inventory_operation(operation.id, "RUN", Decimal("1.5"), end_date=ended, start_date=ended)
    answered = exactly(record)
    assert (answered.start_date, answered.end_date, answered.quantity) == (ended, ended, Decimal("1.5"))
    both.start_inventory_operation(operation.id, primary_lot_id_or_name="RUN", start_date=ended)
    stopped = exactly(both.stop_inventory_operation(operation.id, 2, end_date=ended + timedelta(minutes=5)))
    assert stopped.inventory_lot_record is not None
    assert stopped.inventory_lot_record.duration == timedelta(minutes=5)
    assert [one.quantity for one in stopped.inventory_lot_records] == [Decimal(2)]
