"""Units of whole numbers, and what a MERGE changed beside stock."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_RECORD = "inventory_lot_record"


def upgrade() -> None:
    """Adds the columns: no unit is of whole numbers, and of MERGEs before this nothing is known. Takes a moment."""
    whole: sa.Column[bool] = sa.Column(
        "whole_only",
        sa.Boolean(),
        server_default=sa.false(),
        nullable=False,
        comment="quantities in it are whole numbers",
    )
    op.add_column("unit_of_measure", whole)
    comment = "of a MERGE: the date that its lot got; NULL: it kept its own"
    op.add_column(_RECORD, sa.Column("merge_expiration_millis", sa.BigInteger(), comment=comment))
    comment = "the lot's date before that; NULL: none"
    op.add_column(_RECORD, sa.Column("merge_expiration_before_millis", sa.BigInteger(), comment=comment))
    comment = "status from which a MERGE closed its other lot; NULL: it did not"
    op.add_column(_RECORD, sa.Column("merge_closed_from", sa.SmallInteger(), comment=comment))
