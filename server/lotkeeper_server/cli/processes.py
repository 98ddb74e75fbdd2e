"""Serves in this process, or in many on one address."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from lotkeeper.development import UnsafeToken

from lotkeeper_server.app import serve
from lotkeeper_server.cli.development import HandedToken
from lotkeeper_server.cli.opening import fail
from lotkeeper_server.cli.reloading import OnHangup
from lotkeeper_server.cli.supervising import NoneStarts, Supervisor
from lotkeeper_server.observability.cells import SharedMemory
from lotkeeper_server.observability.method_metrics import layout_of
from lotkeeper_server.observability.server_metrics import ServerMetrics
from lotkeeper_server.rpc.observed_methods import methods_served
from lotkeeper_server.rpc.tls_files import UnusableTls
from lotkeeper_server.service import CLOSE_SECONDS
from lotkeeper_server.service_manager import Heartbeat, ServiceManager
from lotkeeper_server.settings import Settings
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store_ending import END_STORE_SECONDS, end_store
from lotkeeper_server.transport import CannotListen
from lotkeeper_server.transport.listening import can_share, hold_address

SPARE_SECONDS: Final = 2.0
"""How much longer than its own limit a worker may take to end."""


def serve_alone(
    settings: Settings,
    store: Store,
    *,
    bench_echo: bool,
    development: HandedToken | None,
    greet: Callable[[str], None],
    on_hangup: OnHangup,
    manager: ServiceManager,
) -> None:
    """Serves in this process until it is told to end, and ends the process.

    Args:
        settings: in force.
        store: with a current schema.
        bench_echo: whether to serve the method that benchmarks use as a reference.
        development: handed on once the address is known; None for none.
        greet: called with the address once calls are answered.
        on_hangup: what is done at SIGHUP.
        manager: hears of its end, of reloads, and that it lives.
    """

    def ready(address: str) -> None:
        if development is not None:
            development.begin(address)
        greet(address)

    def hang_up() -> None:
        assert on_hangup is not None
        manager.reloading()
        on_hangup()

    def ending() -> None:
        manager.stopping()
        if development is not None:
            development.end()

    token = None if development is None else development.token
    with _clear_errors(settings):
        serve(
            settings,
            store,
            bench_echo=bench_echo,
            ready=ready,
            ending=ending,
            development=token,
            on_hangup=None if on_hangup is None else hang_up,
            reloaded=manager.ready,
            heartbeat=manager.heartbeat,
        )


def serve_with_many(
    settings: Settings,
    store: Store,
    *,
    bench_echo: bool,
    development: HandedToken | None,
    greet: Callable[[str], None],
    on_hangup: OnHangup,
    manager: ServiceManager,
) -> None:
    """Serves in as many processes as the settings say until this one is told to end.

    Args:
        settings: in force.
        store: with a current schema; closed before the workers start; each process opens it for itself.
        bench_echo: whether to serve the method that benchmarks use as a reference.
        development: handed on once the address is known; None for none.
        greet: called with the address once all answer calls.
        on_hangup: what each process does at SIGHUP.
        manager: hears the same of the supervisor, which asks it of its workers.
    """
    if not can_share():
        fail("processes: more than one needs Linux")
    with _clear_errors(settings):
        held = hold_address(settings.listen)
        if development is not None:
            development.begin(held.address)
        metrics_held = None if settings.metrics_listen is None else hold_address(settings.metrics_listen)
        http_held = None if settings.http_listen is None else hold_address(settings.http_listen)
    store.close()  # a connection must not survive a fork
    here = settings.model_copy(
        update={
            "listen": held.address,
            "metrics_listen": None if metrics_held is None else metrics_held.address,
            "http_listen": None if http_held is None else http_held.address,
        }
    )
    methods = methods_served()
    memory = SharedMemory(layout_of(methods), settings.processes)
    token = None if development is None else development.token

    beat_seconds = None if manager.heartbeat is None else manager.heartbeat.seconds

    def work(serves: Callable[[], None], place: int) -> None:
        with _clear_errors(settings):
            serve(
                here,
                Store(settings.database_url),
                bench_echo=bench_echo,
                ready=lambda _address: serves(),
                shares_address=True,
                development=token,
                on_hangup=on_hangup,
                heartbeat=None if beat_seconds is None else Heartbeat(beat_seconds, serves),
                metrics=ServerMetrics(methods, memory, place),
            )

    drain_seconds = settings.shutdown_seconds + CLOSE_SECONDS + END_STORE_SECONDS + SPARE_SECONDS
    supervisor = Supervisor(work, settings.processes, drain_seconds, on_hangup, manager)
    try:
        all_ended = supervisor.run(lambda: greet(held.address))
    except NoneStarts as error:
        if str(error):
            fail(str(error))
        sys.exit(1)
    finally:
        if development is not None:
            development.end()
        end_store(Store(settings.database_url), is_last=True)  # a worker that was killed has not
    if not all_ended:
        fail("some processes did not end by themselves and were killed")


@contextmanager
def _clear_errors(settings: Settings) -> Iterator[None]:
    """Whatever prevents serving becomes one line and exit status 1."""
    try:
        yield
    except CannotListen as error:
        fail(f"the address {error}; end what listens there, or give --{error.flag} another address")
    except UnusableTls as error:
        fail(f"the certificate and key are not a usable pair: {error}; look at the files that the settings tls_… name")
    except UnsafeToken as error:
        fail(f"the development token cannot be handed to clients: {error}")
    except OSError as error:
        fail(f"{error.filename or settings.listen}: {error.strerror}")
