"""Loads a server with a harness, and audits it: `python -m loadtest ghz hot-lot`.

Without --address it starts a server of its own, on an embedded store in a temporary folder, and verifies it at the end.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lotkeeper import Client

from loadtest.audit import Holding, findings, holding
from loadtest.harnesses import HARNESSES, Counted, HarnessFailed, Target
from loadtest.scenarios import SCENARIOS, Plant, Scenario
from tests.server_process import ServerProcess


@contextmanager
def _served(scenario: Scenario, folder: Path, address: str) -> Iterator[tuple[str, str, ServerProcess | None]]:
    """Address and token of the server that is loaded, and the process, where it is our own."""
    if address:
        yield address, os.environ.get("LOTKEEPER_TOKEN", ""), None
        return
    with ServerProcess(folder, ("--log-level", "error", *scenario.flags)) as server:
        yield server.address, server.token, server


def _loaded(harness: str, scenario: Scenario, target: Target) -> tuple[list[Counted], list[str], Holding, Holding]:
    with Client(target.address, token=target.token) as client:
        work = scenario.make(Plant(client))
        before = holding(client, work.root)
        counted = [HARNESSES[harness](phase, target) for phase in work.phases]
        after = holding(client, work.root)
    return counted, findings(before, after, counted, work.kinds), before, after


def _line(harness: str, name: str, counted: Sequence[Counted], before: Holding, after: Holding) -> str:
    seconds = sum(one.seconds for one in counted)
    total = sum((one.total() for one in counted), Counter[str]())
    done = total["OK"] or total["HTTP 200"]
    others = {status: count for status, count in total.items() if status != "OK"}
    written = after.records - before.records
    millis = [one for one in counted if one.p50_millis is not None]
    latency = ", ".join(
        f"p50 {one.p50_millis:.1f} ms" + (f", p99 {one.p99_millis:.1f} ms" if one.p99_millis is not None else "")
        for one in millis
    )
    rest = "; ".join(f"{count} {status}" for status, count in sorted(others.items()))
    return (
        f"{harness} {name}: {done / seconds:,.0f} calls/s, {written / seconds:,.0f} records/s, {latency};"
        f" {total['OK']} OK{'; ' + rest if rest else ''}, {written} records in {seconds:.1f} s"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 where the audit finds nothing."""
    parser = argparse.ArgumentParser(prog="python -m loadtest", description=__doc__)
    parser.add_argument("harness", choices=HARNESSES)
    parser.add_argument("scenario", choices=SCENARIOS)
    parser.add_argument("--seconds", type=float, help="how long calls are made")
    parser.add_argument("--address", default="", help="a server that is there, with a token in LOTKEEPER_TOKEN")
    given = parser.parse_args(arguments)
    scenario = SCENARIOS[given.scenario]
    if given.harness not in scenario.harnesses:
        print(f"{given.scenario} is not for {given.harness}, but for {', '.join(scenario.harnesses)}", file=sys.stderr)
        return 2
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lotkeeper-load-") as name:
        folder = Path(name)
        with _served(scenario, folder, given.address) as (address, token, server):
            target = Target(address, token, given.seconds or scenario.seconds, folder)
            try:
                counted, wrong, before, after = _loaded(given.harness, scenario, target)
            except HarnessFailed as failed:
                print(f"{given.harness}: {failed}", file=sys.stderr)
                return 1
            print(_line(given.harness, given.scenario, counted, before, after))
            if server is not None:
                server.verify()
    for finding in wrong:
        print(f"AUDIT: {finding}")
    if not wrong:
        print(f"audit: records and stock are what was acknowledged ({time.monotonic() - began:.0f} s in all)")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
