"""What integration tests share: a store file of one's own, a plant in it, and its reads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from lotkeeper_server.store.db.connection import Store

from tests.stored_plant import Reads, StoredPlant
from tests.stores import embedded_store_url, give_back, migrated_store_url


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    url = migrated_store_url(tmp_path)
    opened = Store(url)
    yield opened
    opened.close()
    give_back(url)


@pytest.fixture
def embedded_store(tmp_path: Path) -> Iterator[Store]:
    """An empty store on SQLite, whatever kind is in force: for what asks that one's planner."""
    opened = Store(embedded_store_url(tmp_path))
    yield opened
    opened.close()


@pytest.fixture
def plant(store: Store) -> StoredPlant:
    """Kilogram and milk in that store."""
    return StoredPlant(store)


@pytest.fixture
async def reads(store: Store) -> AsyncIterator[Reads]:
    """The reads of that store."""
    async with Reads(store) as started:
        yield started
