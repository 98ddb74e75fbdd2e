"""What integration tests share: a store file of one's own, a plant in it, and its reads."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from lotkeeper_server.store.connection import Store
from lotkeeper_server.store.schema import migrate

from tests.stored_plant import Reads, StoredPlant


@pytest.fixture(scope="session")
def empty_store_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store without rows, to be copied."""
    file = tmp_path_factory.mktemp("empty") / "store.db"
    store = Store(f"sqlite:///{file}")
    migrate(store)
    store.close()
    return file


@pytest.fixture
def store(empty_store_file: Path, tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    shutil.copy(empty_store_file, tmp_path / "store.db")
    opened = Store(f"sqlite:///{tmp_path}/store.db")
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
