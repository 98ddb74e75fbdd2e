"""The size of an answer on the wire: an upper bound, computed where it could matter."""

from lotkeeper_server.domain.model.stock import Answer, Named, Placed, Record

_FIXED_BYTES = 900
"""Ids, numbers, dates, tags and lengths of one record, with room to spare."""
RECORDS_ALWAYS_LIGHT = 50
"""So many records always fit, with the longest texts: at most 36,000 bytes each."""


def weight_bytes(answer: Answer) -> int:
    """How many bytes an answer takes at most; it contains the record of the call twice."""
    main = answer.main
    return sum(_record_bytes(record) for record in answer.records) + (_record_bytes(main) if main else 0)


def _record_bytes(record: Record) -> int:
    common = record.common
    texts = [
        common.notes,
        common.spare1,
        common.spare2,
        common.spare3,
        common.created_by,
        common.modified_by or "",
        record.material.path,
        record.operation_record_id,
        record.inventory_name,
        record.request_id,
        record.reason_code.code if record.reason_code else "",
        record.unit.symbol if record.unit else "",
        *_names(record.lot, record.secondary_lot, record.inventory_operation, record.production_order, record.unit),
        *_names(record.source_location, record.destination_location),
        *_paths(record.source_location, record.destination_location),
    ]
    return _FIXED_BYTES + sum(len(text) if text.isascii() else len(text.encode()) for text in texts)


def _names(*things: Named | None) -> list[str]:
    return [thing.name for thing in things if thing is not None]


def _paths(*places: Placed | None) -> list[str]:
    return [place.path for place in places if place is not None]
