"""Reads YAML: the parser is given little at a time, so that it holds nobody up and can be stopped within a text."""

import codecs
from typing import Any, Final

import yaml

from lotkeeper_server.catalog.breathing import Breath
from lotkeeper_server.domain import limits
from lotkeeper_server.plant.tree import Plain, TreeBuilder, Unreadable

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml is some ten times as fast; wheels include it."""
_PIECE_BYTES: Final = 4 * 1024
_PIECES_BETWEEN_VALUES_MAX: Final = limits.PLANT_GAP_BYTES_MAX // _PIECE_BYTES
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


def read_yaml(data: bytes | bytearray, builder: TreeBuilder, breath: Breath) -> None:
    """Reads the only document in the bytes.

    Args:
        data: UTF-8.
        builder: builds the tree.
        breath: called at each value.

    Raises:
        Unreadable: where there is none, or it is beyond a limit.
        Stopped: once nobody waits any more.
    """
    source = _Source(data, breath)
    try:
        _build(source, builder, breath)
    except yaml.MarkedYAMLError as error:
        source.check()
        raise Unreadable(f"{_line(error.problem_mark)}: {error.problem}") from None
    except yaml.YAMLError as error:
        source.check()
        raise Unreadable(" ".join(str(error).split())) from None


def _build(source: "_Source", builder: TreeBuilder, breath: Breath) -> None:
    event: Any = None
    builder.where = lambda: _line(event.start_mark)
    documents = 0
    for event in yaml.parse(source, Loader=_LOADER):
        source.check()
        breath()
        source.pieces_since_value = 0
        match event:
            case yaml.ScalarEvent():
                _check_tag(builder, event)
                is_plain = event.style is None or event.style == ""
                builder.scalar(Plain(event.value) if is_plain else event.value, event.anchor)
            case yaml.MappingStartEvent():
                _check_tag(builder, event)
                builder.begin_mapping(event.anchor)
            case yaml.SequenceStartEvent():
                _check_tag(builder, event)
                builder.begin_list(event.anchor)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                builder.end()
            case yaml.AliasEvent():
                builder.alias(event.anchor or "")
            case yaml.DocumentStartEvent():
                documents += 1
                if documents > 1:
                    builder.refuse("a second document begins")


def _check_tag(builder: TreeBuilder, event: Any) -> None:
    if event.tag is not None:
        builder.refuse(f"the tag {event.tag[: limits.REFUSAL_SHOWN_CODE_POINTS_MAX]} is not known")


class _Source:
    """What the parser reads from: text, a piece at a time.

    The parser is C and does not pass exceptions on. So whatever is wrong ends the text, and `check` says it.

    Attributes:
        pieces_since_value: how many were read since the last value.
    """

    def __init__(self, data: bytes | bytearray, breath: Breath) -> None:
        self._data = memoryview(data)
        self._at = len(_BYTE_ORDER_MARK) if data[: len(_BYTE_ORDER_MARK)] == _BYTE_ORDER_MARK else 0
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._breath = breath.with_steps_between(1)
        self._fault: BaseException | None = None
        self.pieces_since_value = 0

    def check(self) -> None:
        """Says what ended the text.

        Raises:
            Unreadable: for its bytes.
            Stopped: once nobody waits any more.
        """
        if self._fault is not None:
            raise self._fault

    def read(self, length: int = 0, /) -> str:  # noqa: ARG002 - it has a length of its own
        """The next piece; empty at the end."""
        try:
            return self._next()
        except Exception as fault:  # a border: it is raised by `check`
            self._fault = fault
            return ""

    def _next(self) -> str:
        if self._fault is not None:
            return ""
        self._breath()
        self.pieces_since_value += 1
        if self.pieces_since_value > _PIECES_BETWEEN_VALUES_MAX:
            raise Unreadable(f"has more than {limits.PLANT_GAP_BYTES_MAX} bytes without a value")
        text = ""
        while not text and self._at < len(self._data):
            piece = self._data[self._at : self._at + _PIECE_BYTES]
            pending = len(self._decoder.getstate()[0])
            try:
                text = self._decoder.decode(piece, final=self._at + len(piece) == len(self._data))
            except UnicodeDecodeError as error:
                raise Unreadable(f"is not UTF-8 from byte {self._at - pending + error.start} on") from None
            self._at += len(piece)
        return text


def _line(mark: Any) -> str:
    return "the document" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}"
