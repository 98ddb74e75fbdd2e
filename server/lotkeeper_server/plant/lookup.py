"""The things that the names in a document mean: looked up many at once; the document's own new things are added."""

from collections import defaultdict
from collections.abc import Collection

from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.plant.sections import NAMED_BY
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.entities.pages import values_with
from lotkeeper_server.store.entities.row import EntityRow


class Names:
    """Ids by name, path or code, for one import."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._ids: dict[str, dict[str, Id]] = defaultdict(dict)

    def find(self, target: str, texts: Collection[str]) -> None:
        """Looks up what is not known yet; a text that names nothing stays unknown."""
        for column in NAMED_BY[target]:
            wanted = {text for text in texts if text not in self._ids[target]}
            for identifier, text in values_with(self._snapshot, target, (column,), column, wanted):
                self._ids[target].setdefault(text, identifier)

    def id_of(self, target: str, text: str) -> Id | None:
        """The id, or None if nothing has this name."""
        return self._ids[target].get(text)

    def learn(self, target: str, row: EntityRow) -> None:
        """Adds a row that was just created, so that it can be named from now on."""
        for column in NAMED_BY.get(target, ()):
            self._ids[target].setdefault(row[column], row["id"])
