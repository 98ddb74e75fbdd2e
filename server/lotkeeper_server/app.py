"""A process that serves: until a signal ends it."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

from lotkeeper_server.access.development import DevelopmentToken
from lotkeeper_server.logs import begin_process, write_repeats
from lotkeeper_server.observability.server_metrics import ServerMetrics
from lotkeeper_server.service import Service
from lotkeeper_server.service_manager import Heartbeat
from lotkeeper_server.service_parts import Listens
from lotkeeper_server.settings import Settings
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.watchdog import begin_watching

GC_THRESHOLDS = (20_000, 5, 80)
"""Python's own, (700, 10, 10), cost a tenth of the rate at which calls are executed. Nobody goes on while the middle
generation is collected: it has 100,000 objects at most, some 20 ms."""
REPEATS_SECONDS = 1.0
"""How often it is looked for lines of the log that stand for others."""
SWITCH_SECONDS = 0.001
"""After so long Python's lock goes to another thread that wants it; by Python's own 5 ms, five threads at work would
keep a short call waiting for 25 ms at each of its steps. One thread at work never switches."""


def serve(
    settings: Settings,
    store: Store,
    *,
    bench_echo: bool,
    ready: Callable[[str], None],
    ending: Callable[[], None] = lambda: None,
    shares_address: bool = False,
    development: DevelopmentToken | None = None,
    on_hangup: Callable[[], None] | None = None,
    reloaded: Callable[[], None] = lambda: None,
    heartbeat: Heartbeat | None = None,
    metrics: ServerMetrics | None = None,
) -> None:
    """Serves until SIGTERM or SIGINT, then ends the process with status 0 once every call taken in is answered.

    Args:
        settings: in force.
        store: with a current schema.
        bench_echo: whether to serve the method that benchmarks use as a reference.
        ready: called with the address once calls are answered.
        ending: called once it is told to end.
        shares_address: whether other processes of this server listen there, too.
        development: a token for connections from loopback, which this server proves that it made; None for none.
        on_hangup: called at SIGHUP, before the certificate is read again; None: SIGHUP ends it as SIGTERM does.
        reloaded: called after that, once all is taken over.
        heartbeat: given by the event loop from the moment it is ready to its end; None for none.
        metrics: what this process counts in; None makes what nobody else reads.

    Raises:
        CannotListen: where nothing can listen there.
        OSError: where there can be no temporary files.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    listens = Listens(bench_echo=bench_echo, shares_address=shares_address, development=development, metrics=metrics)
    begin_process()
    asyncio.run(_serve(settings, store, listens, ready, ending, on_hangup, reloaded, heartbeat))


async def _serve(
    settings: Settings,
    store: Store,
    listens: Listens,
    ready: Callable[[str], None],
    ending: Callable[[], None],
    on_hangup: Callable[[], None] | None,
    reloaded: Callable[[], None],
    heartbeat: Heartbeat | None,
) -> None:
    event_loop = asyncio.get_running_loop()
    service = Service(settings, store, listens)
    stop = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        event_loop.add_signal_handler(signal_number, stop.set)
    if on_hangup is not None:

        def reload() -> None:
            on_hangup()
            service.renew_certificate()
            reloaded()

        event_loop.add_signal_handler(signal.SIGHUP, reload)
    ready(await service.begin())
    beating = None if heartbeat is None else asyncio.create_task(_keep_beating(heartbeat), name="lotkeeper-heartbeat")
    # Objects that exist now stay: collections need not walk them again. Only refused calls leave cycles.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    begin_watching()
    writing = asyncio.create_task(_write_repeats(), name="lotkeeper-repeats")
    await stop.wait()
    ending()
    await service.end()
    writing.cancel()
    if beating is not None:
        beating.cancel()
    write_repeats(all_of_them=True)
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    # gRPC's own stop, and what its objects do at the interpreter's end, answer new calls with a bare CANCELLED. All
    # calls taken in are answered and durable: the process can simply end.
    os._exit(0)


async def _keep_beating(heartbeat: Heartbeat) -> None:
    while True:
        heartbeat.beat()
        await asyncio.sleep(heartbeat.seconds)


async def _write_repeats() -> None:
    while True:
        await asyncio.sleep(REPEATS_SECONDS)
        write_repeats()
