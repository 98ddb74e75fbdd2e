"""Builds a document's tree from what its reader meets, and weighs it while it grows."""

from collections.abc import Callable
from typing import Final, NoReturn, TypeAlias

from lotkeeper_server.catalog.breathing import Breath
from lotkeeper_server.domain import limits

Tree: TypeAlias = "dict[str, Tree] | list[Tree] | str | bool | None"

_NOTHING: Final = frozenset({"", "~", "null", "Null", "NULL"})
_VALUE_BYTES: Final = 64
"""What a value takes besides its text."""
_LIST_BYTES: Final = 120
_MAPPING_BYTES: Final = 3_000
"""With the message, the values and the row that an entry becomes; measured, at 80,000 lots."""
_ANCHOR_BYTES: Final = 300
_STEPS_BETWEEN_BREATHS: Final = 512
_MEGABYTE: Final = 1_000_000


class Plain(str):
    """An unquoted word or a number; its field decides what it means."""

    __slots__ = ()


class Unreadable(Exception):
    """The bytes are not a document; says why."""


class _Frame:
    """A list or mapping that is still open."""

    __slots__ = ("anchor", "bytes_before", "collection", "key", "nodes_before")

    def __init__(
        self, collection: "dict[str, Tree] | list[Tree]", anchor: str | None, nodes_before: int, bytes_before: int
    ) -> None:
        self.collection = collection
        self.anchor = anchor
        self.nodes_before = nodes_before
        self.bytes_before = bytes_before
        self.key: str | None = None


class TreeBuilder:
    """Builds a tree: nothing recurses, and an alias counts and weighs as everything that it stands for.

    Attributes:
        root: the tree, once it is built.
        where: says where the reader stands, for what is refused.
    """

    def __init__(self, bytes_max: int) -> None:
        """Begins with nothing.

        Args:
            bytes_max: what the tree, and what is made of it, may weigh.
        """
        self.root: Tree = None
        self.where: Callable[[], str] = str
        self._bytes_max = bytes_max
        self._open: list[_Frame] = []
        self._anchors: dict[str, tuple[Tree, int, int]] = {}
        self._nodes = 0
        self._bytes = 0
        self._alias_bytes = 0

    def refuse(self, why: str) -> NoReturn:
        """Refuses the document where the reader stands.

        Raises:
            Unreadable: always.
        """
        raise Unreadable(f"{self.where()}: {why}")

    @property
    def in_mapping(self) -> bool:
        """Whether the innermost open collection is a mapping."""
        return bool(self._open) and isinstance(self._open[-1].collection, dict)

    @property
    def is_open(self) -> bool:
        """Whether a list or mapping has begun and not ended."""
        return bool(self._open)

    def scalar(self, value: "str | bool | None", anchor: str | None = None) -> None:
        """A field's name, or a value that is neither a list nor a mapping."""
        text_bytes = 0
        if isinstance(value, str):
            if len(value) > limits.PLANT_TEXT_CODE_POINTS_MAX:
                self.refuse(f"a text is longer than {limits.PLANT_TEXT_CODE_POINTS_MAX} characters")
            text_bytes = str.__sizeof__(value)
        weight = _VALUE_BYTES + 2 * text_bytes  # in the tree, and in a message
        self._count(1, weight)
        if anchor is not None:
            self._remember(anchor, value, 1, weight)
        self._add(value)

    def begin_list(self, anchor: str | None = None) -> None:
        """A list begins."""
        self._begin([], _LIST_BYTES, anchor)

    def begin_mapping(self, anchor: str | None = None) -> None:
        """A mapping begins: names and values in turn."""
        self._begin({}, _MAPPING_BYTES, anchor)

    def end(self) -> None:
        """The innermost list or mapping ends."""
        frame = self._open.pop()
        if frame.anchor is not None:
            self._remember(
                frame.anchor, frame.collection, self._nodes - frame.nodes_before, self._bytes - frame.bytes_before
            )
        self._add(frame.collection)

    def alias(self, anchor: str) -> None:
        """What an earlier anchor stands for, once more."""
        if anchor not in self._anchors:
            self.refuse(f"the anchor {_shown(anchor)} is not known here")
        value, nodes, weight = self._anchors[anchor]
        self._alias_bytes += weight
        if self._alias_bytes > limits.PLANT_ALIAS_BYTES_MAX:
            self.refuse(f"aliases unfold to more than {limits.PLANT_ALIAS_BYTES_MAX // _MEGABYTE} MB")
        self._count(nodes, weight)
        self._add(list(value) if isinstance(value, list) else value)  # a list is emptied while it is read

    def let_go(self) -> None:
        """Gives up what is built so far."""
        parts: list[Tree] = [frame.collection for frame in self._open]
        self._open.clear()
        self._anchors.clear()
        let_go([*parts, self.root])
        self.root = None

    def _begin(self, collection: "dict[str, Tree] | list[Tree]", weight: int, anchor: str | None) -> None:
        if len(self._open) >= limits.PLANT_DEPTH_MAX:
            self.refuse(f"is nested more than {limits.PLANT_DEPTH_MAX} deep")
        self._open.append(_Frame(collection, anchor, self._nodes, self._bytes))
        self._count(1, weight)

    def _remember(self, anchor: str, value: Tree, nodes: int, weight: int) -> None:
        self._anchors[anchor] = (value, nodes, weight)
        self._count(0, _ANCHOR_BYTES + len(anchor))

    def _count(self, nodes: int, weight: int) -> None:
        self._nodes += nodes
        self._bytes += weight
        if self._nodes > limits.PLANT_NODES_MAX:
            self.refuse(f"more than {limits.PLANT_NODES_MAX} values")
        if self._bytes > self._bytes_max:
            self.refuse(f"unfolds to more than {self._bytes_max // _MEGABYTE} MB")

    def _add(self, value: Tree) -> None:
        if not self._open:
            self.root = _plain_or_nothing(value)
            return
        frame = self._open[-1]
        collection = frame.collection
        if isinstance(collection, list):
            collection.append(_plain_or_nothing(value))
        elif frame.key is None:
            if not isinstance(value, str):
                self.refuse("a list or mapping cannot be a field's name")
            if value in collection:
                self.refuse(f"{_shown(value)} is given twice")
            if len(collection) >= limits.PLANT_ENTRY_FIELDS_MAX:
                self.refuse(f"more than {limits.PLANT_ENTRY_FIELDS_MAX} fields")
            frame.key = str(value)
        else:
            collection[frame.key] = _plain_or_nothing(value)
            frame.key = None


def let_go(trees: list[Tree]) -> None:
    """Empties trees piece by piece: a million values that go at once hold everybody up."""
    breath = Breath(None, _STEPS_BETWEEN_BREATHS)
    waiting = trees
    while waiting:
        breath()
        last = waiting[-1]
        if not last or not isinstance(last, dict | list):
            waiting.pop()
        else:
            waiting.append(last.pop() if isinstance(last, list) else last.popitem()[1])


def _plain_or_nothing(value: Tree) -> Tree:
    return None if isinstance(value, Plain) and value in _NOTHING else value


def _shown(text: str) -> str:
    shown = limits.REFUSAL_SHOWN_CODE_POINTS_MAX
    return text if len(text) <= shown else text[:shown] + "…"
