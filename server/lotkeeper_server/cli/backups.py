"""`backup` and `restore`: the embedded store as one file, while it serves; the last step of a server database's own."""

import re
import signal
import sys
import time
from pathlib import Path
from typing import Any, Final

import click
from lotkeeper.cli.parameter_type import ParamType
from lotkeeper.visible_text import visible

from lotkeeper_server.cli.auditing import told
from lotkeeper_server.cli.opening import Opened, database, fail, opened, opened_current, settings_for_once
from lotkeeper_server.cli.progress import TellingProgress
from lotkeeper_server.store.db.errors import StoreError

_SPAN_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_SPAN_SECONDS_MAX: Final = 366 * 86_400
_OWN_TOOLS: Final = "a server database is backed up by its own tools: see docs/backup.md"


class Span(ParamType[int]):
    """A span of time, in seconds."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Reads 90s, 15m, 1h or 7d."""
        match = re.fullmatch(r"(\d{1,9})([smhd])", str(value))
        seconds = int(match[1]) * _SPAN_SECONDS[match[2]] if match else 0
        if not 0 < seconds <= _SPAN_SECONDS_MAX:
            self.fail(f"{value!r} is not a span such as 90s, 15m, 1h or 7d", param, ctx)
        return seconds


@click.command()
@click.argument("to", type=click.Path(path_type=Path))
@click.option("--every", "every_seconds", type=Span(), help="Go on, and take one again after so long: 15m, 1h, 7d.")
@click.option("--keep", type=click.IntRange(1, 100_000), help="Remove all but the latest so many in the folder TO.")
@database
@click.pass_obj
def backup(config_file: Path | None, /, to: Path, every_seconds: int | None, keep: int | None, **flags: Any) -> None:
    """Copy the store to a file while it serves, and check the copy.

    TO is a new file, or a folder in which each backup gets a name with its date.
    """
    from lotkeeper_server.store.backups.taking import dated_path  # noqa: PLC0415 - only here

    store = _store_file(settings_for_once(flags, config_file).database_url)
    if not store.exists():
        fail(f"{store}: the store does not exist")
    if every_seconds is None and not to.is_dir():
        if keep is not None:
            raise click.UsageError(f"--keep is for a folder of backups, and {to} is none")
        _take(store, to)
        return
    if not to.is_dir():
        fail(f"{to}: there is no such folder")
    if every_seconds is None:
        _take(store, dated_path(to))
        _drop(to, keep)
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    while True:
        begun_seconds = time.monotonic()
        try:
            _take(store, dated_path(to))
            _drop(to, keep)
        except SystemExit as end:  # it was said why; the next may go well
            if not end.code:
                raise
        time.sleep(max(0.0, begun_seconds + every_seconds - time.monotonic()))


def _end(_number: int, _frame: object) -> None:
    sys.exit(0)


def _take(store: Path, final: Path) -> None:
    from lotkeeper_server.store.backups.taking import take_backup  # noqa: PLC0415 - only here

    telling = TellingProgress()
    try:
        taken = take_backup(store, final, lambda done, total: telling("pages are copied", done, total))
    except StoreError as error:
        fail(f"no backup was taken: {error}")
    except OSError as error:
        fail(f"no backup was taken: {error.filename or final}: {error.strerror or error}")
    checked = "its pages are whole" if taken.records is None else f"{taken.records} records, all agree"
    click.echo(visible(f"{taken.path}: {taken.size_bytes} bytes, {checked}"))
    sys.stdout.flush()


def _drop(folder: Path, keep: int | None) -> None:
    from lotkeeper_server.store.backups.taking import drop_old  # noqa: PLC0415 - only here

    if keep is None:
        return
    try:
        removed = drop_old(folder, keep)
    except OSError as error:
        fail(f"old backups cannot be removed: {error.filename or folder}: {error.strerror}")
    for path in removed:
        click.echo(visible(f"removed {path}"))
    sys.stdout.flush()


@click.command()
@click.argument("source", metavar="[FROM]", required=False, type=click.Path(path_type=Path))
@click.option("--discard", is_flag=True, help="Do not keep the store that is there now beside the new one.")
@click.option(
    "--renew-epoch", is_flag=True, help="The store was put back by other means: only end the positions of watches."
)
@database
@click.pass_obj
def restore(config_file: Path | None, /, source: Path | None, discard: bool, renew_epoch: bool, **flags: Any) -> None:
    """Put a backup in the place of the store, which no server may use; the backup stays as it is.

    Every watch then begins anew: its token of before the restore is refused with RESUME_TOKEN_EXPIRED.
    """
    if renew_epoch is (source is not None):
        raise click.UsageError("give a backup, or --renew-epoch where the store was put back by other means")
    url = settings_for_once(flags, config_file).database_url
    if source is None:
        _renew(url)
        return
    from lotkeeper_server.store.backups.restoring import restore as restore_store  # noqa: PLC0415 - beside its own name

    target = _store_file(url)
    telling = TellingProgress()
    try:
        done = restore_store(
            source,
            target,
            keeps=not discard,
            report=lambda copied, total: telling("pages are copied", copied, total),
            told=told,
        )
    except StoreError as error:
        fail(f"nothing was restored: {error}")
    except OSError as error:
        fail(f"nothing was restored: {error.filename or target}: {error.strerror or error}")
    records = "records of a newer schema" if done.records is None else f"{done.records} records, all agree"
    click.echo(visible(f"{target} is restored from {source}: {records}"))
    click.echo("tokens, roles and grants are those of the backup: revoke again what was revoked after it")
    if done.was_migrated:
        click.echo("its schema was brought to this version")
    if done.kept is not None:
        click.echo(visible(f"the store of before is {done.kept}"))


def _renew(url: str) -> None:
    from lotkeeper_server.store.backups.restoring import renew  # noqa: PLC0415 - only here
    from lotkeeper_server.store.verification import verify  # noqa: PLC0415

    with Opened(opened_current(url, makes=False)) as store:
        renew(store, told)
        with store.read() as read:
            found = verify(read)
    click.echo("watches begin anew: tokens of before are refused with RESUME_TOKEN_EXPIRED")
    if found.differences:
        fail(f"{len(found.differences)} differences from the records, see: lotkeeper-server verify")
    click.echo(f"{found.records} records, all agree")


def _store_file(url: str) -> Path:
    """The file of an embedded store."""
    with opened(url) as store:
        if store.path is None:
            fail(_OWN_TOOLS)
        return store.path
