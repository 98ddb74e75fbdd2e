"""`archive`, and what `verify` says about an archive."""

import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from lotkeeper.progress import progress
from lotkeeper.visible_text import visible

from lotkeeper_server.cli.archive_restoring import restore_files
from lotkeeper_server.cli.auditing import told
from lotkeeper_server.cli.opening import Opened, database, fail, opened_current, settings_for_once
from lotkeeper_server.domain.limits import MILLIS_PER_DAY
from lotkeeper_server.domain.model.dates import rfc3339
from lotkeeper_server.engine.clock import now_millis
from lotkeeper_server.store.db.connection import Store

if TYPE_CHECKING:
    from lotkeeper_server.archive.request_ids import RequestIds

DEFAULT_FOLDER: Final = "archive"
YOUNG_DAYS: Final = 90
"""Records that ended since are still in lists, watches and stock at a moment that people look at."""
_SPAN_DAYS: Final = {"d": 1, "w": 7}


@click.command()
@click.argument("paths", metavar="[FILES]...", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--before",
    "before",
    help="Move records that ended before a day, 2027-01-31 (UTC), a moment, 2027-01-31T08:00:00Z, or a span ago, 400d.",
)
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"The folder for the files. [default: {DEFAULT_FOLDER} beside a store that is a file]",
)
@click.option("--request-id-days", type=float, help="How long request ids are kept; give the servers' value.")
@click.option("--restore", is_flag=True, help="Put the records of FILES back into the store instead.")
@click.option("--dry-run", is_flag=True, help="Only count what would be moved; nothing is written.")
@click.option("--yes", is_flag=True, help=f"Do not ask about records of the last {YOUNG_DAYS} days.")
@database
@click.pass_obj
def archive(
    config_file: Path | None,
    /,
    paths: Sequence[Path],
    before: str | None,
    folder: Path | None,
    restore: bool,
    dry_run: bool,
    yes: bool,
    **flags: Any,
) -> None:
    """Move old records out to files while the server serves; expired request ids are deleted, too.

    With --restore FILES archived records come back into the store, each once, however often it is run.
    """
    if restore:
        _check_restore(paths, before, folder, flags["request_id_days"])
        restore_files(settings_for_once(flags, config_file).database_url, paths, dry_run=dry_run)
        return
    if before is None:
        raise click.UsageError("give --before with a date, or --restore with files")
    if paths:
        raise click.UsageError("files are given with --restore; --to is the folder that records are moved to")
    _move(config_file, before, folder, dry_run, yes, flags)


def _check_restore(paths: Sequence[Path], before: str | None, folder: Path | None, days: float | None) -> None:
    if not paths:
        raise click.UsageError("--restore: give the files, archive/records-*.csv.gz")
    if before is not None or folder is not None or days is not None:
        raise click.UsageError("--before, --to and --request-id-days say what to move out: not together with --restore")


def _move(
    config_file: Path | None, before: str, folder: Path | None, dry_run: bool, yes: bool, flags: dict[str, Any]
) -> None:
    from lotkeeper_server.archive.lease import ArchiveAtWork, LeaseLost  # noqa: PLC0415
    from lotkeeper_server.archive.moving import Archiving  # noqa: PLC0415
    from lotkeeper_server.archive.request_ids import RequestIds  # noqa: PLC0415
    from lotkeeper_server.store.archive.balances import BalanceTooLarge  # noqa: PLC0415 - only here

    settings = settings_for_once(flags, config_file)
    now = now_millis()
    before_millis = min(_moment(before, now), now)
    kept_millis = int(settings.request_id_days * MILLIS_PER_DAY)
    request_ids = RequestIds(now - kept_millis)
    if dry_run:
        _count(settings.database_url, before_millis, request_ids)
        return
    if not yes:
        _ask_about_young(before_millis, now)
    with (
        progress("archiving", unit="records") as shown,
        Opened(opened_current(settings.database_url, makes=False)) as store,
    ):
        into = folder or default_folder(store)

        def note_moved(records: int) -> None:
            shown.done = records

        try:
            done = Archiving(store, into, before_millis, now, request_ids, note_moved, told).run()
        except ArchiveAtWork as other:
            fail(f"another archive of this store is running: {other}")
        except LeaseLost:
            fail("this archive stood still and another one has taken over; nothing of the present chunk was moved")
        except BalanceTooLarge:
            fail("an opening balance would be larger than the store can keep; choose another date")
        except OSError as error:
            fail(f"{into}: {error.strerror or error}; run it again to go on")
    for name in done.removed:
        click.echo(visible(f"removed {name}: its records are in the store, or in another file"))
    for name in done.strange:
        why = "it holds records that this store does not know, or cannot be read"
        click.echo(visible(f"left alone: {into / name}: {why}"), err=True)
    moved = f"{done.records} records from before {rfc3339(before_millis)} moved to {done.files} files"
    click.echo(
        f"{moved} in {visible(str(into))}, {done.left} have to stay; {done.request_ids} expired request ids deleted"
    )


def _ask_about_young(before_millis: int, now: int) -> None:
    """Asks before records are moved that are still in use; without a terminal nobody can be asked."""
    if before_millis <= now - YOUNG_DAYS * MILLIS_PER_DAY:
        return
    young = f"records from before {rfc3339(before_millis)} include some of the last {YOUNG_DAYS} days"
    if not sys.stdin.isatty():
        raise click.UsageError(f"{young}: give --yes if that is meant, or --dry-run to see how many")
    click.confirm(f"{young}; lists, watches and stock at a moment will not have them any more. Go on?", abort=True)


def _count(database_url: str, before_millis: int, request_ids: "RequestIds") -> None:
    from lotkeeper_server.archive.trying import count_moves  # noqa: PLC0415 - only here

    with Opened(opened_current(database_url, makes=False)) as store:
        would = count_moves(store, before_millis, request_ids)
    oldest = "" if would.oldest_millis is None else f", the oldest of {rfc3339(would.oldest_millis)}"
    click.echo(
        f"{would.records} records from before {rfc3339(before_millis)} would be moved to {would.files} files{oldest}; "
        f"{would.left} would have to stay; nothing was done"
    )


def default_folder(store: Store) -> Path:
    """Where files go unless a command says it.

    Raises:
        UsageError: where the store is not a file.
    """
    if store.path is None:
        raise click.UsageError("give --to: the store is not a file, so there is no folder beside it")
    return store.path.parent / DEFAULT_FOLDER


def _moment(text: str, now: int) -> int:
    """Milliseconds since the epoch, from a span before now, a day or a moment."""
    if match := re.fullmatch(r"(\d{1,5})([dw])", text):
        return max(now - int(match[1]) * _SPAN_DAYS[match[2]] * MILLIS_PER_DAY, 0)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(
            f"--before {text}: give a day such as 2027-01-31, a moment such as 2027-01-31T08:00:00Z, or 400d"
        ) from None
    return max(int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000), 0)
