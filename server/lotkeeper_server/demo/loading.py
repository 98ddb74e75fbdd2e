"""Loads the demo plant, one document as any other, into an empty store."""

from importlib.resources import files
from typing import Final

from lotkeeper_server.domain.model.audit import Told
from lotkeeper_server.domain.model.enumerations import ExportFormat
from lotkeeper_server.engine.clock import EffectOrder, IdSource, now_millis
from lotkeeper_server.plant.applying import apply_plant
from lotkeeper_server.plant.permissions import may_everything
from lotkeeper_server.plant.reading import read_plant
from lotkeeper_server.plant.sections import SECTIONS
from lotkeeper_server.store.audit.writing import write_event
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.entities.pages import are_empty

PRINCIPAL: Final = "demo"
EXAMPLE_COMMAND: Final = "execute 01JPAND53P-BZ61RZHZ-V7C6EEHG 01JPBC4H3V-J4X3FYKS-NRNVEKMM 100"


def load_demo_plant(store: Store, told: Told) -> bool:
    """Loads it; False where the store is not empty, and then nothing is done.

    Args:
        store: to load it into.
        told: makes the event that tells of it.
    """
    plant = read_plant((files(__package__) / "dairy.yaml").read_bytes(), ExportFormat.YAML)
    with store.write() as connection:
        if not are_empty(connection, [description.table for description in SECTIONS.values()]):
            return False
        tx = Transaction(connection, now_millis(), IdSource(), EffectOrder())
        apply_plant(tx, plant, PRINCIPAL, may_everything)
        for effect in tx.effects:
            write_event(connection, told(effect))
    return True
