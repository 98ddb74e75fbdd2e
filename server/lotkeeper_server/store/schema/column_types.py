"""Types of columns, as each database has them: ids of 16 bytes, texts compared by code point, enough room.

They are SQLAlchemy's general types: importing those of a database costs 0.1 s and imports all its drivers' dialects.
"""

from typing import Any, Final

from sqlalchemy import BINARY, LargeBinary, String, Text

_MARIADB: Final = ("mysql", "mariadb")
_BY_CODE_POINT: Final = "utf8mb4_nopad_bin"
_SOME_MEGABYTES: Final = 2**24 - 1
"""A length from which MariaDB takes a MEDIUMBLOB."""


def fixed_bytes(length: int) -> Any:
    """Exactly so many bytes: an id, a digest."""
    return LargeBinary(length).with_variant(BINARY(length), *_MARIADB)


def many_bytes() -> Any:
    """Any number of bytes, up to some megabytes."""
    return LargeBinary().with_variant(LargeBinary(_SOME_MEGABYTES), *_MARIADB)


def short_text(length: int) -> Any:
    """Up to so many code points, compared and sorted by code point, independent of the database's own order."""
    in_mariadb, in_postgresql = String(length, collation=_BY_CODE_POINT), String(length, collation="C")
    return String(length).with_variant(in_mariadb, *_MARIADB).with_variant(in_postgresql, "postgresql")


def long_text() -> Any:
    """Notes, descriptions, expressions."""
    return Text().with_variant(Text(collation=_BY_CODE_POINT), *_MARIADB)
