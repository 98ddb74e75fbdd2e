"""What a store says of itself, beside the processes that serve it."""

import os
import shutil
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from lotkeeper_server.domain.model.dates import rfc3339
from lotkeeper_server.domain.model.identifiers import format_id
from lotkeeper_server.store.archived import count_files
from lotkeeper_server.store.db.dialects.holders import writers_of
from lotkeeper_server.store.db.errors import StoreError
from lotkeeper_server.store.db.looked_at import StoreLookedAt
from lotkeeper_server.store.db.revision import HEAD_REVISION
from lotkeeper_server.store.db.store_url import shown_url
from lotkeeper_server.store.entities.paths import paths_of_locations
from lotkeeper_server.store.feed.places import read_feed_state
from lotkeeper_server.store.schema.migrating import SERVED, schema_state

_NO_FILE: Final = "the store does not exist"


def facts_of(database_url: str) -> dict[str, Any]:
    """What it says, of JSON's types; `fault` is there where it cannot be asked.

    Args:
        database_url: of the store, good enough for `StoreLookedAt`.
    """
    store = StoreLookedAt(database_url)
    facts: dict[str, Any] = {"url": shown_url(store.url), "fault": None}
    with closing(store):
        try:
            if store.path is not None:
                facts |= _of_file(store.path.absolute())
            facts |= _of_contents(store)
        except StoreError as error:
            facts["fault"] = " ".join(str(error).split())
        except OSError as error:
            facts["fault"] = f"{error.filename}: {error.strerror}"
    return facts


def paths_in(database_url: str) -> dict[str, str]:
    """The path of each location by its id as text; nothing where the store cannot be asked."""
    with closing(StoreLookedAt(database_url)) as store:
        try:
            with store.read() as connection:
                return {format_id(identifier): path for identifier, path in paths_of_locations(connection).items()}
        except StoreError:
            return {}


def writers_in(database_url: str, servers: Collection[int]) -> list[dict[str, Any]]:
    """The processes that hold the write lock of an embedded store, without its servers; none of a server database."""
    path = StoreLookedAt(database_url).path
    return [] if path is None else [one for one in writers_of(path.absolute()) if one["pid"] not in servers]


def _of_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise StoreError(_NO_FILE)
    log = Path(f"{path}-wal")
    return {
        "bytes": os.stat(path).st_size,  # noqa: PTH116 - as elsewhere
        "log_bytes": log.stat().st_size if log.exists() else 0,
        "disk_free_bytes": shutil.disk_usage(path.parent).free,
    }


def _of_contents(store: StoreLookedAt) -> dict[str, Any]:
    state = schema_state(store)
    facts: dict[str, Any] = {"database": store.version(), "schema": state.value, "schema_of_program": HEAD_REVISION}
    if (clock := store.clock_beside()) is not None:
        facts["clock_ahead_ms"] = round(clock.ahead_millis, 1)
        facts["clock_uncertain_ms"] = round(clock.uncertain_millis, 1)
    if state in SERVED:
        with store.read() as connection:
            feed, files = read_feed_state(connection), count_files(connection)
        until = feed.archived_until_millis
        facts["epoch"] = feed.epoch.hex()
        facts["archive_files"] = files
        facts["archived_until"] = None if until is None else rfc3339(until)
    return facts
