"""The whole of what is served on one store: engine, methods and listener, put together on one event loop."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from lotkeeper_server.access.allowance import Allowance
from lotkeeper_server.access.development import DevelopmentToken
from lotkeeper_server.access.directory import Directory
from lotkeeper_server.access.looks import Looks
from lotkeeper_server.domain import limits
from lotkeeper_server.engine.clock import Clock, SystemClock
from lotkeeper_server.engine.engine import Engine, EngineSettings
from lotkeeper_server.engine.health import StoreHealth
from lotkeeper_server.engine.long_writes import LongWrites
from lotkeeper_server.event_log import get_logger
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
from lotkeeper_server.rpc.methods.plant_exchange import PlantExchange
from lotkeeper_server.rpc.methods.plant_settings import PlantSettings
from lotkeeper_server.rpc.methods.stock_reads import StockReads
from lotkeeper_server.rpc.methods.stock_summaries import StockSummaries
from lotkeeper_server.rpc.methods.traced_holds import TracedHolds
from lotkeeper_server.rpc.methods.tracing import Tracing
from lotkeeper_server.rpc.methods.watching import Watching
from lotkeeper_server.rpc.server import SERVICES, RpcServer, ServerSettings
from lotkeeper_server.settings import Settings
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.temporary_files import TemporaryFiles
from lotkeeper_server.store.temporary_folder import TemporaryFolder
from lotkeeper_server.store_ending import END_STORE_SECONDS, end_store
from lotkeeper_server.transport.connection_limits import ConnectionLimits
from lotkeeper_server.transport.descriptors import connections_within, raise_descriptor_limit
from lotkeeper_server.transport.server import server_class

MILLIS_PER_HOUR: Final = 3_600_000
CLOSE_SECONDS: Final = 1.0
_SYSTEM_CLOCK: Final = SystemClock()
_log = get_logger()


@dataclass(frozen=True, slots=True)
class Listens:
    """What a service does beside its settings.

    Attributes:
        bench_echo: whether to serve the method that benchmarks use as a reference.
        shares_address: whether other processes of this server listen there, too.
        development: a token for connections from loopback, which this server proves that it made; None for none.
    """

    bench_echo: bool = False
    shares_address: bool = False
    development: DevelopmentToken | None = None


class Service:
    """Serves one store on one address. Made, begun and ended on one event loop."""

    def __init__(self, settings: Settings, store: Store, listens: Listens, clock: Clock = _SYSTEM_CLOCK) -> None:
        """Listens nowhere yet.

        Args:
            settings: in force.
            store: with a current schema.
            listens: what it does beside them.
            clock: the time that calls and answers go by; tokens and connections go by the machine's.

        Raises:
            OSError: where there can be no temporary files.
        """
        self._server_settings = server_settings = _server_settings(settings, listens)
        self._settings, self._store, self._listens = settings, store, listens
        store.follow_schema()
        event_loop = asyncio.get_running_loop()
        self._folder = folder = TemporaryFolder(settings.temporary_folder)
        directory = Directory(_allowance(settings), listens.development)
        self._engine = engine = Engine(
            store,
            confirm_by(directory),
            _engine_settings(settings),
            clock=clock,
            can_be_polled=server_settings.server_class.has_a_thread,
        )
        self._long_writes = long_writes = LongWrites(engine, store)
        self._calls = calls = CallsInProgress(event_loop)
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
            StockSummaries(engine),
            LocationRoom(engine),
            Watching(engine, watches),
            Tracing(engine),
            TracedHolds(engine),
            Entities(engine),
            MasterData(engine),
            PlantExchange(engine, long_writes, settings.plant_unfolded_bytes_max, ZoneInfo(settings.time_zone)),
            Permissions(SERVICES),
            PlantSettings(settings.time_zone),
        ]
        proof = None if listens.development is None else proof_methods(listens.development)
        self._server = server = RpcServer(server_settings, doorway, servicers, engine.when_quiet, proof)

        def tell(usable: bool) -> None:
            server.health.tell(usable)
            engine.note_health(usable)

        self._store_health = StoreHealth(store, tell)
        engine.on_store_state = self._store_health.report
        self._following: asyncio.Task[None] | None = None

    async def begin(self) -> str:
        """Listens and serves; returns the address, with the port that was taken.

        Raises:
            CannotListen: where nothing can listen there.
        """
        address = self._server.start()
        _log.info(
            "descriptors",
            limit=raise_descriptor_limit(),
            connections=self._server_settings.connections.connections_max,
            wanted=self._settings.connections_max,
        )
        await self._store_health.begin()
        self._following = asyncio.create_task(self._store_health.follow())
        self._long_writes.begin()
        return address

    def renew_certificate(self) -> None:
        """Reads the certificate and its key again, for connections from now on."""
        self._server.renew_certificate()

    async def end(self) -> None:
        """Answers every call that was taken in and refuses the others; the process ends, or `close` follows."""
        _log.info("shutting_down", calls=self._calls.count)
        await self._server.shut_down()
        self._follow_no_more()
        with suppress(TimeoutError):  # the store hangs: what still waits for it was not answered
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._engine.close()
                self._engine.give_back()
        await self._end_store()
        self._folder.remove()
        _log.info("shut_down")

    async def _end_store(self) -> None:
        ending = asyncio.to_thread(end_store, self._store, is_last=not self._listens.shares_address)
        try:
            async with asyncio.timeout(END_STORE_SECONDS):
                await ending
        except TimeoutError:
            _log.warning("store_not_merged", beside=f"{self._store.path}-wal", error="the disk is too slow")

    async def close(self) -> None:
        """Ends at once, for a process that goes on: what was taken in is done, what waits or streams is cancelled."""
        self._calls.shut()
        self._follow_no_more()
        await self._engine.close()
        await self._server.close()
        self._engine.give_back()
        self._folder.remove()

    def _follow_no_more(self) -> None:
        if self._following is not None:
            self._following.cancel()
        self._store_health.close()


def _engine_settings(settings: Settings) -> EngineSettings:
    return EngineSettings(
        end_date_future_millis=int(settings.end_date_future_hours * MILLIS_PER_HOUR),
        end_date_past_millis=int(settings.end_date_past_days * limits.MILLIS_PER_DAY),
        request_id_kept_millis=int(settings.request_id_days * limits.MILLIS_PER_DAY),
        backdating_tolerance_millis=int(settings.backdating_tolerance_seconds * 1_000),
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


def _server_settings(settings: Settings, listens: Listens) -> ServerSettings:
    return ServerSettings(
        listen=settings.listen,
        server_class=server_class(settings.transport),
        max_concurrent_streams=settings.max_concurrent_streams,
        connections=_connection_limits(settings),
        reflection=settings.reflection,
        bench_echo=listens.bench_echo,
        tls_certificate_file=settings.tls_certificate_file,
        tls_key_file=settings.tls_key_file,
        shares_address=listens.shares_address,
        shutdown_seconds=settings.shutdown_seconds,
    )
