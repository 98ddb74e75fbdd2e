"""Whether what a limited caller names lies where its permission holds, as the tree of locations is now.

A thing lies there if every location that it names does; a thing that names none has no place, and lies everywhere.
What does not exist is refused like what lies elsewhere, so a refusal tells nobody what there is elsewhere; only a path
that would lie there may be told not to exist.
"""

from collections.abc import Iterable

from lotkeeper_server.domain.commands import RequestedAction
from lotkeeper_server.domain.keys import DefinitionKey, Missing
from lotkeeper_server.domain.kinds import Effect
from lotkeeper_server.domain.model.definitions import InventoryOperation, Location
from lotkeeper_server.domain.model.identifiers import Id, LocationId
from lotkeeper_server.domain.model.scope import Scope, lies_within
from lotkeeper_server.domain.model.stock import Record
from lotkeeper_server.domain.refusals import PermissionDenied, Refused
from lotkeeper_server.domain.resolve.action import Action
from lotkeeper_server.domain.working_set import WorkingSet


def elsewhere(state: WorkingSet, scope: Scope) -> PermissionDenied:
    """The refusal of what lies elsewhere, or does not exist."""
    return scope.refusal(_paths(state, scope))


def check_operation(state: WorkingSet, scope: Scope, operation: InventoryOperation) -> None:
    """Both locations of a definition.

    Raises:
        Refused: PERMISSION_DENIED.
        Missing: for locations that are not loaded.
    """
    _check(state, scope, (operation.source_location_id, operation.destination_location_id))


def check_record(state: WorkingSet, scope: Scope, record: Record) -> None:
    """Both locations of a record; raises as `check_operation`."""
    places = (record.source_location, record.destination_location)
    _check(state, scope, [LocationId(Id(place.id)) for place in places if place is not None])


def check_requested(state: WorkingSet, scope: Scope, requested: RequestedAction) -> None:
    """Both locations of an action, and that of its process operation; raises as `check_operation`."""
    given: list[Id | str | None] = [requested.source, requested.destination]
    if requested.operation_id is not None:
        process_operation = state.process_operation(requested.operation_id)
        if process_operation is None:
            raise Refused(elsewhere(state, scope))
        given.append(process_operation.location_id)
    _check(state, scope, given)


def check_resolved(state: WorkingSet, scope: Scope, action: Action) -> None:
    """All stock of a lot whose status changes: the status holds wherever it lies; raises as `check_operation`."""
    if action.kind.effect is Effect.CHANGE_STATUS:
        rows = state.rows_of_lot(action.the_lot.id)
        _check(state, scope, [row.location_id for row in rows if row.millionths])


def _check(state: WorkingSet, scope: Scope, places: Iterable[Id | str | None]) -> None:
    paths = _paths(state, scope)
    for given in places:
        if given is None:
            continue
        location: Location | None
        if isinstance(given, bytes):
            location = state.location(given)
        elif lies_within(given, paths):
            continue  # where it is not there, that may be told
        else:
            location = None
        if location is None or not lies_within(location.path, paths):
            raise Refused(scope.refusal(paths))


def _paths(state: WorkingSet, scope: Scope) -> list[str]:
    """Of the scope's locations that are there."""
    paths: list[str] = []
    missing: list[DefinitionKey] = []
    for location_id in sorted(scope.locations):
        try:
            location = state.location(location_id)
        except Missing as more:
            missing.extend(key for key in more.keys if isinstance(key, DefinitionKey))
            continue
        if location is not None:
            paths.append(location.path)
    if missing:
        raise Missing(*missing)
    return paths
