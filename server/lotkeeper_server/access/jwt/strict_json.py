"""JSON from strangers: an object in which each name stands once, without numbers that are none."""

import json
from typing import Any, NoReturn


class NotStrict(ValueError):
    """The bytes are not such an object."""


def read_object(data: bytes) -> dict[str, Any]:
    """Reads one object of UTF-8.

    Raises:
        NotStrict: where it is something else, nested too deeply, or says something twice.
    """
    try:
        value = json.loads(data.decode(), object_pairs_hook=_each_once, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise NotStrict("it is not JSON in which each name stands once") from error
    if not isinstance(value, dict):
        raise NotStrict("it is not a JSON object")
    return value


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotStrict("a name stands twice")
    return found


def _refused(_constant: str) -> NoReturn:
    raise NotStrict("NaN and Infinity are no numbers of JSON")
