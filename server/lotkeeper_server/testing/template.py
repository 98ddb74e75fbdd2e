"""A store that is made once and copied for each test."""

import shutil
import tempfile
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Final

from lotkeeper_server.access.tokens import TokenEntry, add_token, new_token
from lotkeeper_server.domain.model.enumerations import ExportFormat
from lotkeeper_server.engine.clock import EffectOrder, IdSource, now_millis
from lotkeeper_server.plant.applying import apply_plant
from lotkeeper_server.plant.permissions import may_everything
from lotkeeper_server.plant.reading import read_plant
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.schema.migrating import migrate

PRINCIPAL: Final = "tester"
_IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - the folder in it is new and private
_ADMIN: Final = "admin"


@dataclass(frozen=True, slots=True)
class PlantDocument:
    """What a store begins with."""

    data: bytes
    format: ExportFormat


def plant_document(data: bytes, *, is_json: bool) -> PlantDocument:
    """A plant in YAML or JSON."""
    return PlantDocument(data, ExportFormat.JSON if is_json else ExportFormat.YAML)


def demo_plant() -> PlantDocument:
    """The plant that `lotkeeper-server run` shows."""
    return PlantDocument((files("lotkeeper_server.demo") / "dairy.yaml").read_bytes(), ExportFormat.YAML)


class StoreTemplate:
    """A store with a plant and a token for `PRINCIPAL`, who may everything; and copies of it.

    All of it lies in memory where there is a file system for that, else in the system's folder for temporary files.

    Attributes:
        token: the token's text.
    """

    def __init__(self, plant: PlantDocument | None) -> None:
        """Makes it.

        Args:
            plant: loaded; None for an empty store.

        Raises:
            Refused: where the plant cannot be applied.
            OSError: where there can be no such folder.
        """
        self._folder = _new_folder()
        self._numbers = count(1)
        self._file = self._folder / "template.db"
        self.token = new_token()
        try:
            self._file.write_bytes(_empty_store())
            self._fill(plant)
        except BaseException:
            self.remove()
            raise

    def _fill(self, plant: PlantDocument | None) -> None:
        with closing(Store(_url(self._file))) as store, store.write() as connection:
            now, new_id = now_millis(), IdSource()
            entry = TokenEntry(new_id(), PRINCIPAL, (_ADMIN,), False, now, None, None)
            add_token(connection, self.token, entry)
            if plant is not None:
                document = read_plant(plant.data, plant.format)
                apply_plant(Transaction(connection, now, new_id, EffectOrder()), document, PRINCIPAL, may_everything)

    def copy(self) -> Store:
        """A new store with what this one began with."""
        path = self._folder / f"{next(self._numbers)}.db"
        shutil.copyfile(self._file, path)
        return Store(_url(path))

    def drop(self, store: Store) -> None:
        """Closes a copy and removes its files."""
        store.close()
        assert store.path is not None
        for path in self._folder.glob(f"{store.path.name}*"):
            path.unlink()

    def remove(self) -> None:
        """Removes everything."""
        shutil.rmtree(self._folder, ignore_errors=True)


@cache
def _empty_store() -> bytes:
    """A store with a current schema, as a file: to make one takes as long as all the rest of a template."""
    folder = _new_folder()
    try:
        path = folder / "empty.db"
        with closing(Store(_url(path))) as store:
            migrate(store)
        return path.read_bytes()  # its last connection has brought all of it into the one file
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _new_folder() -> Path:
    within = _IN_MEMORY if _IN_MEMORY.is_dir() else None
    return Path(tempfile.mkdtemp(prefix="lotkeeper-testing-", dir=within))


def _url(path: Path) -> str:
    return f"sqlite:///{path}"
