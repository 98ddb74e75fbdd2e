"""Tables that stores with several writers use: marks of commits, guards of rows, the numbered feed of records."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def _id() -> sa.Column[bytes]:
    return sa.Column("id", sa.LargeBinary(length=16), nullable=False)


def upgrade() -> None:
    """Adds them; on the embedded store they stay empty, but for the one row of a lease. Takes a moment."""
    op.create_table(
        "commit_mark",
        _id(),
        sa.Column("created_millis", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commit_mark")),
    )
    op.create_index("ix_commit_mark_created_millis", "commit_mark", ["created_millis"])
    op.create_table(
        "row_guard",
        _id(),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_row_guard")),
    )
    op.create_table(
        "feed_pending",
        _id(),
        sa.Column("entries", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_pending")),
    )
    op.create_table(
        "feed",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entries", sa.LargeBinary(), nullable=False),
        sa.Column("created_millis", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_feed")),
    )
    op.create_table(
        "feed_lease",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("next_number", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_feed_lease_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_lease")),
    )
    op.execute("INSERT INTO feed_lease (id, next_number) VALUES (1, 1)")
