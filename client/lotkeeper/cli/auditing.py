"""`lotkeeper audit`: who did or tried what."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import click

from lotkeeper._json import to_dict
from lotkeeper.cli.columns import Column, date, key, text, word
from lotkeeper.cli.following import TokenFile, show_followed
from lotkeeper.cli.listed import show_list
from lotkeeper.cli.moments import Moment, OfDay
from lotkeeper.cli.options import LIMIT, OneOf, page_size_of
from lotkeeper.cli.session import Session
from lotkeeper.cli.showing import listed, streamed
from lotkeeper.inventory.v1 import audit_service_pb2 as pb
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.visible_text import json_text

Results = Sequence[enums_pb2.AuditResult.ValueType]
_DENIED: Final[Results] = (enums_pb2.AUDIT_RESULT_PERMISSION_DENIED, enums_pb2.AUDIT_RESULT_UNAUTHENTICATED)
_PAGE: Final = 1_000
_TOKEN: Final = "resumeToken"  # noqa: S105 - no secret
_SHOWN: Final = pb.WatchAuditEventsResponse.DESCRIPTOR.fields_by_name["audit_event"]
_COLUMNS: Final[Sequence[Column]] = (
    replace(date("WHEN", "occurredDate", rank=0), typical=24),
    replace(text("WHO", "principal", rank=0), typical=12),
    replace(text("FROM", "address", rank=3), typical=16),
    replace(text("METHOD", "method", rank=0), typical=25),
    replace(text("KIND", "entity", rank=2), typical=19),
    replace(key("ID", "entityId", rank=5), typical=26),
    replace(text("NAME", "entityName", rank=3), typical=8),
    replace(word("RESULT", "result", rank=0), typical=10),
    replace(text("REASON", "reason", rank=2), typical=8),
    replace(text("TIMES", "attemptCount", rank=3), typical=5),
    replace(text("DETAIL", "detail", rank=4), typical=12),
)


def _filters(command: Callable[..., None]) -> Callable[..., None]:
    """The filters of a list and a watch."""
    options = (
        click.option("--principal", help="Of this principal."),
        click.option("--method", help="Of this method, such as SaveMaterial."),
        click.option("--kind", "entity", help="About things of this kind: inventory_operation, material, role."),
        click.option("--about", "entity_id_or_name", help="About this thing: its id; of a role or a token the name."),
        click.option(
            "--result",
            "results",
            multiple=True,
            type=OneOf(enums_pb2.AuditResult.DESCRIPTOR),
            help="With this result; may repeat.",
        ),
        click.option("--denied", is_flag=True, help="Only what somebody was not let do."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _moments(command: Callable[..., None]) -> Callable[..., None]:
    """From when to when."""
    to = click.option("--to", "end_date_millis", type=Moment(OfDay.AFTER), help="Before this time, or by this day.")
    return click.option("--from", "start_date_millis", type=Moment(OfDay.FIRST), help="Then or later.")(to(command))


def _results(results: Results, *, denied: bool) -> Results:
    if denied and results:
        raise click.UsageError("--denied and --result both say which results: give one of them")
    return _DENIED if denied else results


@click.group()
def audit() -> None:
    """Events: who did or tried what, from where, when, with what result."""


@audit.command("list")
@_moments
@_filters
@click.option("--request-id", help="Of this request id.")
@click.option("--oldest-first", is_flag=True)
@LIMIT
@listed
@click.pass_obj
def list_events(
    session: Session, /, results: Results, denied: bool, oldest_first: bool, limit: int | None, **given: Any
) -> None:
    """List them, newest first."""
    read = partial(
        session.client.list_audit_events,
        results=_results(results, denied=denied),
        oldest_first=oldest_first,
        page_size=page_size_of(limit),
        **given,
    )
    show_list(session.output, read, _COLUMNS, limit)


@audit.command("export")
@_moments
@_filters
@click.pass_obj
def export_events(session: Session, /, results: Results, denied: bool, **given: Any) -> None:
    """Write them as JSON lines to standard output, oldest first.

    Whatever --output says.
    """
    wanted = _results(results, denied=denied)
    for event in session.client.list_audit_events(results=wanted, oldest_first=True, page_size=_PAGE, **given):
        sys.stdout.write(json_text(to_dict(event)) + "\n")
    sys.stdout.flush()


@audit.command("watch")
@_filters
@click.option("--from-beginning", is_flag=True, help="Begin with the oldest event instead of new ones only.")
@click.option("--resume-token", help="Go on after the event that had this token.")
@click.option(
    "--token-state",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the last token in this file, and go on from the one in it, also with --from-beginning.",
)
@streamed
@click.pass_obj
def watch_events(
    session: Session,
    /,
    results: Results,
    denied: bool,
    resume_token: str | None,
    token_state: Path | None,
    **given: Any,
) -> None:
    """Follow them as they are written; end it with Ctrl-C.

    It goes on by itself across losses of the server.

    With --output json each line is {"auditEvent": ..., "resumeToken": ...}.
    """
    if resume_token and token_state:
        raise click.UsageError("--resume-token and --token-state both say where to begin: give one of them")
    kept = TokenFile(token_state) if token_state else None
    messages = session.client.watch_audit_events(
        resume_token=kept.read() if kept else resume_token, results=_results(results, denied=denied), **given
    )
    with closing(messages):
        show_followed(messages, session.output, _COLUMNS, _SHOWN, kept)
