"""`audit archive`: old events leave the store for files."""

from pathlib import Path
from typing import Any

import click
from lotkeeper.visible_text import visible

from lotkeeper_server.cli.archiving import DEFAULT_FOLDER, default_folder
from lotkeeper_server.cli.auditing import told
from lotkeeper_server.cli.opening import Opened, database, fail, opened_current, settings_for_once
from lotkeeper_server.domain.limits import MILLIS_PER_DAY
from lotkeeper_server.domain.model.dates import rfc3339
from lotkeeper_server.engine.clock import now_millis


@click.group()
def audit() -> None:
    """Events of who did or tried what. Callers read them: lotkeeper audit list, export, watch."""


@audit.command("archive")
@click.option("--audit-days", type=float, help="How many days of events stay in the store. [default: the setting's]")
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"The folder for the files. [default: {DEFAULT_FOLDER} beside a store that is a file]",
)
@database
@click.pass_obj
def archive_events(config_file: Path | None, /, folder: Path | None, **flags: Any) -> None:
    """Move old events out to files of JSON lines while the server serves."""
    from lotkeeper_server.archive.audit_events import AuditArchiving  # noqa: PLC0415
    from lotkeeper_server.archive.lease import ArchiveAtWork, LeaseLost  # noqa: PLC0415 - only here

    settings = settings_for_once(flags, config_file)
    before_millis = max(now_millis() - int(settings.audit_days * MILLIS_PER_DAY), 0)
    with Opened(opened_current(settings.database_url, makes=False)) as store:
        into = folder or default_folder(store)
        try:
            done = AuditArchiving(store, into, before_millis, told).run()
        except ArchiveAtWork as other:
            fail(f"another archive of this store is running: {other}")
        except LeaseLost:
            fail("this archive stood still and another one has taken over; nothing of the present file was moved")
        except OSError as error:
            fail(f"{into}: {error.strerror or error}; run it again to go on")
    moved = f"{done.events} events from before {rfc3339(before_millis)} moved to {done.files} files"
    click.echo(f"{moved} in {visible(str(into))}")
