"""The part of the schema for processes that share a store: versions, marks, guards, the feed."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, SmallInteger, Table

from lotkeeper_server.store.schema.column_types import fixed_bytes, many_bytes, short_text
from lotkeeper_server.store.schema.tables import metadata

store_state = Table(
    "store_state",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False, comment="raised by each change of a definition"),
    Column("access_version", BigInteger, nullable=False, comment="raised by each change of a role or token"),
    Column("serves_from", short_text(32), nullable=False, comment="the oldest schema whose programs may serve"),
    Column("epoch", fixed_bytes(8), nullable=False, comment="random; a restore changes it"),
    Column(
        "takes_old_tokens",
        Boolean(create_constraint=False),
        nullable=False,
        comment="whether resume tokens without an epoch are its own",
    ),
    CheckConstraint("id = 1", name="one_row"),
    comment="the one row that every transaction looks at",
)

definition_change = Table(
    "definition_change",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("entity", short_text(40), primary_key=True),
    Column("entity_id", fixed_bytes(16), primary_key=True, comment="sixteen zeros: every one of the entity"),
    comment="what each version changed, so that caches drop only that",
)

commit_mark = Table(
    "commit_mark",
    metadata,
    Column("id", fixed_bytes(16), primary_key=True),
    Column("created_millis", BigInteger, nullable=False, index=True),
    comment="one for each write transaction where several run at a time: whether it took effect",
)

row_guard = Table(
    "row_guard",
    metadata,
    Column("id", fixed_bytes(16), primary_key=True),
    Column("turn", BigInteger, nullable=False),
    comment="written for what is locked, where a lock alone keeps nobody away: a lot's or location's id",
)

feed_pending = Table(
    "feed_pending",
    metadata,
    Column("id", fixed_bytes(16), primary_key=True),
    Column("entries", many_bytes(), nullable=False, comment="effect order, 8 bytes, and record id, 16 bytes, each"),
    comment="completed records that are not in the feed yet; the id is the first one's",
)

feed = Table(
    "feed",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("entries", many_bytes(), nullable=False, comment="record ids, 16 bytes each, in order"),
    Column("created_millis", BigInteger, nullable=False),
    comment="completed records in the order that watchers see, where several transactions write at a time",
)

feed_lease = Table(
    "feed_lease",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("next_number", BigInteger, nullable=False, comment="of the feed"),
    CheckConstraint("id = 1", name="one_row"),
    comment="locked by whoever appends to the feed",
)
