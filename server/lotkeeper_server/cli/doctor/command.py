"""`doctor` on the command line: a line for each check, for people or as JSON."""

import sys
import time
from pathlib import Path
from typing import Any, Final

import click
from lotkeeper.command_errors import shown
from lotkeeper.visible_text import json_text, visible

from lotkeeper_server.cli.administration import AS_JSON
from lotkeeper_server.cli.doctor.finding import Finding, State
from lotkeeper_server.cli.opening import EXIT_FAILED
from lotkeeper_server.cli.setting_flags import settings_flags

_STATE_CHARACTERS: Final = 8
_CHECK_CHARACTERS: Final = 17


@click.command()
@settings_flags
@AS_JSON
@click.pass_obj
def doctor(config_file: Path | None, /, as_json: bool, **flags: Any) -> None:
    """Say what `serve` would meet with these settings, and what to do about it; nothing is changed."""
    from lotkeeper_server.cli.doctor.checking import check  # noqa: PLC0415 - gRPC takes a while, and others need it not

    counts = dict.fromkeys(State, 0)
    for finding in check(flags, config_file, time.time()):
        counts[finding.state] += 1
        click.echo(_json(finding) if as_json else _line(finding))
    if not as_json:
        click.echo(f"faults: {counts[State.FAULT]}, warnings: {counts[State.WARNING]}")
    if counts[State.FAULT]:
        sys.exit(EXIT_FAILED)


def _line(finding: Finding) -> str:
    said = "; ".join(filter(None, (finding.found, finding.advice)))
    return visible(f"{finding.state.value:{_STATE_CHARACTERS}}{finding.check:{_CHECK_CHARACTERS}}{_one_line(said)}")


def _json(finding: Finding) -> str:
    fields = {"check": finding.check, "state": finding.state.value, "found": _one_line(finding.found)}
    return json_text(fields | {"advice": _one_line(finding.advice)})


def _one_line(text: str) -> str:
    return shown(" ".join(text.split()))
