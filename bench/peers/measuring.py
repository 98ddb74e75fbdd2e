"""Runs of movements: what they are, what stock they must leave, and how they are summed up; without any product."""

import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any, Literal, Protocol

Movement = Literal["consume", "produce"]


@dataclass(frozen=True, slots=True)
class Load:
    """What clients do in one run: movements of 1, each one call after another, on lots drawn at random."""

    movement: Movement
    clients: int
    lots: tuple[str, ...]

    def __str__(self) -> str:
        clients = "1 client" if self.clients == 1 else f"{self.clients} clients"
        return f"{self.movement}, {clients}, {'1 lot' if len(self.lots) == 1 else f'{len(self.lots)} lots'}"


@dataclass(slots=True)
class ClientRun:
    """The result of one client.

    Attributes:
        acknowledged: movements that were answered with success, by lot.
        failed: movements that were refused or given up.
        latencies: of those acknowledged, in seconds.
        seconds: from the first movement's begin to the last one's end.
    """

    acknowledged: dict[str, int]
    failed: int
    latencies: list[float]
    seconds: float


@dataclass(slots=True)
class Run:
    """One run of a contender under a load.

    Attributes:
        per_second: movements acknowledged.
        p50_ms: the median latency of those; None where there were none.
        failed: movements that were refused or given up.
        acknowledged: how many there were.
        lost: by how many movements the stock of the lots differs from the acknowledged ones.
    """

    per_second: float
    p50_ms: float | None
    failed: int
    acknowledged: int
    lost: float


class Contender(Protocol):
    """A product, by one of its interfaces."""

    name: str

    def drive(self, load: Load, seconds: float, seed: int) -> list[ClientRun]:
        """All clients at once, each for so long."""

    def stock(self) -> Mapping[str, float]:
        """What there is, by lot."""


def drive_client(
    move: Callable[[str], bool], lots: Sequence[str], seconds: float, seed: int, ready: threading.Barrier
) -> ClientRun:
    """One client: movements until the time is over; `move` says whether one was done."""
    drawn = Random(seed)
    acknowledged = dict.fromkeys(lots, 0)
    failed, latencies = 0, []
    ready.wait()
    begun = now = time.perf_counter()
    while now < begun + seconds:
        lot, before = drawn.choice(lots), now
        done = move(lot)
        now = time.perf_counter()
        if done:
            acknowledged[lot] += 1
            latencies.append(now - before)
        else:
            failed += 1
    return ClientRun(acknowledged, failed, latencies, now - begun)


def drive_threads(
    connect: Callable[[], AbstractContextManager[Callable[[str], bool]]], load: Load, seconds: float, seed: int
) -> list[ClientRun]:
    """Clients as threads of this process, each with its own connection; an error of one is raised."""
    ready = threading.Barrier(load.clients)

    def client(number: int) -> ClientRun:
        try:
            with connect() as move:
                return drive_client(move, load.lots, seconds, seed + number, ready)
        except BaseException:
            ready.abort()  # nobody waits for this one
            raise

    with ThreadPoolExecutor(load.clients) as clients:
        futures = [clients.submit(client, number) for number in range(load.clients)]
    errors = [error for future in futures if (error := future.exception()) is not None]
    for error in sorted(errors, key=lambda error: isinstance(error, threading.BrokenBarrierError)):
        raise error
    return [future.result() for future in futures]


def lost_updates(
    before: Mapping[str, float], after: Mapping[str, float], acknowledged: Mapping[str, int], movement: Movement
) -> float:
    """By how many movements of 1 stock differs from what was acknowledged, over all lots, in either direction."""
    sign = 1 if movement == "produce" else -1
    return sum(abs(after[lot] - before[lot] - sign * acknowledged.get(lot, 0)) for lot in before)


def run(contender: Contender, load: Load, seconds: float, seed: int) -> Run:
    """One run, with a look at the stock before and after."""
    before = contender.stock()
    clients = contender.drive(load, seconds, seed)
    after = contender.stock()
    acknowledged = {lot: sum(one.acknowledged[lot] for one in clients) for lot in load.lots}
    latencies = [latency for one in clients for latency in one.latencies]
    return Run(
        per_second=sum(len(one.latencies) / one.seconds for one in clients),
        p50_ms=statistics.median(latencies) * 1e3 if latencies else None,
        failed=sum(one.failed for one in clients),
        acknowledged=len(latencies),
        lost=lost_updates(before, after, acknowledged, load.movement),
    )


@dataclass(slots=True)
class Comparison:
    """All runs: by load, then by contender, one of each a round; the first contender is the one compared."""

    contenders: list[str]
    versions: dict[str, str]
    command: str
    runs: dict[Load, dict[str, list[Run]]] = field(default_factory=dict)

    def add(self, load: Load, contender: str, one: Run) -> None:
        """Keeps one run."""
        self.runs.setdefault(load, {}).setdefault(contender, []).append(one)

    def ratios(self, load: Load, contender: str) -> list[float]:
        """The first contender's rate over that one's, by round, sorted; without rounds where that one did nothing."""
        first, other = self.runs[load][self.contenders[0]], self.runs[load][contender]
        return sorted(
            mine.per_second / theirs.per_second for mine, theirs in zip(first, other, strict=True) if theirs.per_second
        )

    def document(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {
            "command": self.command,
            "versions": self.versions,
            "contenders": self.contenders,
            "loads": [
                asdict(load)
                | {
                    "runs": {name: [asdict(one) for one in runs] for name, runs in by_contender.items()},
                    "ratios": {name: self.ratios(load, name) for name in self.contenders[1:]},
                }
                for load, by_contender in self.runs.items()
            ],
        }

    def markdown(self) -> str:
        """Three tables: rates and ratios, latencies, and whether the stock was right."""
        first, *others = self.contenders
        rates = [
            [str(load)]
            + [_rate(by_contender[name]) for name in self.contenders]
            + [_ratio(self.ratios(load, name)) for name in others]
            for load, by_contender in self.runs.items()
        ]
        latencies = [
            [str(load), *(_latency(by_contender[name]) for name in self.contenders)]
            for load, by_contender in self.runs.items()
        ]
        totals = []
        for name in self.contenders:
            runs = [one for by_contender in self.runs.values() for one in by_contender[name]]
            totals.append(
                [
                    name,
                    f"{sum(one.acknowledged for one in runs):,}",
                    f"{sum(one.failed for one in runs):,}",
                    f"{sum(one.lost for one in runs):g}",
                ]
            )
        return "\n\n".join(
            [
                "# Movements compared with other products",
                "Movements a second, the median of the rounds; ratios of runs of one round, median (lowest, highest).",
                _table(["load", *self.contenders, *(f"{first} ÷ {name}" for name in others)], rates),
                "Latency of one movement, p50 in ms, the median of the rounds.",
                _table(["load", *self.contenders], latencies),
                "Stock after each run beside what was acknowledged, all rounds together.",
                _table(["contender", "acknowledged", "refused or given up", "lost updates"], totals),
                f"`{self.command}`; " + ", ".join(f"{name} {version}" for name, version in self.versions.items()) + ".",
            ]
        )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _rate(runs: Sequence[Run]) -> str:
    return _number(statistics.median(one.per_second for one in runs))


def _latency(runs: Sequence[Run]) -> str:
    medians = [one.p50_ms for one in runs if one.p50_ms is not None]
    return _number(statistics.median(medians)) if medians else "-"


def _ratio(ratios: Sequence[float]) -> str:
    if not ratios:
        return "-"
    return f"{_number(statistics.median(ratios))} ({_number(ratios[0])}, {_number(ratios[-1])})"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
