"""A server in this process: begun, set back to its plant for the next test, ended."""

import asyncio
import threading
from collections.abc import Coroutine, Mapping
from typing import Any, Final, TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from lotkeeper_server.service import Service
from lotkeeper_server.service_parts import Listens
from lotkeeper_server.settings import Settings, settings_fault
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.testing.set_clock import SetClock
from lotkeeper_server.testing.template import PlantDocument, StoreTemplate, demo_plant

Result = TypeVar("Result")
LISTEN: Final = "127.0.0.1:0"
WAIT_SECONDS: Final = 30.0
"""Nothing that is waited for here takes so long."""


class _OwnSettings(Settings):
    """Those of a test alone, which must not depend on where it runs: neither the environment nor a file counts."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What the test says."""
        return (init_settings,)


class TestingServer:
    """Serves a plant on a free port of loopback, on an event loop and threads of its own.

    Its log goes to Python's logging, as `lotkeeper_server`; nothing is written where nobody has set that up.

    Attributes:
        address: HOST:PORT, after `begin`; a reset gives another one.
        clock: the time that calls go by.
    """

    def __init__(self, plant: PlantDocument | None = None, settings: Mapping[str, Any] | None = None) -> None:
        """Makes its store; serves nothing yet.

        Args:
            plant: what it begins with; None for the demo plant.
            settings: those that are not to be the defaults, by name.

        Raises:
            Refused: where the plant cannot be applied.
            SettingsFault: for a setting that is wrong.
        """
        try:
            self._settings = _OwnSettings(**{**(settings or {}), "listen": LISTEN})
        except ValidationError as error:
            raise settings_fault(error) from None
        self._template = StoreTemplate(plant or demo_plant())
        self._event_loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._event_loop.run_forever, name="lotkeeper-testing", daemon=True)
        self._running: tuple[Service, Store] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self.address = ""
        self.clock = SetClock()

    @property
    def token(self) -> str:
        """A token of a principal who may everything; it stays the same after a reset."""
        return self._template.token

    def begin(self) -> None:
        """Serves; returns once it does."""
        if not self._thread.is_alive():
            self._thread.start()
        self._await(self._begin())

    def reset(self) -> None:
        """Sets stock, records and definitions back to what they were at the beginning, and lets the clock go."""
        self._await(self._renew())

    def close(self) -> None:
        """Ends it and removes its store."""
        if self._thread.is_alive():
            self._await(self._end())
            self._event_loop.call_soon_threadsafe(self._event_loop.stop)
            self._thread.join(WAIT_SECONDS)
        if not self._event_loop.is_closed():
            self._event_loop.close()
        self._template.remove()

    def _await(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._event_loop).result(WAIT_SECONDS)

    async def _renew(self) -> None:
        """The next test need not wait until what the last one left has ended."""
        last = self._running
        await self._begin()
        if last is not None:
            ending = asyncio.create_task(self._ended(*last))
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)

    async def _begin(self) -> None:
        self.clock.let_go()
        store = self._template.copy()
        service = Service(self._settings, store, Listens(), self.clock)
        self._running = service, store
        self.address = await service.begin()

    async def _end(self) -> None:
        if self._running is not None:
            await self._ended(*self._running)
            self._running = None
        await asyncio.gather(*self._ending)

    async def _ended(self, service: Service, store: Store) -> None:
        await service.close()
        self._template.drop(store)
