"""The metrics of a server, as Prometheus would read them."""

from __future__ import annotations

import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from tests.logged import awaited_line
from tests.server_process import ServerProcess

LISTENS = ("--metrics-listen", "127.0.0.1:0")
SECONDS_MAX = 30.0
_SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
Labels = dict[str, str]


@dataclass(frozen=True)
class Sample:
    """One line."""

    name: str
    labels: Labels
    value: float


@dataclass(frozen=True)
class Scrape:
    """All lines of one answer."""

    samples: tuple[Sample, ...]

    def all(self, name: str, **labels: str) -> Iterator[Sample]:
        """Those of a name that have these labels, and whatever others."""
        for one in self.samples:
            if one.name == name and labels.items() <= one.labels.items():
                yield one

    def sum(self, name: str, **labels: str) -> float:
        """Their sum; 0 where there is none."""
        return sum(one.value for one in self.all(name, **labels))


def metrics_address(server: ServerProcess) -> str:
    """Where a server serves them, as its log says."""
    address: str = awaited_line(server, "metrics_served")["address"]
    return address


def page(address: str, path: str) -> tuple[int, str]:
    """The status and the text of a page."""
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=SECONDS_MAX) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def scraped(address: str) -> Scrape:
    """All metrics; fails for a line that is not of the format."""
    status, text = page(address, "/metrics")
    assert status == 200
    samples = []
    for line in text.splitlines():
        if not line.startswith("#"):
            found = _SAMPLE.fullmatch(line)
            assert found, line
            samples.append(Sample(found[1], dict(_LABEL.findall(found[2] or "")), float(found[3])))
    return Scrape(tuple(samples))


def awaited_scrape(address: str, fits: Callable[[Scrape], bool]) -> Scrape:
    """The first one that fits; waits for it."""
    until = time.monotonic() + SECONDS_MAX
    while True:
        with suppress(ConnectionError):  # of a process that was killed
            found = scraped(address)
            if fits(found):
                return found
        assert time.monotonic() < until, [one for one in found.samples if one.value and "bucket" not in one.name]
        time.sleep(0.1)


def awaited_page(address: str, path: str, status: int) -> str:
    """A page once it has a status; waits for it."""
    until = time.monotonic() + SECONDS_MAX
    while True:
        found, text = page(address, path)
        if found == status:
            return text
        assert time.monotonic() < until, (found, text)
        time.sleep(0.1)
