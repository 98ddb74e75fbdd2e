"""Has a client go through the scenarios: `python -m clients.conformance --client COMMAND`."""

from __future__ import annotations

import argparse
import fnmatch
import json
import queue
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from clients.conformance.client_process import ClientProcess, Silent
from clients.conformance.scenario import Outcome, Scenario, Seen, Wrong, check_every_call
from clients.conformance.scenarios import SCENARIOS
from clients.conformance.stage import Stage
from clients.conformance.tls_front import write_certificates


@dataclass(frozen=True)
class Result:
    """What came of a scenario.

    Attributes:
        scenario: which one.
        fault: what was wrong; empty where it passed.
        skipped: why the program skipped it; empty where it did not.
        outcome: what the program told.
        seen: what the server saw.
    """

    scenario: Scenario
    fault: str = ""
    skipped: str = ""
    outcome: Outcome | None = None
    seen: Seen | None = None


def run(scenario: Scenario, client: ClientProcess, folder: Path) -> Result:
    """Has a client go through one scenario.

    Args:
        scenario: which one.
        client: its program.
        folder: with the certificates; files for the program come into it.
    """
    with Stage(scenario, folder, folder / f"token-of-{scenario.name}") as stage:
        server = stage.server
        try:
            began = time.monotonic()
            outcome = client.outcome_of(stage.order())
            calls = list(server.calls)
            seen = Seen(calls, server.connections, time.monotonic() - (calls[0].at_seconds if calls else began))
        except Silent as silent:
            return Result(scenario, fault=str(silent))
    if "skipped" in outcome:
        return Result(scenario, skipped=str(outcome["skipped"]))
    fault = f"the suite itself failed: {server.faults}" if server.faults else _fault(scenario, outcome, seen)
    return Result(scenario, fault, outcome=outcome, seen=seen)


def _fault(scenario: Scenario, outcome: Outcome, seen: Seen) -> str:
    if "crashed" in outcome:
        return f"what came out is not the client's own error: {outcome['crashed']}"
    try:
        check_every_call(scenario, seen)
        scenario.judge(outcome, seen)
    except Wrong as wrong:
        return str(wrong)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        return f"the program told something else than the protocol says ({error!r}): {outcome}"
    return ""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 where all passed."""
    parser = argparse.ArgumentParser(prog="python -m clients.conformance", description=__doc__)
    parser.add_argument("--client", metavar="COMMAND", help="starts the client's program")
    parser.add_argument("--only", metavar="NAME", action="append", default=[], help="scenarios, also as watch-*")
    parser.add_argument("--may-skip", metavar="NAME", action="append", default=[], help="the same, that may be skipped")
    parser.add_argument("--jobs", metavar="N", type=int, default=1, help="so many programs at a time")
    parser.add_argument("--list", action="store_true", help="says what there is")
    parser.add_argument("--verbose", action="store_true", help="shows what was seen and told where something is wrong")
    given = parser.parse_args(arguments)
    chosen = [one for one in SCENARIOS if not given.only or _is_among(one.name, given.only)]
    if given.list:
        print(*(f"{one.name:38} {one.title}" for one in chosen), sep="\n")
        return 0
    if not given.client or not chosen:
        parser.error("--client COMMAND is missing" if chosen else "there is no such scenario")
    faults = skipped = 0
    for result in _results(chosen, given.client, given.jobs):
        is_skipped = bool(result.skipped) and _is_among(result.scenario.name, given.may_skip)
        skipped += is_skipped
        faults += not is_skipped and bool(result.fault or result.skipped)
        print(_line(result, is_skipped=is_skipped), flush=True)
        if given.verbose and result.fault:
            _show(result)
    print(f"{len(chosen) - faults - skipped} of {len(chosen)} passed, {faults} failed, {skipped} skipped")
    return 1 if faults else 0


def _results(scenarios: Sequence[Scenario], command: str, jobs: int) -> Iterator[Result]:
    """What comes of each, in order."""
    clients = [ClientProcess(command) for _ in range(jobs)]
    idle = queue.SimpleQueue[ClientProcess]()
    for client in clients:
        idle.put(client)

    def run_with_any(scenario: Scenario) -> Result:
        client = idle.get()
        try:
            return run(scenario, client, folder)
        finally:
            idle.put(client)

    with tempfile.TemporaryDirectory(prefix="lotkeeper-conformance-") as name, ThreadPoolExecutor(jobs) as pool:
        folder = Path(name)
        write_certificates(folder)
        yield from pool.map(run_with_any, scenarios)
    for client in clients:
        client.close()


def _is_among(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def _line(result: Result, *, is_skipped: bool) -> str:
    if result.skipped:
        return f"{'skip' if is_skipped else 'FAIL'}  {result.scenario.name}: skipped: {result.skipped}"
    if result.fault:
        return f"FAIL  {result.scenario.name}: {result.scenario.title}\n      {result.fault}"
    assert result.seen is not None
    return f"ok    {result.scenario.name} ({result.seen.took_seconds:.2f} s)"


def _show(result: Result) -> None:
    print("      told:", json.dumps(result.outcome, ensure_ascii=False))
    for call in result.seen.calls if result.seen else ():
        print(f"      seen: {call.method}, timeout {call.timeout_seconds} s: {str(call.request).replace(chr(10), ' ')}")


if __name__ == "__main__":
    sys.exit(main())
