"""A store says which programs may serve on it, and has an epoch that a restore changes."""

import os

import sqlalchemy as sa
from alembic import op

from lotkeeper_server.store.schema.column_types import fixed_bytes, short_text

revision = "0012"
down_revision = "0011"
_BEFORE = "definition_version"
_ASIDE = "definition_version_of_0011"


def upgrade() -> None:
    """Moves the row of versions to a table of another name, so that programs of before find nothing and stop serving.

    Takes a moment. Where a database makes tables outside of transactions, what a killed migration left is made anew.
    """
    connection = op.get_bind()
    there = set(sa.inspect(connection).get_table_names())
    if _BEFORE in there:
        op.rename_table(_BEFORE, _ASIDE)  # waits for every transaction that has looked at it, and ends the others
        there.add(_ASIDE)
    if _ASIDE not in there:
        return  # only the note that it was done was missing
    op.execute("DROP TABLE IF EXISTS store_state")
    op.create_table(
        "store_state",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="raised by each change of a definition"),
        sa.Column(
            "access_version", sa.BigInteger(), nullable=False, comment="raised by each change of a role or token"
        ),
        sa.Column("serves_from", short_text(32), nullable=False, comment="the oldest schema whose programs may serve"),
        sa.Column("epoch", fixed_bytes(8), nullable=False, comment="random; a restore changes it"),
        sa.Column(
            "takes_old_tokens",
            sa.Boolean(create_constraint=False),
            nullable=False,
            comment="whether resume tokens without an epoch are its own",
        ),
        sa.CheckConstraint("id = 1", name=op.f("ck_store_state_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_state")),
        comment="the one row that every transaction looks at",
    )
    connection.execute(
        sa.text(
            "INSERT INTO store_state (id, version, access_version, serves_from, epoch, takes_old_tokens) "  # noqa: S608
            f"SELECT id, version, access_version, '0012', :epoch, TRUE FROM {_ASIDE}"
        ),
        {"epoch": os.urandom(8)},
    )
    op.drop_table(_ASIDE)
