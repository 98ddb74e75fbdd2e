"""Server processes want the same thing at once: two on one PostgreSQL, three on the nodes of a Galera cluster.

On Galera no lock reaches another node: what holds there is what is written, and certified.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from lotkeeper import Client, LotkeeperError
from lotkeeper.inventory.v1 import enums_pb2, inventory_lot_pb2, inventory_operation_pb2, master_data_pb2

from tests import stores
from tests.auditor import Auditor
from tests.callers import Callers, Request, percentile
from tests.galera import GaleraCluster
from tests.galera_nodes import on_each_node
from tests.plants import ServedPlant
from tests.server_process import ServerProcess
from tests.two_processes import two_processes

RIVALS = 16
HEAD_STARTS = (0.0, 0.004, 0.03)
"""Of a rise before a save, in seconds: so that either is first at times, on whatever machine."""
ROUNDS = 12


@pytest.fixture(scope="module", params=["postgresql", pytest.param("galera", marks=pytest.mark.galera)])
def processes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[ServerProcess]]:
    """Of one store."""
    folder = tmp_path_factory.mktemp("rivals")
    if request.param == "galera":
        if missing := GaleraCluster.missing():
            pytest.skip(missing)
        with on_each_node(stores.galera(), folder) as three:
            yield three
    else:
        with two_processes(stores.migrated_postgresql_url(), folder) as both:
            yield both


@pytest.fixture(scope="module")
def clients(processes: list[ServerProcess]) -> Iterator[list[Client]]:
    """Sixteen, as many on each process."""
    made = [Client(processes[number % len(processes)].address, token=processes[0].token) for number in range(RIVALS)]
    yield made
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def auditor(processes: list[ServerProcess]) -> Iterator[Auditor]:
    """Of their store; its books must be right in the end."""
    one = Auditor(processes[0].database_url)
    yield one
    one.check_books()


def at_once(clients: list[Client], work: Callable[[Client, int], str]) -> Counter[str]:
    """How many ended in which way: what the work returned, or the reason of its refusal."""

    def attempt(number: int) -> str:
        try:
            return work(clients[number], number)
        except LotkeeperError as error:
            return error.reason or error.code.name

    with ThreadPoolExecutor(len(clients)) as pool:
        return Counter(pool.map(attempt, range(len(clients))))


def produced(operation_id: str, prefix: str) -> Callable[[Client, int], str]:
    """Each caller puts 1 into a lot of its own."""

    def work(client: Client, caller: int) -> str:
        client.execute_inventory_operation(operation_id, f"{prefix}{caller}", 1.0)
        return "done"

    return work


def test_a_hot_lot_is_shared_and_comes_out_exact(processes: list[ServerProcess], auditor: Auditor) -> None:
    """Removals from one lot through all processes: none is starved, and exactly what there was is taken."""
    with Client(processes[0].address, token=processes[0].token) as client:
        plant = ServedPlant(client)
        client.execute_inventory_operation(plant.operation("PRODUCE").id, "HOT", 1000.0)
        consume = plant.operation("CONSUME")

        def request(_number: int) -> Request:
            return Request(inventory_operation_id=consume.id, primary_lot_id_or_name="HOT", quantity=1.0)

        addresses = [one.address for one in processes]
        with Callers(addresses, processes[0].token, request, count=RIVALS) as callers:
            callers.wait_for(900, 60)
            while "INSUFFICIENT_INVENTORY" not in callers.reasons:
                assert set(callers.reasons) <= {"INSUFFICIENT_INVENTORY"}, callers.reasons
        assert (len(callers.acknowledged), set(callers.reasons)) == (1000, {"INSUFFICIENT_INVENTORY"})
        assert plant.stock() == {"HOT": 0.0}
    auditor.check_answers(list(callers.acknowledged), callers.refused, callers.unknown)
    shares = Counter(one.address for one in callers.acknowledged.values())
    waits = {where: [one.seconds for one in callers.acknowledged.values() if one.address == where] for where in shares}
    slowest = max(percentile(of_one, 99) for of_one in waits.values())
    sys.stdout.write(f"p99 {slowest:.2f} s; answered by each {sorted(shares.values())}\n")
    assert min(shares.values()) >= 100, f"one process is starved: {shares}"
    assert slowest < 3.0, f"p99 of the hot lot {slowest:.2f} s; {shares}"


def test_of_all_starts_one_wins_and_of_all_stops_one(clients: list[Client], auditor: Auditor) -> None:
    """In all processes together, again and again."""
    plant = ServedPlant(clients[0])
    produce = plant.operation("PRODUCE")

    def start(client: Client, _number: int) -> str:
        client.start_inventory_operation(produce.id, primary_lot_id_or_name="RUN")
        return "started"

    def stop(client: Client, number: int) -> str:
        if number % 4 < 2:
            client.stop_inventory_operation(produce.id, 1.0)
            return "stopped"
        answer = client.execute(Request(inventory_operation_id=produce.id, primary_lot_id_or_name="RUN", quantity=1.0))
        return "stopped" if answer.stopped_running_operation else "executed"

    expected = 0.0
    for _ in range(ROUNDS):
        starts = at_once(clients, start)
        assert starts == {"started": 1, "OPERATION_ALREADY_RUNNING": RIVALS - 1}
        ends = at_once(clients, stop)
        assert ends["stopped"] == 1, ends
        assert ends.total() == ends["stopped"] + ends["executed"] + ends["OPERATION_NOT_RUNNING"], ends
        expected += 1.0 + ends["executed"]
    assert plant.stock() == {"RUN": expected}
    auditor.check_books()


def test_one_order_counts_what_all_processes_produce(clients: list[Client], auditor: Auditor) -> None:
    """Each into a lot of its own, so that nothing but the order is shared."""
    plant = ServedPlant(clients[0])
    order = clients[0].save_production_order(
        master_data_pb2.ProductionOrder(
            name=f"{plant.prefix} order", product_material_id=plant.milk.id, quantity=1, unit_of_measure_id=plant.kg.id
        )
    )
    line = clients[0].save_operation(
        master_data_pb2.Operation(name=f"{plant.prefix} line", current_production_order_id=order.id)
    )
    produce = plant.operation("PRODUCE", operation_id=line.id, increment_production_order_count=True)

    def work(client: Client, number: int) -> str:
        for _ in range(5):
            client.execute_inventory_operation(produce.id, f"O{number}", 1.0)
        return "done"

    assert at_once(clients, work) == {"done": RIVALS}
    assert clients[0].get_production_order(order.id).quantity_produced == 5 * RIVALS
    auditor.check_books()


def test_one_request_id_sent_to_all_counts_once_and_all_get_its_answer(clients: list[Client]) -> None:
    """At the same moment; the lots differ in nothing."""
    plant = ServedPlant(clients[0])
    produce = plant.operation("PRODUCE")
    for number in range(ROUNDS):

        def work(client: Client, _caller: int, request_id: str = f"{plant.prefix}-same-{number}") -> str:
            return client.execute_inventory_operation(produce.id, "R", 1.0, request_id=request_id).id

        answers = at_once(clients, work)
        assert len(answers) == 1, answers
    assert plant.stock() == {"R": float(ROUNDS)}


def test_a_new_lot_is_made_once_whoever_comes_first(clients: list[Client], auditor: Auditor) -> None:
    """By executions, and by saves of a lot of that name."""
    plant = ServedPlant(clients[0])
    produce = plant.operation("PRODUCE")
    for number in range(ROUNDS):

        def work(client: Client, caller: int, name: str = f"NEW-{number}") -> str:
            if caller < 2:
                client.save_lot(inventory_lot_pb2.InventoryLot(name=name, material_id=plant.milk.id))
                return "saved"
            client.execute_inventory_operation(produce.id, name, 1.0)
            return "executed"

        ends = at_once(clients, work)
        assert ends["executed"] == RIVALS - 2, ends
        assert ends["saved"] + ends["NAME_TAKEN"] == 2, ends
        assert ends["saved"] <= 1, ends
        assert plant.stock()[f"NEW-{number}"] == RIVALS - 2
    auditor.check_books()


def test_capacity_is_kept_whoever_fills(clients: list[Client], auditor: Auditor) -> None:
    """Room for ten; sixteen bring one each, in lots of their own."""
    plant = ServedPlant(clients[0])
    for number in range(ROUNDS):
        tank = plant.location(f"Tank {number}", storage_capacity=10, storage_capacity_unit_id=plant.kg.id)
        produce = plant.operation("PRODUCE", destination_location_id=tank.id)
        ends = at_once(clients, produced(produce.id, "C"))
        assert ends["done"] == 10, ends
        assert len(ends) == 2, ends
        assert sum(plant.stock(tank).values()) == 10.0
    auditor.check_books()


def test_a_location_of_one_lot_holds_one_whoever_comes(clients: list[Client], auditor: Auditor) -> None:
    """Sixteen lots want in."""
    plant = ServedPlant(clients[0])
    single = enums_pb2.LOT_STORAGE_STRATEGY_ALLOW_SINGLE_OR_THROW
    for number in range(ROUNDS):
        tank = plant.location(f"Single {number}", lot_storage_strategy=single)
        produce = plant.operation("PRODUCE", destination_location_id=tank.id)
        ends = at_once(clients, produced(produce.id, "S"))
        assert ends == {"done": 1, "LOCATION_HOLDS_ANOTHER_LOT": RIVALS - 1}
        assert len(plant.stock(tank)) == 1
    auditor.check_books()


@pytest.mark.parametrize("strategy", ["MERGE_INTO_PREVIOUS", "MERGE_INTO_NEW"])
def test_a_location_that_merges_ends_with_one_lot(clients: list[Client], auditor: Auditor, strategy: str) -> None:
    """Which holds all that sixteen lots brought."""
    plant = ServedPlant(clients[0])
    value = enums_pb2.LotStorageStrategy.Value(f"LOT_STORAGE_STRATEGY_{strategy}")
    for number in range(ROUNDS):
        tank = plant.location(f"Merging {number}", lot_storage_strategy=value)
        produce = plant.operation("PRODUCE", destination_location_id=tank.id)
        ends = at_once(clients, produced(produce.id, f"M{number}-"))
        assert ends == {"done": RIVALS}
        assert [quantity for quantity in plant.stock(tank).values() if quantity] == [float(RIVALS)]
    auditor.check_books()


def test_picks_from_a_location_never_take_more_than_there_is(clients: list[Client], auditor: Auditor) -> None:
    """Thirty lots of 1; sixteen take 3 each: ten succeed."""
    plant = ServedPlant(clients[0])
    from_location = enums_pb2.LOT_RESOLUTION_STRATEGY_FROM_LOCATION
    for number in range(4):
        shelf = plant.location(f"Shelf {number}", lot_use_strategy=enums_pb2.LOT_USE_STRATEGY_FIFO)
        produce = plant.operation("PRODUCE", destination_location_id=shelf.id)
        for lot in range(30):
            clients[lot % 2].execute_inventory_operation(produce.id, f"P{lot}", 1.0)
        pick = plant.operation(
            "CONSUME",
            source_location_id=shelf.id,
            primary_lot_resolution_strategy=from_location,
            create_lot_if_not_found=False,
        )

        def take(client: Client, _caller: int, operation_id: str = pick.id) -> str:
            client.execute_inventory_operation(operation_id, quantity=3.0)
            return "done"

        ends = at_once(clients, take)
        assert ends == {"done": 10, "INSUFFICIENT_INVENTORY": RIVALS - 10}
        assert set(plant.stock(shelf).values()) <= {0.0}
    auditor.check_books()


@pytest.mark.parametrize("by", ["execute", "stop"])
def test_a_location_becomes_storeless_or_takes_stock_never_both(
    clients: list[Client], auditor: Auditor, by: str
) -> None:
    """The save and a rise at the same moment; also where the rise only ends a run, and where a row is there already."""
    plant = ServedPlant(clients[0])
    both = Counter[str]()
    for number in range(ROUNDS * 2):
        place = plant.location(f"Place {number}")
        produce = plant.operation("PRODUCE", destination_location_id=place.id)
        consume = plant.operation("CONSUME", source_location_id=place.id)
        if number % 2:
            clients[0].execute_inventory_operation(produce.id, "N", 1.0)
            clients[0].execute_inventory_operation(consume.id, "N", 1.0)
        if by == "stop":
            clients[0].start_inventory_operation(produce.id, primary_lot_id_or_name="N")

        def work(
            client: Client,
            caller: int,
            place: master_data_pb2.Location = place,
            produce: inventory_operation_pb2.InventoryOperation = produce,
            head_start: float = HEAD_STARTS[number // 4 % len(HEAD_STARTS)],
        ) -> str:
            if caller == 0:
                time.sleep(head_start)
                storeless = enums_pb2.LOT_STORAGE_STRATEGY_NO_STORAGE
                change = master_data_pb2.Location(id=place.id, lot_storage_strategy=storeless)
                client.save_location(change, update_mask=["lot_storage_strategy"])
                return "saved"
            if by == "stop":
                client.stop_inventory_operation(produce.id, 1.0)
            else:
                client.execute_inventory_operation(produce.id, "N", 1.0)
            return "risen"

        pair = clients[:2] if number % 4 < 2 else [clients[1], clients[0]]
        ends = at_once(pair, work)
        stored = sum(plant.stock(place).values())
        # A rise that comes after the save is recorded, and stores nothing.
        assert (ends["saved"], ends["risen"], stored) in {(1, 1, 0.0), (0, 1, 1.0)}, ends
        assert ends["LOCATION_NOT_EMPTY"] + ends["saved"] == 1, ends
        both.update(ends)
    auditor.check_books()
    assert both["saved"], "the rise was always first"
    assert both["LOCATION_NOT_EMPTY"], "the save was always first"


@pytest.mark.parametrize("lot", ["kept", "new"])
def test_a_unit_becomes_of_whole_numbers_or_stock_breaks_never_both(
    clients: list[Client], auditor: Auditor, lot: str
) -> None:
    """The save and half a piece at the same moment: taken from a lot that is there, or put into one that is made."""
    plant = ServedPlant(clients[0])
    both = Counter[str]()
    for number in range(ROUNDS * 2):
        unit = clients[0].save_unit_of_measure(
            master_data_pb2.UnitOfMeasure(name=f"{plant.prefix} piece {number}", symbol=f"{plant.prefix}p{number}")
        )
        thing = plant.material(f"Thing {number}", unit_of_measure_id=unit.id)
        produce, consume = (plant.operation(kind, material_id=thing.id) for kind in ("PRODUCE", "CONSUME"))
        clients[0].execute_inventory_operation(produce.id, "kept", 2.0)
        breaks = (consume.id, "kept") if lot == "kept" else (produce.id, "new")

        def work(
            client: Client,
            caller: int,
            unit: master_data_pb2.UnitOfMeasure = unit,
            breaks: tuple[str, str] = breaks,
            head_start: float = HEAD_STARTS[number // 4 % len(HEAD_STARTS)],
        ) -> str:
            if caller == 0:
                time.sleep(head_start)
                change = master_data_pb2.UnitOfMeasure(id=unit.id, whole_only=True)
                client.save_unit_of_measure(change, update_mask=["whole_only"])
                return "saved"
            client.execute_inventory_operation(*breaks, 0.5)
            return "broken"

        pair = clients[:2] if number % 4 < 2 else [clients[1], clients[0]]
        ends = at_once(pair, work)
        lots = clients[0].list_inventory(material_id_or_path=thing.id)
        is_whole = all(row.quantity.is_integer() for row in lots)
        assert (ends["saved"], ends["INVALID_ARGUMENT"], ends["broken"], ends["NOT_WHOLE"], is_whole) in {
            (1, 1, 0, 0, True),
            (0, 0, 1, 1, False),
        }, ends
        both.update(ends)
    auditor.check_books()
    assert both["saved"], "stock was always broken first"
    assert both["NOT_WHOLE"], "the save was always first"


def test_what_one_process_disables_another_refuses(clients: list[Client]) -> None:
    """Two hundred times, without a pause."""
    plant = ServedPlant(clients[0])
    produce = plant.operation("PRODUCE")
    change = inventory_operation_pb2.InventoryOperation(id=produce.id)
    for number in range(200):
        saver, runner = clients[number % RIVALS], clients[(number + 1) % RIVALS]
        change.enabled = False
        saver.save_inventory_operation(change, update_mask=["enabled"])
        with pytest.raises(LotkeeperError) as refused:
            runner.execute_inventory_operation(produce.id, "D", 1.0)
        assert refused.value.reason == "OPERATION_DISABLED"
        change.enabled = True
        saver.save_inventory_operation(change, update_mask=["enabled"])
        runner.execute_inventory_operation(produce.id, "D", 1.0)
    assert plant.stock() == {"D": 200.0}


def test_changes_without_a_pause_overtake_executions_only_so_often(processes: list[ServerProcess]) -> None:
    """Four savers change what is executed, as fast as they can: executions go on."""
    first, second = processes[:2]
    with Client(first.address, token=first.token) as client:
        produce = ServedPlant(client).operation("PRODUCE")
    stopping = threading.Event()

    def save(saver: int) -> int:
        saved = 0
        with Client(second.address, token=second.token) as client:
            while not stopping.is_set():
                saved += 1
                change = inventory_operation_pb2.InventoryOperation(id=produce.id, notes=f"{saver}-{saved}")
                client.save_inventory_operation(change, update_mask=["notes"])
        return saved

    def request(number: int) -> Request:
        return Request(inventory_operation_id=produce.id, primary_lot_id_or_name=f"V{number}", quantity=1.0)

    with ThreadPoolExecutor(4) as pool:
        saves = [pool.submit(save, number) for number in range(4)]
        with Callers([first.address], first.token, request, count=8) as callers:
            time.sleep(3)
        stopping.set()
        count = sum(one.result() for one in saves)
    assert callers.acknowledged, callers.reasons
    slowest = max(one.seconds for one in callers.acknowledged.values())
    sys.stdout.write(f"{count} saves, {len(callers.acknowledged)} executions, the slowest {slowest:.2f} s\n")
    assert count > 30
    assert len(callers.acknowledged) > 30
    assert slowest < 2.0
