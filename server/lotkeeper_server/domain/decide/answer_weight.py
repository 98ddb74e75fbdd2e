"""The size of an answer on the wire: an upper bound, computed where it could matter."""

from lotkeeper_server.domain.model.stock import Answer, Record

_FIXED_BYTES = 900
"""Ids, numbers, dates, tags and lengths of one record, with room to spare."""
RECORDS_ALWAYS_LIGHT = 50
"""So many records always fit, with the longest texts: at most 36,000 bytes each."""


def weight_bytes(answer: Answer) -> int:
    """How many bytes an answer takes at most; it contains the record of the call twice."""
    weights = [_record_bytes(record) for record in answer.records]
    return sum(weights) + (0 if answer.main_index is None else weights[answer.main_index])


def _record_bytes(record: Record) -> int:
    """Each item of a batch is weighed: its texts are joined, which costs a fifth of a look at each of them."""
    common, reason, unit = record.common, record.reason_code, record.unit
    texts = [
        common.notes,
        common.spare1,
        common.spare2,
        common.spare3,
        common.created_by,
        common.modified_by or "",
        record.lot.name,
        record.material.path,
        record.operation_record_id,
        record.inventory_name,
        record.request_id,
    ]
    if reason is not None:
        texts.append(reason.code)
    if unit is not None:
        texts += (unit.name, unit.symbol)
    for named in (record.secondary_lot, record.inventory_operation, record.production_order):
        if named is not None:
            texts.append(named.name)
    for place in (record.source_location, record.destination_location):
        if place is not None:
            texts += (place.name, place.path)
    text = "".join(texts)
    return _FIXED_BYTES + (len(text) if text.isascii() else len(text.encode()))
