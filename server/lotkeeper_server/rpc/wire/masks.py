"""The fields that an update names."""

from google.protobuf.field_mask_pb2 import FieldMask

from lotkeeper_server.catalog.saving import MASK_FIELD
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.refusals import Fault, InvalidArgument, Refused


def read_mask(update_mask: FieldMask) -> list[str] | None:
    """The named fields; None where none is named: all are meant then.

    Raises:
        Refused: INVALID_ARGUMENT where more are named than any message has.
    """
    count = len(update_mask.paths)
    if count > limits.MASK_FIELDS_MAX:
        text = f"names {count} fields; at most {limits.MASK_FIELDS_MAX} are allowed"
        raise Refused(InvalidArgument.on(MASK_FIELD, Fault.out_of_range(text)))
    return list(update_mask.paths) or None
