"""What `serve` and `run` do once their store is open."""

import os
import signal
import sys
from pathlib import Path

import click
from lotkeeper import development_token_path, find_token_in, is_loopback
from lotkeeper.visible_text import visible

from lotkeeper_server.access.roles import ADMIN
from lotkeeper_server.access.tokens import (
    TokenEntry,
    add_token,
    digest_of,
    drop_development_token,
    list_tokens,
    new_token,
)
from lotkeeper_server.cli.opening import Opened, fail, opened_current
from lotkeeper_server.cli.reloading import Given, Reloading
from lotkeeper_server.demo.loading import EXAMPLE_COMMAND, load_demo_plant
from lotkeeper_server.engine.clock import IdSource, now_millis
from lotkeeper_server.logs import configure_logs
from lotkeeper_server.settings import Settings
from lotkeeper_server.store.access.tokens import unrevoked_tokens
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.store_url import hidden_password

DEVELOPMENT_PRINCIPAL = "development"


def serve_store(settings: Settings, given: Given, *, bench_echo: bool, develops: bool) -> None:
    """Serves until it is told to end. A development server ends with its terminal, by SIGHUP; others reload then.

    Args:
        settings: in force.
        given: where they came from.
        bench_echo: whether to serve the method that benchmarks use as a reference.
        develops: whether to load the demo plant and to make a development token.
    """
    from lotkeeper_server.cli.processes import (  # noqa: PLC0415 - gRPC takes a while, and errors above need it not
        serve_alone,
        serve_with_many,
    )

    configure_logs(settings.log_level, settings.log_format)
    reloading = Reloading(settings, given)
    if not develops:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is something to reload
    store = opened_current(settings.database_url)
    reloading.warn()
    on_hangup = None if develops else reloading
    loopback = is_loopback(settings.listen)

    def greet(address: str) -> None:
        _greet(settings, address, develops)

    def make_ready(store: Store, address: str) -> None:
        if develops and loopback:
            _give_development_token(store, address)

    with Opened(store):
        if not loopback:
            _check_guarded(store, settings.listen)
        if develops:
            load_demo_plant(store)
        if settings.processes == 1:
            serve_alone(settings, store, bench_echo=bench_echo, make_ready=make_ready, greet=greet, on_hangup=on_hangup)
        else:
            serve_with_many(
                settings, store, bench_echo=bench_echo, make_ready=make_ready, greet=greet, on_hangup=on_hangup
            )


def _check_guarded(store: Store, listen: str) -> None:
    """Beyond loopback, callers must have a token: refuses to serve if there is none."""
    now = now_millis()
    with store.read() as connection:
        guarded = any(entry.is_live(now) and not entry.development for entry in list_tokens(connection))
    if not guarded:
        fail(
            f"{listen} can be reached from other machines, but the store has no token: make one first with "
            "lotkeeper-server token create --name NAME --role admin"
        )


def _give_development_token(store: Store, address: str) -> None:
    """A token in a file that only its owner can read; an existing one is kept while it is valid."""
    path = development_token_path(address)
    present = find_token_in(path) or ""
    with store.write() as connection:
        if present and any(one.digest == digest_of(present) for one in unrevoked_tokens(connection)):
            return
        drop_development_token(connection, digest_of(present))
        text = new_token()
        now = now_millis()
        entry = TokenEntry(IdSource()(), DEVELOPMENT_PRINCIPAL, (ADMIN,), True, now, None, None)
        add_token(connection, text, entry)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
    fresh.replace(path)


def _greet(settings: Settings, address: str, develops: bool) -> None:
    click.echo(f"Lotkeeper serves on {address}")
    if develops:
        click.echo(visible(f"  data: {_shown_data(settings)}"))
        click.echo(f"  try:  {_program()} {_address_flag(address)}{EXAMPLE_COMMAND}")
    sys.stdout.flush()


def _shown_data(settings: Settings) -> str:
    kind, _, path = settings.database_url.partition(":///")
    return str(Path(path).absolute()) if kind == "sqlite" else hidden_password(settings.database_url)


def _program() -> str:
    beside = Path(sys.executable).parent / "lotkeeper"
    try:
        return str(beside.relative_to(Path.cwd()))
    except ValueError:
        return str(beside) if beside.exists() else "lotkeeper"


def _address_flag(address: str) -> str:
    return "" if address == "127.0.0.1:50051" else f"--address {address} "
