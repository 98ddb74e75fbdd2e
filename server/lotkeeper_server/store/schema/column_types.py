"""Types of columns, as each database has them: ids of 16 bytes, texts compared by code point, enough room."""

from typing import Any, Final

from sqlalchemy import LargeBinary, String, Text
from sqlalchemy.dialects import mysql, postgresql

_MARIADB: Final = ("mysql", "mariadb")
_BY_CODE_POINT: Final = "utf8mb4_nopad_bin"


def fixed_bytes(length: int) -> Any:
    """Exactly so many bytes: an id, a digest."""
    return LargeBinary(length).with_variant(mysql.BINARY(length), *_MARIADB)


def many_bytes() -> Any:
    """Any number of bytes, up to some megabytes."""
    return LargeBinary().with_variant(mysql.MEDIUMBLOB(), *_MARIADB)


def short_text(length: int) -> Any:
    """Up to so many code points, compared and sorted by code point, independent of the database's own order."""
    in_mariadb = mysql.VARCHAR(length, charset="utf8mb4", collation=_BY_CODE_POINT)
    in_postgresql = postgresql.VARCHAR(length, collation="C")
    return String(length).with_variant(in_mariadb, *_MARIADB).with_variant(in_postgresql, "postgresql")


def long_text() -> Any:
    """Notes, descriptions, expressions."""
    in_mariadb = mysql.TEXT(charset="utf8mb4", collation=_BY_CODE_POINT)
    return Text().with_variant(in_mariadb, *_MARIADB)
