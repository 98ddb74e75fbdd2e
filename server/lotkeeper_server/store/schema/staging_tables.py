"""The part of the schema for imports that are too long for one transaction: what is written, and not there yet."""

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, LargeBinary, SmallInteger, Table

from lotkeeper_server.store.schema.column_types import fixed_bytes
from lotkeeper_server.store.schema.tables import metadata

STAGED_VALUES: Final = tuple(f"value{number}" for number in range(1, 17))
"""Columns of `staged_change` for new values; SQLite keeps any kind of value in each."""

staged_import = Table(
    "staged_import",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("owner", fixed_bytes(16), nullable=False, comment="of whoever writes it, a new one for each try"),
    Column("turn", BigInteger, nullable=False, comment="raised by each of its transactions: it is alive"),
    Column("first_order", BigInteger, comment="the effect order of its first record; NULL: it has none"),
    Column("last_order", BigInteger, comment="and of its last one"),
    CheckConstraint("id = 1", name="one_row"),
    comment="the import that is being written, on the embedded store; no row: none is",
)

staged_row = Table(
    "staged_row",
    metadata,
    Column("entity", SmallInteger, primary_key=True, autoincrement=False, comment="the number of its table"),
    Column("id", fixed_bytes(16), primary_key=True),
    comment="rows of the import that is being written: they count as absent until this table is emptied",
    sqlite_with_rowid=False,
)

staged_change = Table(
    "staged_change",
    metadata,
    Column("change_group", Integer, primary_key=True, autoincrement=False, comment="rows that change the same columns"),
    Column("id", fixed_bytes(16), primary_key=True),
    Column("version", BigInteger, nullable=False, comment="that the row has, or somebody else has changed it"),
    *(Column(name, LargeBinary) for name in STAGED_VALUES),
    comment="what the import that is being written will change of rows that are there: read when it is switched in",
    sqlite_with_rowid=False,
)
