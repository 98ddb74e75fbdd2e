"""A fault of the server: whoever called gets an id, and the log has the stack beside that id."""

import sys
import uuid

from lotkeeper_server.domain.refusals import Internal
from lotkeeper_server.event_log import get_logger

_log = get_logger()


def logged_fault(event: str = "fault", **details: object) -> Internal:
    """Logs a fault, with the exception that is being handled if there is one; what its caller is told.

    Args:
        event: names the log line.
        details: further fields of it.
    """
    error_id = uuid.uuid4().hex
    _log.error(event, error_id=error_id, exc_info=sys.exception() is not None, **details)
    return Internal(error_id=error_id)
