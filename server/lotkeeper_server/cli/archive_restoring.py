"""`archive --restore`: archived records come back into the store."""

from collections.abc import Sequence
from pathlib import Path

import click
from lotkeeper.progress import progress
from lotkeeper.visible_text import visible

from lotkeeper_server.cli.auditing import told
from lotkeeper_server.cli.opening import Opened, fail, opened_current


def restore_files(database_url: str, paths: Sequence[Path], *, dry_run: bool) -> None:
    """Puts the records of files back, all files having been looked at before the first one.

    Args:
        database_url: the store, which may serve.
        paths: of the files.
        dry_run: only say what would be done.
    """
    from lotkeeper_server.archive.lease import ArchiveAtWork, LeaseLost  # noqa: PLC0415 - only here
    from lotkeeper_server.archive.restoring import NotRestorable, Restoring, look_at_files  # noqa: PLC0415
    from lotkeeper_server.store.archive.balances import BalanceDiffers, BalanceTooLarge  # noqa: PLC0415

    done = 0
    with (
        progress("reading files") as shown,
        Opened(opened_current(database_url, makes=False)) as store,
    ):

        def note_restored(records: int) -> None:
            nonlocal done
            done = shown.done = records

        try:
            looked = look_at_files(store, paths)
            for path in looked.already:
                click.echo(visible(f"{path}: its records are in the store already"))
            if dry_run:
                would = f"{looked.records} records of {len(looked.waiting)} files would be put back"
                click.echo(f"{would}; nothing was done")
                return
            shown.count("putting back", looked.records, "records")
            restored = Restoring(store, looked, told, note_restored).run()
        except NotRestorable as fault:
            fail(f"{fault}; {_so_far(done)}")
        except ArchiveAtWork as other:
            fail(f"an archive of this store is running: {other}; {_so_far(done)}")
        except LeaseLost:
            fail(f"this command stood still and another one has taken over; {_so_far(done)}")
        except BalanceDiffers as table:
            fail(f"{table} does not have these records: run verify --archive to see what differs; {_so_far(done)}")
        except BalanceTooLarge:
            fail(f"an opening balance would be larger than the store can keep: give all files; {_so_far(done)}")
        except OSError as error:
            fail(f"{error.filename or ''}: {error.strerror or error}; {_so_far(done)}")
    click.echo(f"{restored.records} records of {restored.files} files are in the store again")


def _so_far(records: int) -> str:
    return f"{records} records were put back; run it again to go on" if records else "nothing was done"
