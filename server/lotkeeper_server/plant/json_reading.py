"""Reads JSON token by token: the reader of the standard library is faster, but lets nobody else run meanwhile."""

import json
import re
from typing import Final, NoReturn

from lotkeeper_server.catalog.breathing import Breath
from lotkeeper_server.plant.tree import Plain, TreeBuilder, Unreadable

_RUN: Final = 64 * 1024
"""The longest text or white space that is looked at in one go."""
_TEXT_BYTES_MAX: Final = _RUN
"""With its escapes; a correct text, each of its characters written as two of six bytes, has 48,000."""
_SPACE: Final = re.compile(rb"[ \t\n\r]{0,%d}" % _RUN)
_PLAIN_TEXT: Final = re.compile(rb'[^"\\\x00-\x1f]{0,%d}"' % _TEXT_BYTES_MAX)
_TEXT: Final = re.compile(rb'(?:[^"\\\x00-\x1f]|\\.){0,%d}"' % _TEXT_BYTES_MAX)
_WORD: Final = re.compile(rb"[-+.0-9A-Za-z]{1,1000}")
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_NO_NUMBERS: Final = frozenset({"NaN", "Infinity", "-Infinity"})
_WORDS: Final = {"true": True, "false": False, "null": None}
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_QUOTE, _COMMA, _COLON = b'",:'
_LIST, _MAPPING = b"[{"
_CLOSINGS: Final = {ord("]"): False, ord("}"): True}
"""Whether a bracket closes a mapping."""


def read_json(data: bytes | bytearray, builder: TreeBuilder, breath: Breath) -> None:
    """Reads the only value in the bytes.

    Args:
        data: UTF-8.
        builder: builds the tree.
        breath: called at each value.

    Raises:
        Unreadable: where there is none, or it is beyond a limit.
        Stopped: once nobody waits any more.
    """
    _Reading(data, builder, breath).read()


class _Reading:
    """A document that is being read, and where."""

    def __init__(self, data: bytes | bytearray, builder: TreeBuilder, breath: Breath) -> None:
        self._data = data
        self._builder = builder
        self._breath = breath
        self._run_breath = breath.with_steps_between(1)
        self._at = len(_BYTE_ORDER_MARK) if data[: len(_BYTE_ORDER_MARK)] == _BYTE_ORDER_MARK else 0
        self._token_at = self._at
        builder.where = self._where

    def read(self) -> None:
        builder = self._builder
        self._value(self._token())
        while builder.is_open:
            self._breath()
            token = self._token()
            if _CLOSINGS.get(token) is builder.in_mapping:
                builder.end()
            elif token == _COMMA:
                self._item(self._token())
            else:
                self._expect("',' delimiter")
        if self._token() != -1:
            builder.refuse("Extra data")

    def _token(self) -> int:
        """The first byte of the next token, and goes behind it; -1 at the end."""
        data = self._data
        while True:
            found = _SPACE.match(data, self._at)
            assert found is not None
            self._at = found.end()
            if found.end() - found.start() < _RUN:
                break
            self._run_breath()
        self._token_at = self._at
        if self._at >= len(data):
            return -1
        self._at += 1
        return data[self._token_at]

    def _item(self, token: int) -> None:
        """An item of a list, or a name and a value of a mapping."""
        if self._builder.in_mapping:
            if token != _QUOTE:
                self._expect("property name enclosed in double quotes")
            self._builder.scalar(self._text())
            if self._token() != _COLON:
                self._expect("':' delimiter")
            token = self._token()
        self._value(token)

    def _value(self, token: int) -> None:
        """A value; of a list or mapping what stands before its first comma."""
        builder = self._builder
        while token in {_LIST, _MAPPING}:
            if token == _LIST:
                builder.begin_list()
            else:
                builder.begin_mapping()
            token = self._token()
            if _CLOSINGS.get(token) is builder.in_mapping:
                builder.end()
                return
            if builder.in_mapping:
                if token != _QUOTE:
                    self._expect("property name enclosed in double quotes")
                builder.scalar(self._text())
                if self._token() != _COLON:
                    self._expect("':' delimiter")
                token = self._token()
        builder.scalar(self._text() if token == _QUOTE else self._word(token))

    def _text(self) -> str:
        """The text whose quote was passed."""
        data, begin = self._data, self._at
        found = _PLAIN_TEXT.match(data, begin)
        if found is not None:
            self._at = found.end()
            return self._decoded(data[begin : self._at - 1], begin)
        found = _TEXT.match(data, begin)
        if found is None:
            if len(data) - begin > _TEXT_BYTES_MAX and data.find(b'"', begin, begin + _TEXT_BYTES_MAX) < 0:
                self._builder.refuse(f"a text is longer than {_TEXT_BYTES_MAX} bytes")
            self._builder.refuse("a text has no end, a control character, or a wrong escape")
        self._at = found.end()
        raw = self._decoded(data[begin - 1 : self._at], begin - 1)
        try:
            text: str = json.loads(raw)
        except json.JSONDecodeError as error:
            self._token_at = begin + max(0, error.pos - 1)
            self._builder.refuse(error.msg)
        return text

    def _decoded(self, raw: bytes | bytearray, begin: int) -> str:
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            raise Unreadable(f"is not UTF-8 from byte {begin + error.start} on") from None

    def _word(self, token: int) -> str | bool | None:
        """A number, or one of three words."""
        found = None if token == -1 else _WORD.match(self._data, self._at - 1)
        if found is None:
            self._expect("value")
        word = found[0].decode()
        if word in _NO_NUMBERS:
            raise Unreadable(f"{word} is not JSON")
        if word not in _WORDS and not _NUMBER.fullmatch(word):
            self._expect("value")
        self._at = found.end()
        return _WORDS[word] if word in _WORDS else Plain(word)

    def _expect(self, what: str) -> NoReturn:
        """Refuses what stands in the place of something else.

        Raises:
            Unreadable: always.
        """
        self._builder.refuse(f"Expecting {what}")

    def _where(self) -> str:
        line = self._data.count(b"\n", 0, self._token_at)
        column = self._token_at - self._data.rfind(b"\n", 0, self._token_at)
        return f"line {line + 1}, column {column}"
