"""A document's text: the same plant gives the same bytes, YAML in blocks, JSON indented."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from lotkeeper_server.domain.model.enumerations import ExportFormat
from lotkeeper_server.plant.tree import Plain

Value = tuple[str, str]
"""A field's name and its text; a number or a boolean is a `Plain`, and is written without quotes."""

_UNQUOTED: Final = re.compile(r"[^\W\d_][\w./%+()-]*( [\w./%+(-][\w./%+()-]*)*")
"""What YAML can only read as a text: it begins with a letter, has none of YAML's marks, does not end with a space."""
_WORDS: Final = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_UNPRINTABLE: Final = re.compile(
    "[^\n\t\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029]"
)


def document_pieces(
    sections: Iterable[tuple[str, Iterable[Sequence[Value]]]], document_format: ExportFormat
) -> Iterator[str]:
    """The text of a document, piece by piece; a section without entries is left out.

    Args:
        sections: names and entries, in order.
        document_format: YAML or JSON.
    """
    if document_format is ExportFormat.YAML:
        return _yaml(sections)
    return _json(sections)


def _yaml(sections: Iterable[tuple[str, Iterable[Sequence[Value]]]]) -> Iterator[str]:
    before = ""
    for section, entries in sections:
        heading = f"{before}{section}:\n"
        for entry in entries:
            lines = "\n    ".join(f"{name}: {_yaml_text(value)}" for name, value in entry)
            yield f"{heading}  - {lines}\n"
            heading, before = "", "\n"
    if not before:
        yield "{}\n"


def _yaml_text(value: str) -> str:
    if isinstance(value, Plain) or (_UNQUOTED.fullmatch(value) and value.lower() not in _WORDS):
        return value
    return _UNPRINTABLE.sub(_escaped, json.dumps(value, ensure_ascii=False))


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def _json(sections: Iterable[tuple[str, Iterable[Sequence[Value]]]]) -> Iterator[str]:
    before = "{\n"
    for section, entries in sections:
        heading = f'{before}  "{section}": [\n'
        after = ""
        for entry in entries:
            lines = ",\n".join(f'      "{name}": {_json_text(value)}' for name, value in entry)
            yield f"{heading}    {{\n{lines}\n    }}"
            heading, after, before = ",\n", "\n  ]", ",\n"
        yield after
    yield "{}\n" if before == "{\n" else "\n}\n"


def _json_text(value: str) -> str:
    return value if isinstance(value, Plain) else json.dumps(value, ensure_ascii=False)
