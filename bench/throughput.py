"""Calls a second beside the echo of the same server, or beside other calls: B1, B3, B5, B8."""

from collections.abc import Iterator
from typing import Final

from bench.figures import Curve, Result, Target, pairs, percentiles, ratio
from bench.served import (
    BATCH,
    BATCH_REQUESTS,
    ECHO,
    EXECUTE,
    LOTS,
    Bench,
    Conditions,
    falling,
    in_batches,
    lots_named,
    plant_of_lots,
    rate,
    served,
)

MANY_LOTS, FEW_LOTS = 10_000, 10
EXECUTE_LIMITED_BY: Final = (
    "of some 380 µs of processor time a call, gRPC takes 190 on the loop and 40 in its poller (an echo takes "
    "the same), the engine's thread 117 (loads and decisions 42, writes 35, commit 22, hand-overs the rest); "
    "both share one interpreter lock"
)
BATCH_LIMITED_BY: Final = (
    "an execute in a batch still costs its decision, its rows in 13 indexes and its part of the answer: about "
    "a third of a call, and gRPC only a hundredth"
)
HOT_LOT_LIMITED_BY: Final = ""
PICK_LIMITED_BY: Final = ""


def execute(bench: Bench, bodies: list[bytes], conditions: Conditions, number: str = "B1") -> Iterator[Result]:
    """B1: what an Execute costs over what gRPC costs."""
    last = {}

    def one(path: str) -> float:
        last[path] = bench.run(path, bodies, conditions.seconds)
        return last[path].per_second

    interleaved = pairs(conditions.runs, lambda: one(EXECUTE), lambda: one(ECHO))
    what = f"Execute, 128 in flight over 8 connections, {LOTS:,} lots, {bench.name}"
    yield ratio(number, what, "echo", Target(0.6, 0.85), interleaved, "/s", limited_by=EXECUTE_LIMITED_BY)
    for path, label in ((EXECUTE, "Execute"), (ECHO, "echo")):
        yield Curve("128 in flight", f"{label}, {bench.name}", percentiles(last[path].latencies))


def batches(bench: Bench, bodies: list[bytes], conditions: Conditions, number: str = "B3") -> Iterator[Result]:
    """B3: what a call of its own costs over a place in a batch."""
    together = in_batches(bodies)

    def in_hundreds() -> float:
        return bench.run(BATCH, together, conditions.seconds, connections=4, in_flight=4).per_second * BATCH_REQUESTS

    interleaved = pairs(conditions.runs, in_hundreds, rate(bench, EXECUTE, bodies, conditions.seconds))
    what = f"BatchExecute, {BATCH_REQUESTS} a request, 16 in flight, {bench.name}; executes"
    yield ratio(number, what, "B1", Target(3, 5), interleaved, "/s", limited_by=BATCH_LIMITED_BY)


def hot_lot(bench: Bench, bodies: list[bytes], conditions: Conditions, number: str = "B5") -> Iterator[Result]:
    """B5: every call takes from the same lot."""
    interleaved = pairs(
        conditions.runs,
        rate(bench, EXECUTE, bodies[:1], conditions.seconds),
        rate(bench, EXECUTE, bodies, conditions.seconds),
    )
    what = f"one hot lot, 128 in flight, {bench.name}"
    yield ratio(number, what, "B1", Target(0.9, 1.0), interleaved, "/s", limited_by=HOT_LOT_LIMITED_BY)


def picking(bench: Bench, conditions: Conditions, number: str = "B8") -> Iterator[Result]:
    """B8: FROM_LOCATION where there is much to pick from."""
    bodies = {}
    with bench.client() as client:
        bench.plant.client = client
        for lots in (MANY_LOTS, FEW_LOTS):
            place = bench.plant.location(f"Store of {lots}").id
            produce = bench.plant.operation("PRODUCE", destination_location_id=place)
            consume = bench.plant.operation("CONSUME", source_location_id=place, **FROM_LOCATION)
            bench.fill([f"PICK-{lots}-{name}" for name in lots_named(lots)], produce.id)
            bodies[lots] = [falling(consume.id)]
    many, few = (rate(bench, EXECUTE, bodies[lots], conditions.seconds) for lots in (MANY_LOTS, FEW_LOTS))
    what = f"FROM_LOCATION among {MANY_LOTS:,} lots in stock, {bench.name}"
    interleaved = pairs(conditions.runs, many, few)
    yield ratio(number, what, f"among {FEW_LOTS}", Target(0.5, 0.8), interleaved, "/s", limited_by=PICK_LIMITED_BY)


FROM_LOCATION: Final = {"primary_lot_resolution_strategy": "LOT_RESOLUTION_STRATEGY_FROM_LOCATION"}


def measure_embedded(conditions: Conditions) -> Iterator[Result]:
    """All four on the embedded store."""
    with served() as bench:
        bodies = plant_of_lots(bench)
        yield from execute(bench, bodies, conditions)
        yield from batches(bench, bodies, conditions)
        yield from hot_lot(bench, bodies, conditions)
        yield from picking(bench, conditions)
        yield bench.audit()
