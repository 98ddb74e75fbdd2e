"""Records that a caller may see who is limited to places."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection

from lotkeeper_server.domain.model.enumerations import LotRecordType
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.model.stock import Record
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.store.db.statements import chunks, exact_sum, fetch
from lotkeeper_server.store.entities.within import Within, within
from lotkeeper_server.store.schema.tables import inventory_lot_record


def check_record_seen(connection: Connection, record: Record | None, field: str) -> None:
    """Returns where the caller may see everywhere, or a record is there and lies within.

    Args:
        connection: a snapshot.
        record: None where there is none of this id.
        field: of the request, that names it.

    Raises:
        Refused: PERMISSION_DENIED.
    """
    seen = within(connection)
    if seen is None:
        return
    places = () if record is None else (record.source_location, record.destination_location)
    ids = {Id(place.id) for place in places if place is not None}
    if record is None or seen.among(connection, ids) != ids:
        raise Refused(seen.refusal.at(field))


def totals_within(connection: Connection, seen: Within, lot_ids: Collection[Id]) -> Mapping[Id, int]:
    """How much of lots was made or came where the caller may look, in millionths, as far as it is not archived.

    A SPLIT raises the total of its secondary lot, every other record that of its lot. A lot with nothing is left out.
    """
    inside, places = seen.condition(inventory_lot_record.name, "t")
    total = exact_sum(connection, "t.lot_total_change")
    found: dict[Id, int] = {}
    for column, of_type in (("lot_id", "<>"), ("secondary_lot_id", "=")):
        for chunk in chunks(sorted(lot_ids)):
            marks = ", ".join("?" for _ in chunk)
            text = (
                f"SELECT t.{column}, {total} FROM inventory_lot_record AS t WHERE t.{column} IN ({marks}) "  # noqa: S608
                f"AND t.lot_record_type {of_type} {LotRecordType.SPLIT:d} AND {inside} GROUP BY t.{column}"
            )
            for lot_id, millionths in fetch(connection, text, (*chunk, *places)):
                found[lot_id] = found.get(lot_id, 0) + int(millionths or 0)
    return found
