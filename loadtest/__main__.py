"""Loads a server with a harness, and audits it: `python -m loadtest ghz hot-lot`.

Without --address it starts a server of its own, on an embedded store in a temporary folder, and verifies it at the end.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from loadtest.harnesses import HARNESSES
from loadtest.running import prepare, run, summary
from loadtest.scenarios import SCENARIOS
from loadtest.serving import NotBegun, served

SIDE_BY_SIDE: Final = "side-by-side"
"""In place of a harness: all that can do the scenario, one after the other."""
SECONDS_MAX: Final = 86_400
"""Of a run."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 if the audit finds nothing, 1 if it does or could not be made, 2 if nothing was loaded."""
    given = _parser().parse_args(arguments)
    scenario = SCENARIOS[given.scenario]
    if given.harness == SIDE_BY_SIDE:
        able = [harness for harness in HARNESSES if harness in scenario.harnesses]
        return max(_loaded(harness, given) for harness in able)
    if given.harness not in scenario.harnesses:
        print(f"{given.scenario} is not for {given.harness}, but for {', '.join(scenario.harnesses)}", file=sys.stderr)
        return 2
    return _loaded(given.harness, given)


def _loaded(harness: str, given: argparse.Namespace) -> int:
    scenario, began = SCENARIOS[given.scenario], time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lotkeeper-load-") as name:
        folder = Path(name)
        try:
            with served(scenario.flags, folder, given.address) as serving:
                prepared = prepare(scenario, serving, given.seconds or scenario.seconds, folder)
                result = run(harness, prepared, serving)
        except NotBegun as why:
            print(f"{harness}: nothing was loaded: {why}", file=sys.stderr)
            return 2
    if result.counted:
        print(summary(harness, given.scenario, result), flush=True)
    if result.failure:
        print(f"{harness}: {result.failure}", file=sys.stderr)
    for finding in result.findings:
        print(f"AUDIT: {finding}")
    if result.findings or result.failure:
        return 1
    print(f"audit: records and stock are what was acknowledged ({time.monotonic() - began:.0f} s in all)", flush=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    scenarios = "\n".join(f"  {name:<13}{scenario.title}" for name, scenario in SCENARIOS.items())
    statuses = "exit status: 0 the audit found nothing; 1 it did, or could not be made; 2 nothing was loaded"
    parser = argparse.ArgumentParser(
        prog="python -m loadtest",
        description=__doc__,
        epilog=f"scenarios:\n{scenarios}\n\n{statuses}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    harnesses = [*HARNESSES, SIDE_BY_SIDE]
    parser.add_argument(
        "harness", choices=harnesses, metavar="HARNESS", help=f"{', '.join(harnesses)}, which is all that can do it"
    )
    parser.add_argument("scenario", choices=SCENARIOS, metavar="SCENARIO", help="see below")
    parser.add_argument("--seconds", type=_seconds, metavar="SECONDS", help="how long calls are made")
    parser.add_argument(
        "--address",
        type=_address,
        metavar="HOST:PORT",
        help="a server that is there, with a token in LOTKEEPER_TOKEN; a development server on this machine needs none",
    )
    return parser


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= SECONDS_MAX:
        raise argparse.ArgumentTypeError(f"{text} is not above 0, and at most {SECONDS_MAX}")
    return seconds


def _address(text: str) -> str:
    if not re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^\s,:/\[\]]+):[0-9]{1,5}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT of one server, without TLS")
    return text


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted: nothing was audited")
