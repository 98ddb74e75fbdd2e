"""Puts the server together: settings, store, engine, servicers, listener; and ends it."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

import structlog

from lotkeeper_server.access.allowance import Allowance
from lotkeeper_server.access.development import DevelopmentToken
from lotkeeper_server.access.directory import Directory
from lotkeeper_server.access.looks import Looks
from lotkeeper_server.domain import limits
from lotkeeper_server.engine.engine import Engine, EngineSettings
from lotkeeper_server.engine.health import StoreHealth
from lotkeeper_server.engine.long_writes import LongWrites
from lotkeeper_server.rpc.gate.admissions import Admissions
from lotkeeper_server.rpc.gate.calls_in_progress import CallsInProgress
from lotkeeper_server.rpc.gate.doorway import Doorway, confirm_by
from lotkeeper_server.rpc.gate.pace import PaceLimits
from lotkeeper_server.rpc.gate.places import Places
from lotkeeper_server.rpc.gate.refused_callers import RefusedCallers
from lotkeeper_server.rpc.methods.definition_exchange import DefinitionExchange
from lotkeeper_server.rpc.methods.development_proof import proof_methods
from lotkeeper_server.rpc.methods.entities import Entities
from lotkeeper_server.rpc.methods.inventory_actions import InventoryActions
from lotkeeper_server.rpc.methods.inventory_metadata import InventoryMetadata
from lotkeeper_server.rpc.methods.inventory_operation_definitions import InventoryOperationDefinitions
from lotkeeper_server.rpc.methods.inventory_operations import InventoryOperations
from lotkeeper_server.rpc.methods.list_permissions import Permissions
from lotkeeper_server.rpc.methods.location_room import LocationRoom
from lotkeeper_server.rpc.methods.master_data import MasterData
from lotkeeper_server.rpc.methods.not_served_yet import NotServedYet
from lotkeeper_server.rpc.methods.plant_exchange import PlantExchange
from lotkeeper_server.rpc.methods.stock_reads import StockReads
from lotkeeper_server.rpc.methods.tracing import Tracing
from lotkeeper_server.rpc.methods.watching import Watching
from lotkeeper_server.rpc.server import SERVICES, RpcServer, ServerSettings
from lotkeeper_server.settings import Settings
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.temporary_files import TemporaryFiles
from lotkeeper_server.store.temporary_folder import TemporaryFolder
from lotkeeper_server.transport.connection_limits import ConnectionLimits
from lotkeeper_server.transport.descriptors import connections_within, raise_descriptor_limit
from lotkeeper_server.transport.server import server_class
from lotkeeper_server.watchdog import begin_watching

MILLIS_PER_HOUR = 3_600_000
CLOSE_SECONDS = 1.0
GC_THRESHOLDS = (20_000, 5, 80)
"""Python's own, (700, 10, 10), cost a tenth of the rate at which calls are executed. Nobody goes on while the middle
generation is collected: it has 100,000 objects at most, some 20 ms."""
SWITCH_SECONDS = 0.001
"""After so long Python's lock goes to another thread that wants it; by Python's own 5 ms, five threads at work would
keep a short call waiting for 25 ms at each of its steps. One thread at work never switches."""
_log = structlog.get_logger(__name__)


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

    Raises:
        CannotListen: where nothing can listen there.
        OSError: where there can be no temporary files.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    server_settings = _server_settings(settings, bench_echo, shares_address)
    asyncio.run(_serve(server_settings, settings, store, ready, ending, development, on_hangup))


async def _serve(
    server_settings: ServerSettings,
    settings: Settings,
    store: Store,
    ready: Callable[[str], None],
    ending: Callable[[], None],
    development: DevelopmentToken | None,
    on_hangup: Callable[[], None] | None,
) -> None:
    event_loop = asyncio.get_running_loop()
    folder = TemporaryFolder(settings.temporary_folder)
    directory = Directory(_allowance(settings), development)
    engine = Engine(
        store,
        confirm_by(directory),
        _engine_settings(settings),
        can_be_polled=server_settings.server_class.has_a_thread,
    )
    long_writes = LongWrites(engine, store)
    calls = CallsInProgress(event_loop)
    looks = Looks(directory, engine.read_soon, event_loop)
    engine.on_refusing = looks.refuse_all
    admissions, refused_callers = Admissions(directory, engine.read_access), RefusedCallers(event_loop)
    doorway = Doorway(directory, looks, engine, calls, admissions, refused_callers, _pace_limits(settings))
    files = TemporaryFiles(folder, settings.temporary_bytes_max, settings.temporary_bytes_of_principal_max)
    watches = Places(settings.watches_max, settings.watches_of_principal_max, "watches")
    servicers = [
        InventoryOperations(),
        InventoryOperationDefinitions(engine),
        InventoryActions(),
        InventoryMetadata(engine),
        DefinitionExchange(engine, long_writes, files),
        StockReads(engine),
        LocationRoom(engine),
        Watching(engine, watches),
        Tracing(engine),
        Entities(engine),
        MasterData(engine),
        PlantExchange(engine, long_writes, settings.plant_unfolded_bytes_max),
        Permissions(SERVICES),
        NotServedYet(),
    ]
    proof = None if development is None else proof_methods(development)
    server = RpcServer(server_settings, doorway, servicers, engine.when_quiet, proof)

    def tell(usable: bool) -> None:
        server.health.tell(usable)
        engine.note_health(usable)

    store_health = StoreHealth(store, tell)
    engine.on_store_state = store_health.report
    stop = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        event_loop.add_signal_handler(signal_number, stop.set)
    if on_hangup is not None:

        def reload() -> None:
            on_hangup()
            server.renew_certificate()

        event_loop.add_signal_handler(signal.SIGHUP, reload)
    address = server.start()
    _log.info(
        "descriptors",
        limit=raise_descriptor_limit(),
        connections=server_settings.connections.connections_max,
        wanted=settings.connections_max,
    )
    await store_health.begin()
    following = asyncio.create_task(store_health.follow())
    long_writes.begin()
    ready(address)
    # Objects that exist now stay: collections need not walk them again. Only refused calls leave cycles.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    begin_watching()
    await stop.wait()
    ending()
    _log.info("shutting_down", calls=calls.count)
    await server.shut_down()
    following.cancel()
    with suppress(TimeoutError):  # the store hangs: what still waits for it was not answered
        async with asyncio.timeout(CLOSE_SECONDS):
            await engine.close()
    folder.remove()
    _log.info("shut_down")
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    # gRPC's own stop, and what its objects do at the interpreter's end, answer new calls with a bare CANCELLED. All
    # calls taken in are answered and durable: the process can simply end.
    os._exit(0)


def _engine_settings(settings: Settings) -> EngineSettings:
    return EngineSettings(
        end_date_future_millis=int(settings.end_date_future_hours * MILLIS_PER_HOUR),
        end_date_past_millis=int(settings.end_date_past_days * limits.MILLIS_PER_DAY),
        request_id_kept_millis=int(settings.request_id_days * limits.MILLIS_PER_DAY),
        queue_commands_max=settings.queue_max,
        queue_bytes_max=settings.queue_bytes_max,
    )


def _allowance(settings: Settings) -> Allowance:
    return Allowance(
        settings.principal_calls_max,
        settings.principal_streams_max,
        settings.principal_commands_per_second_max,
        settings.principal_bytes_per_second_max,
    )


def _pace_limits(settings: Settings) -> PaceLimits:
    return PaceLimits(
        rest_seconds=settings.stream_rest_seconds,
        bytes_per_second_min=settings.stream_bytes_per_second_min,
        seconds_max=settings.stream_seconds_max,
    )


def _connection_limits(settings: Settings) -> ConnectionLimits:
    return ConnectionLimits(
        connections_max=min(settings.connections_max, connections_within(raise_descriptor_limit())),
        connections_per_peer_max=settings.connections_per_peer_max,
        idle_seconds=settings.connection_idle_seconds,
        age_seconds=settings.connection_age_seconds,
        age_grace_seconds=settings.connection_age_grace_seconds,
        request_seconds=settings.request_seconds_max,
        answer_seconds=settings.answer_seconds_max,
        held_bytes_per_connection_max=settings.held_bytes_per_connection_max,
        held_bytes_max=settings.held_bytes_max,
        cancelled_calls_per_second_max=settings.cancelled_calls_per_second_max,
    )


def _server_settings(settings: Settings, bench_echo: bool, shares_address: bool) -> ServerSettings:
    return ServerSettings(
        listen=settings.listen,
        server_class=server_class(settings.transport),
        max_concurrent_streams=settings.max_concurrent_streams,
        connections=_connection_limits(settings),
        reflection=settings.reflection,
        bench_echo=bench_echo,
        tls_certificate_file=settings.tls_certificate_file,
        tls_key_file=settings.tls_key_file,
        shares_address=shares_address,
        shutdown_seconds=settings.shutdown_seconds,
    )
