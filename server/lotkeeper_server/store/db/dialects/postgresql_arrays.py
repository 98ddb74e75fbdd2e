"""Arrays in PostgreSQL's binary form.

The driver's own take some ten times as long, and choose a type by the values, so that one statement would be prepared
again and again.
"""

import struct
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

import sqlalchemy
from sqlalchemy import types

_HEADER: Final = struct.Struct(">iIIii")
_ABSENT: Final = struct.pack(">i", -1)


class _Array(bytes):
    """Packed, by the type of its elements."""


class _Bytea(_Array):
    """Of BYTEA."""


class _Text(_Array):
    """Of TEXT."""


class _Int8(_Array):
    """Of BIGINT."""


class _Int4(_Array):
    """Of INTEGER."""


class _Int2(_Array):
    """Of SMALLINT."""


class _Bool(_Array):
    """Of BOOLEAN."""


def _with_lengths(element_oid: int, values: Sequence[bytes | None]) -> bytes:
    has_absent = None in values
    pieces = [_HEADER.pack(1, has_absent, element_oid, len(values), 1)]
    pieces += [_ABSENT if value is None else len(value).to_bytes(4, "big") + value for value in values]
    return b"".join(pieces)


def _pack_bytea(values: Sequence[Any]) -> _Array:
    return _Bytea(_with_lengths(17, values))


def _pack_text(values: Sequence[Any]) -> _Array:
    return _Text(_with_lengths(25, [None if value is None else value.encode() for value in values]))


def _packer_of_integers(kind: type[_Array], oid: int, width: int, code: str) -> Callable[[Sequence[Any]], _Array]:
    element = struct.Struct(f">i{code}")

    def pack(values: Sequence[Any]) -> _Array:
        has_absent = None in values
        header = _HEADER.pack(1, has_absent, oid, len(values), 1)
        return kind(header + b"".join([_ABSENT if one is None else element.pack(width, one) for one in values]))

    return pack


_PACKERS: Final[dict[type, Callable[[Sequence[Any]], _Array]]] = {
    types.LargeBinary: _pack_bytea,
    types.String: _pack_text,
    types.Text: _pack_text,
    types.BigInteger: _packer_of_integers(_Int8, 20, 8, "q"),
    types.Integer: _packer_of_integers(_Int4, 23, 4, "i"),
    types.SmallInteger: _packer_of_integers(_Int2, 21, 2, "h"),
    types.Boolean: _packer_of_integers(_Bool, 16, 1, "?"),
}
_OIDS: Final = {_Bytea: 1001, _Text: 1009, _Int8: 1016, _Int4: 1007, _Int2: 1005, _Bool: 1000}


def pack(column_type: sqlalchemy.types.TypeEngine[Any], values: Sequence[Any]) -> bytes:
    """An array of a column's values, for the driver."""
    return _PACKERS[type(column_type)](values)


def array_of(keys: Sequence[Any]) -> bytes:
    """An array of keys, all of one kind and at least one: ids, texts or whole numbers."""
    if isinstance(keys[0], bytes):
        return _pack_bytea(keys)
    return _pack_text(keys) if isinstance(keys[0], str) else _PACKERS[types.BigInteger](keys)


@lru_cache(1)
def register_arrays() -> None:
    """Lets the driver take what `pack` and `array_of` make.

    Raises:
        ImportError: there is no driver.
    """
    import psycopg  # noqa: PLC0415 - an extra
    from psycopg.adapt import Dumper  # noqa: PLC0415
    from psycopg.pq import Format  # noqa: PLC0415

    def dumper_of(array_oid: int) -> type[Dumper]:
        class Packed(Dumper):
            format = Format.BINARY
            oid = array_oid

            def dump(self, obj: Any) -> bytes:
                return bytes(obj)

        return Packed

    for kind, oid in _OIDS.items():
        psycopg.adapters.register_dumper(kind, dumper_of(oid))
