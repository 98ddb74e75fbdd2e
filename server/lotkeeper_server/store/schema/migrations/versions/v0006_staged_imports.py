"""Tables of imports that are written beside what is there, and switched in by one short transaction."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Adds them; they stay empty where several transactions write at a time. Takes a moment."""
    op.create_table(
        "staged_import",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("owner", sa.LargeBinary(length=16), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("first_order", sa.BigInteger(), nullable=True),
        sa.Column("last_order", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_staged_import_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staged_import")),
    )
    op.create_table(
        "staged_row",
        sa.Column("entity", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.PrimaryKeyConstraint("entity", "id", name=op.f("pk_staged_row")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "staged_change",
        sa.Column("change_group", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        *(sa.Column(f"value{number}", sa.LargeBinary(), nullable=True) for number in range(1, 17)),
        sa.PrimaryKeyConstraint("change_group", "id", name=op.f("pk_staged_change")),
        sqlite_with_rowid=False,
    )
