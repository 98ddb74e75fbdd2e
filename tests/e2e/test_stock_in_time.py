"""Stock in time, from outside: what the list as of a moment says, the setting, two processes on one store."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lotkeeper import Client, LotkeeperError

from tests import stores
from tests.auditor import Auditor
from tests.plants import ServedPlant
from tests.server_process import ServerProcess
from tests.two_processes import two_processes

HOUR, DAY = 3_600_000, 86_400_000


def millis() -> int:
    return time.time_ns() // 1_000_000


def stock_as_of(plant: ServedPlant, moment: int) -> dict[str, float]:
    listed = plant.client.list_inventory(location_id_or_path=plant.silo.id, as_of_millis=moment)
    return {row.inventory_lot_name: row.quantity for row in listed}


def test_a_count_of_two_days_ago_leaves_what_went_out_since(client: Client) -> None:
    """100 in three days ago, 50 out yesterday, 98 counted in between: 48 now, and 98 as of then."""
    plant, now = ServedPlant(client), millis()
    receive, consume = plant.operation("RECEIVE"), plant.operation("CONSUME")
    client.execute_inventory_operation(receive.id, "L", 100.0, end_date_millis=now - 3 * DAY)
    client.execute_inventory_operation(consume.id, "L", 50.0, end_date_millis=now - DAY)
    (counted,) = client.edit_quantity(
        "L", 98.0, source=plant.silo.id, material=plant.milk.path, end_date_millis=now - 2 * DAY
    )
    assert counted.source_quantity_change == -2
    assert plant.stock() == {"L": 48}
    assert [stock_as_of(plant, now - days * DAY)["L"] for days in (3, 2, 1, 0)] == [100, 98, 48, 48]
    with pytest.raises(LotkeeperError) as refused:
        client.edit_quantity(
            "L", 97.0, source=plant.silo.id, material=plant.milk.path, end_date_millis=now - 2 * DAY - 1
        )
    assert (refused.value.reason, refused.value.metadata["inventory_lot_record_id"]) == ("COUNT_SUPERSEDED", counted.id)
    assert refused.value.metadata["at"].startswith("20")


def test_what_came_today_is_not_consumed_three_days_ago(client: Client) -> None:
    """Nor is what comes in 20 hours used now."""
    plant, now = ServedPlant(client), millis()
    receive, consume = plant.operation("RECEIVE"), plant.operation("CONSUME")
    client.execute_inventory_operation(receive.id, "today", 100.0)
    client.execute_inventory_operation(receive.id, "tomorrow", 100.0, end_date_millis=now + 20 * HOUR)
    with pytest.raises(LotkeeperError) as refused:
        client.execute_inventory_operation(consume.id, "today", 60.0, end_date_millis=now - 3 * DAY)
    about = refused.value.metadata
    assert (refused.value.reason, about["available"], about["requested"]) == ("INSUFFICIENT_INVENTORY", "0", "60")
    assert about["at"][:10] == time.strftime("%Y-%m-%d", time.gmtime((now - 3 * DAY) / 1_000))
    with pytest.raises(LotkeeperError) as refused:
        client.execute_inventory_operation(consume.id, "tomorrow", 1.0)
    assert (refused.value.reason, refused.value.metadata["available"]) == ("INSUFFICIENT_INVENTORY", "0")


def test_the_tolerance_for_clocks_is_a_setting(tmp_path: Path) -> None:
    """Without any, a clock a second behind is refused what it could take a minute long."""
    with (
        ServerProcess(tmp_path, flags=("--backdating-tolerance-seconds", "0")) as server,
        Client(server.address, token=server.token) as client,
    ):
        plant = ServedPlant(client)
        receive, consume = plant.operation("RECEIVE"), plant.operation("CONSUME")
        received = client.execute_inventory_operation(receive.id, "L", 100.0)
        end = received.end_date.ToMilliseconds()
        with pytest.raises(LotkeeperError, match="INSUFFICIENT_INVENTORY"):
            client.execute_inventory_operation(consume.id, "L", 1.0, end_date_millis=end - 1)
        client.execute_inventory_operation(consume.id, "L", 1.0, end_date_millis=end)


def test_two_processes_of_which_one_dates_back_take_no_moment_below_zero(tmp_path: Path) -> None:
    """One consumes now, the other two days ago, at once, until nothing is left in either sense."""
    with two_processes(stores.migrated_postgresql_url(), tmp_path) as processes:
        clients = [Client(one.address, token=processes[0].token) for one in processes]
        plant, now = ServedPlant(clients[0]), millis()
        receive, consume = plant.operation("RECEIVE"), plant.operation("CONSUME")
        for days in (3, 1):
            clients[0].execute_inventory_operation(receive.id, "L", 20.0, end_date_millis=now - days * DAY)

        reasons: set[str] = set()

        def take(which: int, end: int | None) -> int:
            taken = 0
            for _ in range(30):
                try:
                    clients[which].execute_inventory_operation(consume.id, "L", 1.0, end_date_millis=end)
                except LotkeeperError as error:
                    reasons.add(error.reason)
                else:
                    taken += 1
            return taken

        with ThreadPoolExecutor(4) as pool:
            work = [(0, None), (1, now - 2 * DAY), (1, None), (0, now - 2 * DAY)]
            taken = list(pool.map(lambda one: take(*one), work))
        assert reasons == {"INSUFFICIENT_INVENTORY"}
        assert sum(taken) == 40
        assert taken[1] + taken[3] <= 20
        moments = [now - 3 * DAY, now - 2 * DAY, now - DAY, millis()]
        assert all(stock_as_of(plant, moment).get("L", 0) >= 0 for moment in moments)
        assert stock_as_of(plant, millis()) == {}
        Auditor(processes[0].database_url).check_books()
        for one in clients:
            one.close()
