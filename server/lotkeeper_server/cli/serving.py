"""What `serve` and `run` do once their store is open."""

import os
import signal
import ssl
import sys
from pathlib import Path

import click
from lotkeeper.development import is_loopback, literal_address
from lotkeeper.visible_text import visible

from lotkeeper_server.access.changing import changing_access
from lotkeeper_server.access.development import PRINCIPAL
from lotkeeper_server.access.tokens import drop_development_tokens, list_tokens
from lotkeeper_server.cli.addresses import address_fault
from lotkeeper_server.cli.auditing import tell, told
from lotkeeper_server.cli.development import HandedToken
from lotkeeper_server.cli.opening import Opened, fail, opened_current
from lotkeeper_server.cli.reloading import Given, Reloading
from lotkeeper_server.cli.sole_server import ServedByAnother, serve_alone_on
from lotkeeper_server.cli.start_conditions import (
    PACKAGES,
    PLAINTEXT_RISK,
    missing_package,
    served_by_another,
    unencrypted,
    unguarded,
)
from lotkeeper_server.demo.loading import EXAMPLE_COMMAND, load_demo_plant
from lotkeeper_server.domain.model.audit import Effect
from lotkeeper_server.engine.clock import now_millis
from lotkeeper_server.event_log import get_logger
from lotkeeper_server.logs import configure_logs
from lotkeeper_server.service_manager import service_manager
from lotkeeper_server.setting_sources import SettingsFault
from lotkeeper_server.settings import Settings
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.store_url import hidden_password

_log = get_logger()


def serve_store(settings: Settings, given: Given, *, bench_echo: bool, develops: bool) -> None:
    """Serves until it is told to end. A development server ends with its terminal, by SIGHUP; others reload then.

    Args:
        settings: in force.
        given: where they came from.
        bench_echo: whether to serve the method that benchmarks use as a reference.
        develops: whether to load the demo plant and, on loopback, to make a development token.
    """
    from lotkeeper_server.cli.processes import (  # noqa: PLC0415 - gRPC takes a while, and errors above need it not
        serve_alone,
        serve_with_many,
    )

    configure_logs(settings.log_level, settings.log_format)
    manager = service_manager(os.environ)
    _check_settings(settings)
    reloading = Reloading(settings, given)
    if not develops:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is something to reload
    store = opened_current(settings.database_url)
    if store.path is not None:
        _hold(store.path)
    reloading.warn()
    on_hangup = None if develops else reloading
    development = None
    with Opened(store):
        _drop_stored_development_tokens(store)
        _check_exposed(store, settings)
        if develops and is_loopback(settings.listen):
            development = HandedToken()
            settings = settings.model_copy(update={"listen": literal_address(settings.listen)})
        if develops:
            load_demo_plant(store, told)

        def greet(address: str) -> None:
            _greet(settings, address, develops)
            manager.ready(f"serves on {address}")

        serve = serve_alone if settings.processes == 1 else serve_with_many
        serve(
            settings,
            store,
            bench_echo=bench_echo,
            development=development,
            greet=greet,
            on_hangup=on_hangup,
            manager=manager,
        )


def _check_settings(settings: Settings) -> None:
    """What a start needs beside the store: addresses that can be, and packages for what is asked for."""
    if (fault := address_fault(settings.listen)) is not None:
        fail(fault)
    if settings.http_listen is not None and (fault := address_fault(settings.http_listen, "http-listen")) is not None:
        fail(fault)
    for setting, (module, extra) in PACKAGES.items():
        if getattr(settings, setting) is not None:
            _check_installed(setting, module, extra)
    if settings.traces_endpoint is not None:
        _check_traces(settings)


def _check_exposed(store: Store, settings: Settings) -> None:
    """Beyond loopback nobody may come in without a token, nor send one in clear."""
    for address in (settings.listen, settings.http_listen):
        if address is not None and not is_loopback(address):
            _check_guarded(store, settings, address)
            _check_encrypted(settings, address)


def _hold(path: Path) -> None:
    """Keeps other servers off an embedded store until this process ends."""
    try:
        serve_alone_on(path)
    except ServedByAnother as other:
        fail(served_by_another(path, other))
    except OSError as error:
        fail(f"{error.filename or path}: {error.strerror}")


def _drop_stored_development_tokens(store: Store) -> None:
    """Those that earlier versions kept in the store: nobody is let in by them any more, and nobody should see them."""
    with store.read() as connection:
        are_there = any(entry.development for entry in list_tokens(connection))
    if are_there:
        with changing_access(store) as connection:
            drop_development_tokens(connection)
            tell(connection, Effect("token", entity_name=PRINCIPAL, detail="stored development tokens are deleted"))


def _check_installed(setting: str, module: str, extra: str) -> None:
    """They are imported before workers are forked, so that these share them."""
    if (fault := missing_package(setting, module, extra)) is not None:
        fail(fault)


def _check_traces(settings: Settings) -> None:
    """What a receiver is sent, and by whom it is known, is looked at before anything is served."""
    try:
        settings.trace_headers()
    except SettingsFault as fault:
        fail(str(fault))
    if settings.traces_ca_file is not None:
        try:
            ssl.create_default_context(cafile=settings.traces_ca_file)
        except OSError as error:  # ssl.SSLError is one
            fail(f"traces_ca_file: {settings.traces_ca_file} cannot be used: {error.strerror or error}")


def _check_guarded(store: Store, settings: Settings, address: str) -> None:
    """Beyond loopback, callers must have something to show: refuses to serve if nobody can have it."""
    if settings.jwt_issuer is not None or settings.tls_client_ca_file is not None:
        return
    now = now_millis()
    with store.read() as connection:
        guarded = any(entry.is_live(now) for entry in list_tokens(connection))
    if not guarded:
        fail(unguarded(address))


def _check_encrypted(settings: Settings, address: str) -> None:
    """Beyond loopback, tokens must not be readable on the wire: refuses to serve without TLS, unless that is wanted."""
    if settings.tls_certificate_file is not None:
        return
    if not settings.allow_plaintext:
        fail(unencrypted(address))
    _log.warning("plaintext", listen=address, risk=PLAINTEXT_RISK)


def _greet(settings: Settings, address: str, develops: bool) -> None:
    click.echo(f"Lotkeeper serves on {address}")
    if develops:
        click.echo(visible(f"  data: {_shown_data(settings)}"))
        if settings.http_listen is not None and not settings.http_listen.endswith(":0"):
            scheme = "http" if settings.tls_certificate_file is None else "https"
            click.echo(f"  http: {scheme}://{settings.http_listen}/docs")
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
