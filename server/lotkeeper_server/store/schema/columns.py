"""Columns, checks and indexes that several tables have."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Index, text

from lotkeeper_server.domain.model.quantity import QUANTITY_LIMIT_MILLIONTHS
from lotkeeper_server.store.schema.column_types import fixed_bytes, long_text, short_text


def id_column() -> Column[Any]:
    """Of a row."""
    return Column("id", fixed_bytes(16), primary_key=True)


def reference(name: str, table: str, *, nullable: bool = True, index: bool = False) -> Column[Any]:
    """The id of a row of another table."""
    return Column(name, fixed_bytes(16), ForeignKey(f"{table}.id"), nullable=nullable, index=index)


def common_columns() -> list[Column[Any]]:
    """What every entity has; modified_* are NULL until the first edit."""
    return [
        Column("enabled", Boolean(create_constraint=False), nullable=False, default=True),
        Column("notes", long_text(), nullable=False, default=""),
        Column("spare1", short_text(255), nullable=False, default=""),
        Column("spare2", short_text(255), nullable=False, default=""),
        Column("spare3", short_text(255), nullable=False, default=""),
        Column("created_millis", BigInteger, nullable=False),
        Column("created_by", short_text(255), nullable=False),
        Column("modified_millis", BigInteger),
        Column("modified_by", short_text(255)),
        Column("version", BigInteger, nullable=False),
    ]


def quantity_check(column: str) -> CheckConstraint:
    """That millionths are within what quantities may be."""
    limit = QUANTITY_LIMIT_MILLIONTHS
    return CheckConstraint(f"{column} > -{limit} AND {column} < {limit}", name=f"{column}_range")


def enum_check(column: str, largest: int) -> CheckConstraint:
    """That a number is one of the contract's, from 1 on."""
    return CheckConstraint(f"{column} BETWEEN 1 AND {largest}", name=f"{column}_known")


def index_where(name: str, columns: list[str], condition: str) -> Index:
    """An index of some rows only: the others cost it nothing."""
    return Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))


def disabled_index(table: str) -> Index:
    """Of what is disabled, in the order of lists."""
    return index_where(f"ix_{table}_disabled", ["id"], "NOT enabled")
