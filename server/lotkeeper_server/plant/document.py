"""The bytes of a document as plain trees, YAML or JSON, with a limit for everything that comes from outside.

The field decides what an unquoted word means: `erp_id: 007` keeps its zeros, and a lot may be named `no`.
"""

import json
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

import yaml

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.enumerations import ExportFormat

Tree: TypeAlias = "dict[str, Tree] | list[Tree] | str | bool | None"

_NOTHING: Final = frozenset({"", "~", "null", "Null", "NULL"})
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml is some ten times as fast; wheels include it."""


class Plain(str):
    """An unquoted word or a number; its field decides what it means."""

    __slots__ = ()


class Unreadable(Exception):
    """The bytes are not a document; says why."""


def read_tree(data: bytes, document_format: ExportFormat) -> Tree:
    """The tree in the bytes. A quoted text is a `str`, an unquoted value is a `Plain`.

    Raises:
        Unreadable: where there is none, or it is beyond a limit.
    """
    if len(data) > limits.PLANT_BYTES_MAX:
        raise Unreadable(f"is longer than {limits.PLANT_BYTES_MAX} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"is not UTF-8 from byte {error.start} on") from None
    return _read_yaml(text) if document_format is ExportFormat.YAML else _read_json(text)


def _read_yaml(text: str) -> Tree:
    try:
        return _Builder().built(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        raise Unreadable(f"{_line(error.problem_mark)}: {error.problem}") from None
    except yaml.YAMLError as error:
        raise Unreadable(" ".join(str(error).split())) from None


def _line(mark: Any) -> str:
    return "the document" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}"


class _Frame:
    """A list or mapping that is still open."""

    __slots__ = ("anchor", "collection", "key", "nodes_before")

    def __init__(self, collection: "dict[str, Tree] | list[Tree]", anchor: str | None, nodes_before: int) -> None:
        self.collection = collection
        self.anchor = anchor
        self.nodes_before = nodes_before
        self.key: str | None = None


class _Builder:
    """Builds a tree from the parser's events: nothing recurses; an alias counts as everything that it stands for."""

    def __init__(self) -> None:
        self._open: list[_Frame] = []
        self._anchors: dict[str, tuple[Tree, int]] = {}
        self._nodes = 0
        self._root: Tree = None
        self._documents = 0

    def built(self, events: Iterable[Any]) -> Tree:
        """The tree of the only document in the events."""
        for event in events:
            match event:
                case yaml.ScalarEvent():
                    self._scalar(event)
                case yaml.MappingStartEvent():
                    self._begin({}, event)
                case yaml.SequenceStartEvent():
                    self._begin([], event)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self._end(event)
                case yaml.AliasEvent():
                    self._alias(event)
                case yaml.DocumentStartEvent():
                    self._documents += 1
                    if self._documents > 1:
                        raise Unreadable(f"{_line(event.start_mark)}: a second document begins")
        return self._root

    def _scalar(self, event: Any) -> None:
        if event.tag is not None:
            raise Unreadable(f"{_line(event.start_mark)}: the tag {event.tag} is not known")
        value: Tree = event.value
        if event.style is None or event.style == "":
            value = Plain(event.value)
        self._count(1, event)
        self._remember(event.anchor, value, 1)
        self._add(value, event)

    def _begin(self, collection: "dict[str, Tree] | list[Tree]", event: Any) -> None:
        if event.tag is not None:
            raise Unreadable(f"{_line(event.start_mark)}: the tag {event.tag} is not known")
        if len(self._open) >= limits.PLANT_DEPTH_MAX:
            raise Unreadable(f"{_line(event.start_mark)}: is nested more than {limits.PLANT_DEPTH_MAX} deep")
        self._open.append(_Frame(collection, event.anchor, self._nodes))
        self._count(1, event)

    def _end(self, event: Any) -> None:
        frame = self._open.pop()
        self._remember(frame.anchor, frame.collection, self._nodes - frame.nodes_before)
        self._add(frame.collection, event)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            raise Unreadable(f"{_line(event.start_mark)}: the anchor {event.anchor} is not known here")
        value, nodes = self._anchors[event.anchor]
        self._count(nodes, event)
        self._add(value, event)

    def _remember(self, anchor: str | None, value: Tree, nodes: int) -> None:
        if anchor is not None:
            self._anchors[anchor] = (value, nodes)

    def _count(self, nodes: int, event: Any) -> None:
        self._nodes += nodes
        if self._nodes > limits.PLANT_NODES_MAX:
            raise Unreadable(f"{_line(event.start_mark)}: more than {limits.PLANT_NODES_MAX} values")

    def _add(self, value: Tree, event: Any) -> None:
        if not self._open:
            self._root = _plain_or_nothing(value)
            return
        frame = self._open[-1]
        if isinstance(frame.collection, list):
            frame.collection.append(_plain_or_nothing(value))
        elif frame.key is None:
            if not isinstance(value, str):
                raise Unreadable(f"{_line(event.start_mark)}: a list or mapping cannot be a field's name")
            if value in frame.collection:
                raise Unreadable(f"{_line(event.start_mark)}: {_shown(value)} is given twice")
            frame.key = str(value)
        else:
            frame.collection[frame.key] = _plain_or_nothing(value)
            frame.key = None


def _plain_or_nothing(value: Tree) -> Tree:
    return None if isinstance(value, Plain) and value in _NOTHING else value


def _read_json(text: str) -> Tree:
    # The reader has no limit of its own; the commas between values bound what it builds.
    if text.count(",") > limits.PLANT_NODES_MAX:
        raise Unreadable(f"has more than {limits.PLANT_NODES_MAX} values")
    try:
        tree: Tree = json.loads(
            text, object_pairs_hook=_without_twins, parse_int=Plain, parse_float=Plain, parse_constant=_no_constant
        )
    except json.JSONDecodeError as error:
        raise Unreadable(f"line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise Unreadable(f"is nested more than {limits.PLANT_DEPTH_MAX} deep") from None
    return tree


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        twin = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise Unreadable(f"{_shown(twin)} is given twice in one object")
    return made


def _no_constant(word: str) -> Any:
    raise Unreadable(f"{word} is not JSON")


def _shown(text: str) -> str:
    shown = limits.REFUSAL_SHOWN_CODE_POINTS_MAX
    return text if len(text) <= shown else text[:shown] + "…"
