"""What a role lets a principal take of a server."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Adds the columns, empty: roles that exist leave it to the server's settings. Takes a moment."""
    of_a_principal = "of a principal; 0: no limit; NULL: the server's setting"
    op.add_column("role", sa.Column("calls_in_flight_max", sa.BigInteger(), comment=of_a_principal))
    op.add_column("role", sa.Column("streams_max", sa.BigInteger(), comment="as calls_in_flight_max"))
    op.add_column("role", sa.Column("commands_per_second_max", sa.BigInteger(), comment="as calls_in_flight_max"))
    op.add_column("role", sa.Column("bytes_per_second_max", sa.BigInteger(), comment="as calls_in_flight_max"))
