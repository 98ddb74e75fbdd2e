"""`lotkeeper check`: address, TLS, token, version, clock and a round trip, each with what to do."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

import click

from lotkeeper._errors import DeadlineExceeded, LotkeeperError, Unavailable
from lotkeeper._faults import SettingFault
from lotkeeper.cli.columns import Row, text
from lotkeeper.cli.findings import Finding, State
from lotkeeper.cli.output import Output
from lotkeeper.cli.session import Session
from lotkeeper.cli.showing import FORM
from lotkeeper.visible_text import visible

EXIT_FAULT: Final = 1
EXIT_UNREACHABLE: Final = 3
_COLOURS: Final = {State.OK: "green", State.WARNING: "yellow", State.FAULT: "red", State.SKIPPED: "bright_black"}
_COLUMNS: Final = [text(name, name) for name in ("check", "state", "text", "advice")]
_STATE_CHARACTERS: Final = max(len(state.value) for state in State)
_CHECK_CHARACTERS: Final = len("round trip")


@click.command()
@FORM
@click.pass_obj
def check(session: Session, /) -> None:
    """Look at the connection step by step, and say what to do where something is wrong.

    Nothing is changed. The exit status is 0 if no step found a fault, 3 if no server could be reached, otherwise 1.
    """
    faults: set[str] = set()
    findings = _noting_faults(_findings(session), faults)
    if session.output.for_people:
        for finding in findings:
            _show(session.output, finding)
    else:
        session.output.raw_rows(([_row(finding)] for finding in findings), _COLUMNS)
    if faults:
        sys.exit(EXIT_UNREACHABLE if {"address", "TLS", "answer"} & faults else EXIT_FAULT)


def _noting_faults(findings: Iterator[Finding], faults: set[str]) -> Iterator[Finding]:
    """The findings; adds which checks found a fault."""
    for finding in findings:
        if finding.state is State.FAULT:
            faults.add(finding.check)
        yield finding


def _findings(session: Session) -> Iterator[Finding]:
    """Each step; what comes after one that fails would only fail, too."""
    from lotkeeper.cli import network_checks  # noqa: PLC0415 - only this command needs it

    at_addresses = list(network_checks.check_addresses(session.connection))
    yield from at_addresses
    if all(finding.state is State.FAULT for finding in at_addresses):
        return
    of_tls = list(network_checks.check_tls(session.connection))
    yield from of_tls
    if of_tls and all(finding.state is State.FAULT for finding in of_tls):
        return
    yield from _answers(session)


def _answers(session: Session) -> Iterator[Finding]:
    from lotkeeper import __version__  # noqa: PLC0415
    from lotkeeper.cli import server_checks  # noqa: PLC0415

    try:
        client = session.client
        token = server_checks.check_token(client, session.connection.token_advice())
        yield token
        yield server_checks.check_version(client, __version__, session.connection.timeout_seconds)
        if token.state is not State.FAULT:
            yield server_checks.check_clock(client)
            yield server_checks.check_round_trip(client)
    except SettingFault as fault:
        yield Finding("token", State.FAULT, str(fault), "Correct what is named.")
    except (Unavailable, DeadlineExceeded) as error:
        yield Finding("answer", State.FAULT, error.message, "Look at the server's log; it may be starting or ending.")
    except LotkeeperError as error:
        yield Finding("answer", State.FAULT, error.message)


def _row(finding: Finding) -> Row:
    return {"check": finding.check, "state": finding.state.value, "text": finding.text, "advice": finding.advice}


def _show(output: Output, finding: Finding) -> None:
    """A line; what does not fit, and the advice, stands below the text."""
    state = click.style(f"{finding.state.value:<{_STATE_CHARACTERS}}", fg=_COLOURS[finding.state])
    first = f"{'':<{_STATE_CHARACTERS}}  {finding.check:<{_CHECK_CHARACTERS}}  "
    below = " " * len(first)
    lines = output.wrapped(first + visible(finding.text), below)
    click.echo(state + lines[0][_STATE_CHARACTERS:])
    lines = lines[1:] + (output.wrapped(below + visible(finding.advice), below) if finding.advice else [])
    for line in lines:
        click.echo(line)
