"""`status` on the command line: once, or again and again; for people or as JSON."""

import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click
from lotkeeper.visible_text import json_text

from lotkeeper_server.cli.administration import AS_JSON
from lotkeeper_server.cli.opening import EXIT_FAILED, database, fail, settings_for_once
from lotkeeper_server.settings import Settings
from lotkeeper_server.store.db.errors import StoreError
from lotkeeper_server.store.db.store_url import read_url, store_name

_CLEAR: Final = "\x1b[H\x1b[2J"


@click.command()
@AS_JSON
@click.option("--watch", is_flag=True, help="Again and again, until Ctrl-C.")
@click.option(
    "--every", "every_seconds", type=click.FloatRange(0.2, 3_600), default=2.0, show_default=True, help="Seconds."
)
@click.option(
    "--temporary-folder",
    type=click.Path(path_type=Path),
    help=Settings.model_fields["temporary_folder"].description,
)
@database
@click.pass_obj
def status(config_file: Path | None, /, as_json: bool, watch: bool, every_seconds: float, **flags: Any) -> None:
    """Say what the processes of this machine that serve a store do now, and how the store is."""
    settings = settings_for_once(flags, config_file)
    try:
        if read_url(settings.database_url).database is None:
            fail("database_url: it names no database")
        while True:
            is_well = _tell(settings, as_json=as_json, clears=watch and sys.stdout.isatty())
            if not watch:
                break
            time.sleep(every_seconds)
    except (StoreError, ImportError) as error:
        fail(f"database_url: {error}")
    if not is_well:
        sys.exit(EXIT_FAILED)


def _tell(settings: Settings, *, as_json: bool, clears: bool) -> bool:
    from lotkeeper_server.cli.status.showing import lines_of  # noqa: PLC0415 - only here

    found = status_of(settings)
    text = json_text(found) if as_json else "\n".join(lines_of(found))
    click.echo((_CLEAR if clears and not as_json else "") + text)
    sys.stdout.flush()
    return bool(found["is_well"])


def status_of(settings: Settings) -> Mapping[str, Any]:
    """What `--json` prints.

    Args:
        settings: which store, and where servers have their temporary files.

    Raises:
        StoreError: for a URL that cannot be read.
    """
    from lotkeeper_server.cli.status.asking import ask_all  # noqa: PLC0415 - only here
    from lotkeeper_server.cli.status.store_facts import facts_of, paths_in, writers_in  # noqa: PLC0415
    from lotkeeper_server.cli.status.summing import together  # noqa: PLC0415

    name = store_name(read_url(settings.database_url))
    answers = ask_all(settings.temporary_folder or Path(tempfile.gettempdir()), name)
    processes = [one.said for one in answers if one.said is not None]
    silent = [one.pid for one in answers if one.said is None]
    facts = facts_of(settings.database_url)
    busy = any(one["locations"] for one in processes)
    paths = paths_in(settings.database_url) if busy and facts["fault"] is None else {}
    server = together(processes, paths)
    if (wait := server["wait"]) is not None and "holders" in wait and not wait["holders"]:
        # A server may be kept from seeing other processes; whoever asks may see them.
        server["wait"] = {**wait, "holders": writers_in(settings.database_url, {one["pid"] for one in processes})}
    is_usable = bool(processes) and all(one["store_usable"] for one in processes)
    return {
        "is_well": is_usable and not silent and facts["fault"] is None,
        "store": facts,
        "server": server,
        "processes": processes,
        "silent_pids": silent,
    }
