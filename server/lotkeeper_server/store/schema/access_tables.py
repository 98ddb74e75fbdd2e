"""The part of the schema that says who may do what."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Table

from lotkeeper_server.store.schema.column_types import fixed_bytes, long_text, short_text
from lotkeeper_server.store.schema.tables import metadata

role = Table(
    "role",
    metadata,
    Column("name", short_text(255), primary_key=True),
    Column("permissions", long_text(), nullable=False, comment="one a line"),
    Column("created_millis", BigInteger, nullable=False),
    Column("calls_in_flight_max", BigInteger, comment="of a principal; 0: no limit; NULL: the server's setting"),
    Column("streams_max", BigInteger, comment="as calls_in_flight_max"),
    Column("commands_per_second_max", BigInteger, comment="as calls_in_flight_max"),
    Column("bytes_per_second_max", BigInteger, comment="as calls_in_flight_max"),
)

role_location = Table(
    "role_location",
    metadata,
    Column("role_name", short_text(255), ForeignKey("role.name"), primary_key=True),
    # Not a foreign key: a location may be deleted, and the role is then limited to what is left, or to nothing.
    Column("location_id", fixed_bytes(16), primary_key=True, comment="the role holds there and below"),
)

token = Table(
    "token",
    metadata,
    Column("id", fixed_bytes(16), primary_key=True),
    Column("principal", short_text(255), nullable=False, index=True),
    Column("digest", fixed_bytes(32), nullable=False, unique=True, comment="SHA-256 of the token"),
    Column("development", Boolean(create_constraint=False), nullable=False, default=False),
    Column("created_millis", BigInteger, nullable=False),
    Column("expires_millis", BigInteger),
    Column("revoked_millis", BigInteger),
    Column("last_used_millis", BigInteger, comment="to the hour"),
)

token_role = Table(
    "token_role",
    metadata,
    Column("token_id", fixed_bytes(16), ForeignKey("token.id"), primary_key=True),
    Column("role_name", short_text(255), ForeignKey("role.name"), primary_key=True, index=True),
)

principal_role = Table(
    "principal_role",
    metadata,
    Column("principal", short_text(255), primary_key=True),
    Column("role_name", short_text(255), ForeignKey("role.name"), primary_key=True, index=True),
    Column("created_millis", BigInteger, nullable=False),
    comment="roles of principals that come without a stored token",
)
