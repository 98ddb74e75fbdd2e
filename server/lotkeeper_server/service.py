"""The whole of what is served on one store: engine, methods and listener, put together on one event loop."""

import asyncio
import errno
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from lotkeeper_server.access.directory import Directory
from lotkeeper_server.access.looks import Looks
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.engine.clock import Clock, SystemClock
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.engine.health import StoreHealth
from lotkeeper_server.engine.long_writes import LongWrites
from lotkeeper_server.event_log import get_logger
from lotkeeper_server.live_status import Asked, LiveStatus
from lotkeeper_server.logs import count_lines
from lotkeeper_server.observability.monitoring import Monitoring
from lotkeeper_server.observability.sampling import Sources
from lotkeeper_server.observability.server_metrics import ServerMetrics
from lotkeeper_server.observability.waits_followed import Sources as WaitSources
from lotkeeper_server.observability.waits_followed import WaitsFollowed
from lotkeeper_server.observability.watch_lags import WatchLags
from lotkeeper_server.rpc.gate.admissions import Admissions
from lotkeeper_server.rpc.gate.calls_in_progress import CallsInProgress
from lotkeeper_server.rpc.gate.denials import Denials
from lotkeeper_server.rpc.gate.doorway import Doorway, confirm_by
from lotkeeper_server.rpc.gate.places import Places
from lotkeeper_server.rpc.gate.refused_callers import RefusedCallers
from lotkeeper_server.rpc.methods.access_grants import AccessGrants
from lotkeeper_server.rpc.methods.access_roles import AccessRoles
from lotkeeper_server.rpc.methods.access_tokens import AccessTokens
from lotkeeper_server.rpc.methods.audit_reads import AuditReads
from lotkeeper_server.rpc.methods.definition_exchange import DefinitionExchange
from lotkeeper_server.rpc.methods.development_proof import proof_methods
from lotkeeper_server.rpc.methods.entities import Entities
from lotkeeper_server.rpc.methods.inventory_actions import InventoryActions
from lotkeeper_server.rpc.methods.inventory_metadata import InventoryMetadata
from lotkeeper_server.rpc.methods.inventory_operation_definitions import InventoryOperationDefinitions
from lotkeeper_server.rpc.methods.inventory_operations import InventoryOperations
from lotkeeper_server.rpc.methods.list_permissions import Permissions, grantable
from lotkeeper_server.rpc.methods.location_room import LocationRoom
from lotkeeper_server.rpc.methods.master_data import MasterData
from lotkeeper_server.rpc.methods.plant_exchange import PlantExchange
from lotkeeper_server.rpc.methods.plant_settings import PlantSettings
from lotkeeper_server.rpc.methods.stock_reads import StockReads
from lotkeeper_server.rpc.methods.stock_summaries import StockSummaries
from lotkeeper_server.rpc.methods.traced_holds import TracedHolds
from lotkeeper_server.rpc.methods.tracing import Tracing
from lotkeeper_server.rpc.methods.watching import Watching
from lotkeeper_server.rpc.observed_methods import methods_served
from lotkeeper_server.rpc.server import SERVICES, RpcServer
from lotkeeper_server.service_parts import (
    Listens,
    allowance_of,
    certificates_of,
    engine_settings_of,
    http_server_of,
    issuer_of,
    pace_limits_of,
    server_settings_of,
)
from lotkeeper_server.settings import Settings
from lotkeeper_server.shown_settings import program_versions, shown_settings
from lotkeeper_server.store.archived import count_files
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.errors import StoreError
from lotkeeper_server.store.temporary_files import TemporaryFiles
from lotkeeper_server.store.temporary_folder import TemporaryFolder
from lotkeeper_server.store_ending import END_STORE_SECONDS, end_store
from lotkeeper_server.token_care import TokenCare
from lotkeeper_server.trace_export import TraceExport
from lotkeeper_server.transport import CannotListen
from lotkeeper_server.transport.descriptors import raise_descriptor_limit

if TYPE_CHECKING:
    from lotkeeper_server.http.http_server import HttpServer

CLOSE_SECONDS: Final = 1.0
LOOK_AT_FILES_SECONDS: Final = 1.0
_SYSTEM_CLOCK: Final = SystemClock()
_log = get_logger()


class Service:
    """Serves one store on one address. Made, begun and ended on one event loop.

    Attributes:
        http_address: where the methods are served by HTTP, with the port that was taken; empty for nowhere.
    """

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
        self._server_settings = server_settings = server_settings_of(settings, listens)
        self._settings, self._store, self._listens = settings, store, listens
        self.http_address = ""
        self._begun_seconds = time.monotonic()
        store.follow_schema()
        event_loop = asyncio.get_running_loop()
        self._folder = folder = TemporaryFolder(settings.temporary_folder)
        metrics = listens.metrics or ServerMetrics(methods_served())
        count_lines(metrics.note_line, metrics.log_repeats.add)
        self._issuer = issuer = issuer_of(settings)
        certificates = None if settings.tls_client_ca_file is None else certificates_of(settings)
        allowance = allowance_of(settings)
        self._directory = directory = Directory(allowance, listens.development, issuer, certificates)
        self._engine = engine = Engine(
            store,
            confirm_by(directory),
            engine_settings_of(settings),
            clock=clock,
            can_be_polled=server_settings.server_class.has_a_thread,
            is_brought_more=settings.http_listen is not None,
            metrics=metrics,
        )
        self._long_writes = long_writes = LongWrites(engine, store)
        self._calls = calls = CallsInProgress(event_loop)
        looks = Looks(directory, engine.read_soon, event_loop, issuer)
        engine.on_refusing = looks.refuse_all
        admissions = Admissions(directory, engine.read_access)
        refused_callers = RefusedCallers(event_loop, on_refused=metrics.note_caller_refused)
        self._denials = denials = Denials(engine, event_loop)
        self._traces = traces = TraceExport(settings, metrics)
        doorway = Doorway(
            directory,
            looks,
            engine,
            calls,
            admissions,
            refused_callers,
            denials,
            pace_limits_of(settings),
            notes_reads=traces.recorder is not None,
        )
        files = TemporaryFiles(folder, settings.temporary_bytes_max, settings.temporary_bytes_of_principal_max)
        lags = WatchLags(metrics.watch_records.add)
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
            Watching(engine, watches, lags=lags),
            Tracing(engine),
            TracedHolds(engine),
            AuditReads(engine),
            AccessRoles(engine, allowance, grantable(SERVICES)),
            AccessTokens(engine, allowance, settings.token_expiry_days),
            AccessGrants(engine, allowance),
            Entities(engine),
            MasterData(engine),
            PlantExchange(engine, long_writes, settings.plant_unfolded_bytes_max, ZoneInfo(settings.time_zone)),
            Permissions(SERVICES, engine),
            PlantSettings(settings.time_zone),
        ]
        proof = None if listens.development is None else proof_methods(listens.development)
        self._server = server = RpcServer(
            server_settings, doorway, servicers, engine.when_quiet, proof, metrics, traces.recorder
        )
        self._http = http_server_of(settings, listens, server_settings, doorway, server)
        self._monitoring = monitoring = Monitoring(
            metrics,
            Sources(
                load=lambda: engine.load,
                calls_in_progress=lambda: calls.count,
                connections=self._connections,
                watches=lags,
                pools=lambda: store.connections_in_use,
                archive_files=self._archive_files,
                store_path=store.path,
                temporary_folder=folder.path,
            ),
        )

        self._asking_holders: asyncio.Task[list[dict[str, Any]]] | None = None
        self._waits = waits = WaitsFollowed(
            metrics,
            WaitSources(
                load=lambda: engine.load,
                put_back=lambda: engine.waits_for_lots,
                got_through=engine.got_through,
                holders=self._holders,
                busiest=doorway.accounts.busiest,
                watches=lags,
            ),
        )
        self._live_status = live_status = LiveStatus(
            Asked(
                engine,
                store,
                calls,
                doorway.accounts,
                lags,
                self._connections,
                lambda: waits.told,
                refused_callers.totals,
            ),
            program_versions(),
        )

        def tell(usable: bool) -> None:
            live_status.tell(usable)
            server.health.tell(usable)
            monitoring.tell(usable)
            engine.note_health(usable)

        self._store_health = StoreHealth(store, tell)
        engine.on_store_state = self._store_health.report
        self._following: list[asyncio.Task[None]] = []

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
        self._following = [asyncio.create_task(self._store_health.follow())]
        self._following.append(asyncio.create_task(self._waits.follow(), name="lotkeeper-waits"))
        care = TokenCare(self._engine, self._directory, self._settings.token_warning_days)
        self._following.append(asyncio.create_task(care.follow()))
        if self._server_settings.tls is not None:
            self._following.append(asyncio.create_task(self._follow_certificate()))
        if self._issuer is not None:
            self._issuer.begin(self._directory.forget_remembered)
        self._traces.begin()
        self._long_writes.begin()
        if self._http is not None:
            await self._begin_http(self._http)
        if (metrics_address := self._settings.metrics_listen) is not None:
            try:
                await self._monitoring.begin(metrics_address, shares_address=self._listens.shares_address)
            except OSError as error:
                raise CannotListen.at(metrics_address, _why(error), flag="metrics-listen") from error
        await self._live_status.begin(address, self._folder.descriptor)
        await self._tell_begun(address)
        return address

    async def _begin_http(self, http: "HttpServer") -> None:
        try:
            self.http_address = await http.begin(self._server.tls)
        except OSError as error:
            raise CannotListen.at(str(self._settings.http_listen), _why(error), flag="http-listen") from error
        self._server.on_tls = http.replace_tls

    def _connections(self) -> int:
        return self._server.connections + (0 if self._http is None else self._http.connections)

    async def _tell_begun(self, address: str) -> None:
        try:
            database = await asyncio.to_thread(self._store.version)
        except StoreError as error:
            database = f"cannot be asked: {error}"
        versions = {**program_versions(), "database": database}
        _log.info("server_started", address=address, versions=versions, settings=shown_settings(self._settings))

    async def _archive_files(self) -> int | None:
        with suppress(Refused):
            return await self._engine.read(count_files)
        return None

    async def _holders(self) -> list[dict[str, Any]]:
        """Who holds the store; nobody while it has not answered the last time: one thread at the most waits for it."""
        if self._asking_holders is not None and not self._asking_holders.done():
            return []
        self._asking_holders = asyncio.create_task(asyncio.to_thread(self._read_holders))
        return await asyncio.shield(self._asking_holders)

    def _read_holders(self) -> list[dict[str, Any]]:
        with suppress(StoreError):
            return self._store.holders()
        return []

    def renew_certificate(self) -> None:
        """Reads the certificate and its key again, for connections from now on."""
        self._server.renew_certificate()

    async def _follow_certificate(self) -> None:
        """Takes over a new certificate, key or authority soon after its file has changed; until it is cancelled."""
        while True:
            await asyncio.sleep(LOOK_AT_FILES_SECONDS)
            await asyncio.to_thread(self._server.look_at_certificate)

    async def end(self) -> None:
        """Answers every call that was taken in and refuses the others; the process ends, or `close` follows."""
        begun_seconds = time.monotonic()
        _log.info("shutting_down", calls=self._calls.count)
        self._monitoring.shut_down()
        if self._http is not None:
            await self._http.shut()
        await self._server.shut_down()
        if self._http is not None:
            await self._http.drained()
        self._follow_no_more()
        await self._denials.close()
        with suppress(TimeoutError):  # the store hangs: what still waits for it was not answered
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._engine.close()
                self._engine.give_back()
        await self._end_store()
        await self._traces.end(begun_seconds + self._settings.shutdown_seconds - time.monotonic())
        self._live_status.close()
        self._folder.remove()
        self._monitoring.close()
        _log.info("shut_down", seconds_served=round(time.monotonic() - self._begun_seconds, 1))

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
        self._monitoring.close()
        await self._denials.close()
        await self._engine.close()
        await self._server.close()
        if self._http is not None:
            await self._http.close()
        self._engine.give_back()
        self._traces.close()
        self._live_status.close()
        self._folder.remove()

    def _follow_no_more(self) -> None:
        for task in self._following:
            task.cancel()
        if self._issuer is not None:
            self._issuer.close()
        self._store_health.close()


def _why(error: OSError) -> str:
    return "it is in use" if error.errno == errno.EADDRINUSE else error.strerror or str(error)
