"""Calls a second, compared with the plain echo or with other calls: B1, B1u, B3, B5, B8, B17."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lotkeeper_server.access.tokens import new_token

from bench.figures import Curve, Result, interleaved, percentiles, ratio
from bench.http2_load import UNAUTHENTICATED, Outcome
from bench.served import (
    BATCH,
    BATCH_REQUESTS,
    CONNECTIONS,
    ECHO,
    EXECUTE,
    IN_FLIGHT,
    LOTS,
    Bench,
    Conditions,
    falling,
    in_batches,
    lots_named,
    plain_echo,
    plant_of_lots,
    rate,
    served,
)
from bench.targets import base_of

MANY_LOTS, FEW_LOTS = 10_000, 10
UNKNOWN_TOKENS: Final = 1_000
FROM_LOCATION: Final = {"primary_lot_resolution_strategy": "LOT_RESOLUTION_STRATEGY_FROM_LOCATION"}
LOAD: Final = f"{CONNECTIONS * IN_FLIGHT} in flight"

PLAIN_ECHO: Final = "plain echo"
ON_EVERY_STORE: Final = ("B3", "B5")
"""The rest of what is compared here is about the embedded store."""

PlainLoad = Callable[[Sequence[bytes], float], Outcome]


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure of `beside_plain_echo`: what is measured, and which other figure is its reference."""

    what: str
    reference: str


COMPARED: Final = {
    "B1": Compared(
        f"Execute, {LOAD} over {CONNECTIONS} connections, {LOTS:,} lots, one process pinned to one core", PLAIN_ECHO
    ),
    "B1 own echo": Compared(f"own echo, through the same gate, {LOAD}: the limit that the transport sets", PLAIN_ECHO),
    "B3": Compared(f"BatchExecute, {BATCH_REQUESTS} a request, 16 in flight, random lots; executes", PLAIN_ECHO),
    "B5": Compared(f"one hot lot, {LOAD}", "B1"),
    "B17": Compared(f"refusals of unknown tokens, {UNKNOWN_TOKENS:,} of them in turn, {LOAD}", "B1"),
}


def beside_plain_echo(
    bench: Bench, bodies: list[bytes], conditions: Conditions, plain: PlainLoad, suffix: str = ""
) -> Iterator[Result]:
    """The wanted figures of COMPARED, all in the same rounds.

    Args:
        bench: the server that is measured.
        bodies: requests of Execute on many lots.
        conditions: say how often and how long.
        plain: puts the plain echo under the usual load.
        suffix: of the figures' numbers for another store than the embedded one.
    """
    last: dict[str, Outcome] = {}
    seconds, together = conditions.seconds, in_batches(bodies)

    def kept(name: str, outcome: Outcome) -> float:
        last[name] = outcome
        return outcome.per_second

    def in_hundreds() -> float:
        return bench.run(BATCH, together, seconds, connections=4, in_flight=4).per_second * BATCH_REQUESTS

    measurements: dict[str, Callable[[], float]] = {
        "B1": lambda: kept("Execute", bench.run(EXECUTE, bodies, seconds)),
        PLAIN_ECHO: lambda: kept(PLAIN_ECHO, plain(bodies, seconds)),
        "B1 own echo": rate(bench, ECHO, bodies, seconds),
        "B3": in_hundreds,
        "B5": rate(bench, EXECUTE, bodies[:1], seconds),
        "B17": lambda: _refusals(bench, bodies, seconds),
    }
    wanted = [
        number for number in COMPARED if conditions.want(base_of(number)) and (not suffix or number in ON_EVERY_STORE)
    ]
    needed = {*wanted, *(COMPARED[number].reference for number in wanted)}
    found = interleaved(conditions.runs, {name: one for name, one in measurements.items() if name in needed})
    for number in wanted:
        figure = COMPARED[number]
        note = _processor_time(last) if number == "B1" else ""
        what = f"{figure.what}, {bench.name}"
        yield ratio(
            f"{number}{suffix}", what, figure.reference, found[number], found[figure.reference], "/s", note=note
        )
    if "B1" in wanted:
        for label, outcome in last.items():
            yield Curve("128 in flight", f"{label}, {bench.name}", percentiles(outcome.latencies))


def _processor_time(last: Mapping[str, Outcome]) -> str:
    """Processor times, which other work on the machine does not change much."""
    costs = (
        f"{name}: server {one.micros_a_call(one.server_seconds):.0f}, "
        f"generator {one.micros_a_call(one.own_seconds):.0f}"
        for name, one in last.items()
    )
    return "µs of processor time a call in the last runs: " + "; ".join(costs)


def _refusals(bench: Bench, bodies: list[bytes], seconds: float) -> float:
    """Refusals a second for unknown tokens, a different one for each call in flight."""
    tokens = [new_token() for _ in range(UNKNOWN_TOKENS)]
    with bench.load(EXECUTE, bodies, CONNECTIONS, IN_FLIGHT, tokens=tokens) as load:
        outcome = load.kept_in_flight(seconds)
    assert set(outcome.statuses) == {UNAUTHENTICATED}, f"calls ended otherwise: {outcome.statuses}"
    return outcome.refused_per_second


def picking(bench: Bench, conditions: Conditions, suffix: str = "") -> Iterator[Result]:
    """B8: FROM_LOCATION with many lots to pick from."""
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
    found = interleaved(conditions.runs, {"many": many, "few": few})
    what = f"FROM_LOCATION among {MANY_LOTS:,} lots in stock, {bench.name}"
    yield ratio(f"B8{suffix}", what, f"among {FEW_LOTS}", found["many"], found["few"], "/s")


def measure_embedded(conditions: Conditions) -> Iterator[Result]:
    """On the embedded store, servers and generator on a core each."""
    with served() as bench, plain_echo() as plain:
        bodies = plant_of_lots(bench)
        yield from beside_plain_echo(bench, bodies, conditions, plain)
        if conditions.want("B8"):
            yield from picking(bench, conditions)
        yield bench.audit()


def measure_unpinned(conditions: Conditions) -> Iterator[Result]:
    """B1u: nothing pinned."""
    with served("SQLite, nothing pinned", pinned=False) as bench, plain_echo(pinned=False) as plain:
        bodies = plant_of_lots(bench)
        found = interleaved(
            conditions.runs,
            {
                "Execute": rate(bench, EXECUTE, bodies, conditions.seconds),
                "plain echo": lambda: plain(bodies, conditions.seconds).per_second,
            },
        )
        what = f"Execute, {LOAD} over {CONNECTIONS} connections, {LOTS:,} lots, {bench.name}"
        yield ratio("B1u", what, "plain echo, nothing pinned", found["Execute"], found["plain echo"], "/s")
        yield bench.audit()
