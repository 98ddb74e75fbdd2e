"""Values of JSON's types as YAML, which readers of YAML 1.1 and of 1.2 understand alike.

The client has no YAML library: what it writes needs a small part of the language, mappings and sequences in blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from lotkeeper.visible_text import json_text

_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*")
_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"})
"""What some readers take for something other than a text."""
_PAIR: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE)
_STEP: Final = "  "


def yaml_lines(value: Any) -> Iterator[str]:
    """A value as lines, without line feeds."""
    if isinstance(value, dict) and value:
        for name, one in value.items():
            yield from _named(f"{_text(name)}:", one)
    elif isinstance(value, list) and value:
        for one in value:
            yield from item_lines(one)
    else:
        yield _scalar(value)


def item_lines(value: Any) -> Iterator[str]:
    """A value as an item of a sequence."""
    mark = "- "
    for line in yaml_lines(value):
        yield mark + line
        mark = _STEP


def _named(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        yield name
        yield from (_STEP + line for line in yaml_lines(value))
    else:
        yield f"{name} {_scalar(value)}"


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        written = repr(value)
        return written if "." in written or "e" not in written else written.replace("e", ".0e")
    return json_text(value)


def _text(text: str) -> str:
    """As it is where nobody can take it for anything else, otherwise in JSON's quotes, which are YAML's, too."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return _PAIR.sub(_single, json_text(text))


def _single(match: re.Match[str]) -> str:
    """One character, which JSON writes as two halves."""
    character = bytes.fromhex(match[2] + match[3]).decode("utf-16-be")
    return f"{match[1]}\\U{ord(character):08x}"
