"""A row that is to be changed, and that another process has deleted meanwhile."""

from __future__ import annotations

import pytest
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.errors import StoreContention
from lotkeeper_server.store.db.statements import update_of, write_many
from lotkeeper_server.store.schema import tables

from tests import stores
from tests.stored_plant import StoredPlant

pytestmark = pytest.mark.skipif(stores.kind() == "sqlite", reason="one transaction writes at a time: no row goes")


def test_a_change_of_a_row_that_has_gone_is_contention_and_writes_nothing(plant: StoredPlant, store: Store) -> None:
    """So the transaction runs again, on what there is then; it is no fault."""
    there, gone = plant.location("Silo"), plant.new_id()
    change = update_of(tables.location, (tables.location.c.notes,), (tables.location.c.id,))
    with pytest.raises(StoreContention), store.write() as connection:
        write_many(connection, change, [("new", there), ("new", gone)])
    with store.read() as connection:
        assert connection.execute(tables.location.select()).one().notes == ""
