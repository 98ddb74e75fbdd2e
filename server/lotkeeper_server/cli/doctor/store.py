"""The store: whether it is there, fits, may be written, has a schema to serve on, and a clock that agrees."""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lotkeeper.development import is_loopback

from lotkeeper_server.access.tokens import TokenEntry, list_tokens
from lotkeeper_server.cli.doctor.finding import Finding, fault, ok, warning
from lotkeeper_server.cli.doctor.machine import LITTLE_ROOM_BYTES, NO_ROOM_BYTES
from lotkeeper_server.cli.shown_bytes import shown_bytes
from lotkeeper_server.cli.sole_server import is_served
from lotkeeper_server.cli.start_conditions import unguarded
from lotkeeper_server.domain import limits
from lotkeeper_server.settings import DEFAULT_DATABASE_URL, Settings
from lotkeeper_server.store.db.errors import StoreBusy, StoreContention, StoreError, StoreUnavailable
from lotkeeper_server.store.db.looked_at import ClockBeside, StoreLookedAt
from lotkeeper_server.store.db.revision import HEAD_REVISION
from lotkeeper_server.store.db.store_url import shown_url
from lotkeeper_server.store.schema.migrating import SERVED, SchemaState, schema_state, steps_missing

CLOCK_MILLIS_MAX: Final = 1_000
"""Clocks that differ by more are worth a look; one by NTP differs by some milliseconds."""
NAMES_MAX: Final = 5
"""So many principals are named."""
_MAKE: Final = "make it, or give --database-url with another"
_ENTER: Final = "let this user enter and write it, or give --database-url with another"


@dataclass(frozen=True, slots=True)
class _Looks:
    """What the checks of one store go by."""

    store: StoreLookedAt
    settings: Settings
    now_millis: int


def check_store(settings: Settings, now_millis: int) -> Iterator[Finding]:
    """Looks at the store as far as it can be looked at; the first fault often ends it.

    Args:
        settings: in force.
        now_millis: since the epoch.
    """
    try:
        store = StoreLookedAt(settings.database_url)
    except (StoreError, ImportError) as error:
        yield fault("store", f"database_url: {error}")
        return
    looks = _Looks(store, settings, now_millis)
    try:
        if store.path is None:
            yield from _of_contents(looks)
        else:
            yield from _of_file(looks, store.path.absolute())
    except StoreError as error:
        yield fault("store", f"{shown_url(store.url)}: {error}", _advice(error))
    finally:
        store.close()


def _advice(error: StoreError) -> str:
    return (error.advice if isinstance(error, StoreUnavailable) else "") or "docs/stores.md says what a store needs"


def _of_file(looks: _Looks, path: Path) -> Iterator[Finding]:
    folder = path.parent
    makes_folder = looks.settings.database_url == DEFAULT_DATABASE_URL and not folder.exists()
    nearest = folder.parent if makes_folder else folder
    if not nearest.is_dir():
        yield fault("store", f"there is no folder {nearest} for the store", _MAKE)
        return
    if not os.access(nearest, os.W_OK | os.X_OK):
        yield fault("rights", f"the folder {nearest} of the store cannot be written", _ENTER)
        return
    is_there = path.exists()
    if is_there and not os.access(path, os.R_OK | os.W_OK):
        yield fault("rights", f"{path} cannot be written", "give it to this user")
        return
    yield ok("rights", f"this user may write {path if is_there else nearest}")
    yield _of_disk(nearest)
    if (other := is_served(path)) is not None:
        yield warning(
            "server", f"{path} is served now, by {other}", "serve refuses until it has ended: an embedded store has one"
        )
    if is_there:
        yield from _of_contents(looks)
    else:
        yield ok("store", f"there is no {path} yet: serve makes it")
        yield from _of_tokens(looks, ())


def _of_disk(folder: Path) -> Finding:
    advice = "make room, or archive: on a full disk nothing can be written"
    free = shutil.disk_usage(folder).free
    found = f"the disk of {folder} has {shown_bytes(free)} left"
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        return fault("disk", f"the disk of {folder} is mounted read-only", "mount it for writing")
    if free < NO_ROOM_BYTES:
        return fault("disk", found, advice)
    if free < LITTLE_ROOM_BYTES:
        return warning("disk", found, advice)
    return ok("disk", found)


def _of_contents(looks: _Looks) -> Iterator[Finding]:
    store = looks.store
    store.check_fit()
    state = schema_state(store)
    yield ok("store", f"{shown_url(store.url)} answers: {store.version()}")
    yield _of_schema(store, state)
    if (clock := store.clock_beside()) is not None:
        yield of_clock(clock, looks.settings.backdating_tolerance_seconds)
    if state not in SERVED:
        return
    if store.path is None:
        yield _of_rights(store)
    with store.read() as connection:
        tokens = list_tokens(connection)
    yield from _of_tokens(looks, tokens)


def _of_schema(store: StoreLookedAt, state: SchemaState) -> Finding:
    match state:
        case SchemaState.CURRENT:
            return ok("schema", f"it is {HEAD_REVISION}, this program's")
        case SchemaState.EMPTY:
            return ok("schema", "the store is empty: serve makes its tables")
        case SchemaState.AHEAD:
            return warning("schema", "it is newer, and this program may serve on it", "upgrade this program soon")
        case SchemaState.OLDER:
            count = len(steps_missing(store))
            found = f"it is older than this program's {HEAD_REVISION}, by {count} step{'s' if count != 1 else ''}"
            return fault("schema", found, "make a backup and run: lotkeeper-server migrate (--plan says what it does)")
        case SchemaState.NEWER:
            return fault("schema", "the store was written by a newer version of Lotkeeper", "upgrade this program")
        case SchemaState.FOREIGN:
            return fault("schema", "the database holds tables that are not Lotkeeper's", "name an empty one")


def of_clock(clock: ClockBeside, tolerance_seconds: float) -> Finding:
    """Says how far two clocks are apart.

    Args:
        clock: the database's, beside this machine's.
        tolerance_seconds: the setting backdating_tolerance_seconds: clocks of callers may differ by so much.
    """
    apart_millis = max(abs(clock.ahead_millis) - clock.uncertain_millis, 0.0)
    side = "ahead of" if clock.ahead_millis > 0 else "behind"
    seconds = f"{abs(clock.ahead_millis) / 1_000:.3f} s"
    found = f"the clock of the database's machine is {seconds} {side} this one's (± {clock.uncertain_millis:.0f} ms)"
    advice = "let both follow the same time servers (NTP): records and tokens go by this machine's clock"
    if apart_millis > max(tolerance_seconds * 1_000, CLOCK_MILLIS_MAX):
        return fault("clock", found, advice)
    return warning("clock", found, advice) if apart_millis > CLOCK_MILLIS_MAX else ok("clock", found)


def _of_rights(store: StoreLookedAt) -> Finding:
    if (unusable := store.fault()) is not None:
        return fault("rights", unusable, "give the URL of a database that takes writes")
    try:
        store.try_rights()
    except (StoreContention, StoreBusy):
        pass  # others write: so it can be written
    except StoreError as error:
        return fault("rights", str(error), "give this user SELECT, INSERT, UPDATE and DELETE: docs/stores.md")
    return ok("rights", "this user may write rows; it was tried and rolled back")


def _of_tokens(looks: _Looks, tokens: Sequence[TokenEntry]) -> Iterator[Finding]:
    settings, now = looks.settings, looks.now_millis
    live = [one for one in tokens if one.is_live(now)]
    has_others = settings.jwt_issuer is not None or settings.tls_client_ca_file is not None
    if not live and not has_others:
        if is_loopback(settings.listen):
            yield warning("tokens", "nobody has a token", "lotkeeper-server token create --name NAME --role admin")
        else:
            yield fault("tokens", unguarded(settings.listen))
        return
    span_millis = int(settings.token_warning_days * limits.MILLIS_PER_DAY)
    soon = sorted({one.principal for one in live if span_millis and one.expires_within(span_millis, now)})
    if soon:
        names = ", ".join(soon[:NAMES_MAX]) + (f" and {len(soon) - NAMES_MAX} more" if len(soon) > NAMES_MAX else "")
        yield warning("tokens", f"tokens of {names} expire soon", "lotkeeper-server token list; token rotate TOKEN_ID")
    else:
        yield ok("tokens", f"{len(live)} are valid")
