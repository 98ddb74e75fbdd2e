"""The locations that roles are limited to, by path."""

from collections.abc import Collection

from sqlalchemy import Connection

from lotkeeper_server.domain.model.identifiers import Id, LocationId
from lotkeeper_server.store.db.statements import rows_by_key
from lotkeeper_server.store.staged.visible import visible_by


def locations_at(connection: Connection, paths: Collection[str]) -> dict[str, LocationId]:
    """The locations that there are at these paths."""
    by = visible_by(connection, "location", "path")
    rows = rows_by_key(connection, "SELECT path, id FROM location", by, sorted(set(paths)))
    return {path: LocationId(Id(location_id)) for path, location_id in rows}


def paths_of(connection: Connection, locations: Collection[LocationId]) -> dict[LocationId, str]:
    """The paths of those of some locations that are still there."""
    rows = rows_by_key(connection, "SELECT id, path FROM location", "id", sorted(set(locations)))
    return {LocationId(Id(location_id)): path for location_id, path in rows}
