"""The part of the schema that says who did or tried what. Rows are only added, and taken away when they are old."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, SmallInteger, Table, text

from lotkeeper_server.domain.model.audit import DETAIL_CODE_POINTS_MAX
from lotkeeper_server.store.schema.column_types import fixed_bytes, many_bytes, short_text
from lotkeeper_server.store.schema.tables import metadata

DENIED: Final = "result <> 1"
_DENIED: Final = text(DENIED)

audit_event = Table(
    "audit_event",
    metadata,
    Column("occurred_millis", BigInteger, primary_key=True, autoincrement=False),
    Column("id", fixed_bytes(16), primary_key=True),
    Column("principal", short_text(255), nullable=False),
    Column("address", short_text(255), nullable=False, comment="as gRPC writes it, without a port; or local"),
    Column("method", short_text(128), nullable=False),
    Column("trace_id", fixed_bytes(16)),
    Column("entity", short_text(40), nullable=False),
    Column("entity_id", fixed_bytes(16)),
    Column("request_id", short_text(128), nullable=False),
    Column("item_count", Integer, nullable=False),
    Column("record_id", fixed_bytes(16)),
    Column("entity_name", short_text(255), nullable=False, server_default=""),
    Column("result", SmallInteger, nullable=False, server_default=text("1")),
    Column("reason", short_text(64), nullable=False, server_default="", comment="of a denial"),
    Column("attempt_count", BigInteger, nullable=False, server_default=text("1"), comment="of denials that are alike"),
    Column("latest_millis", BigInteger, comment="of several denials: the last one's moment"),
    Column("detail", short_text(DETAIL_CODE_POINTS_MAX), nullable=False, server_default=""),
    Index("ix_audit_event_denied", "result", "occurred_millis", "id", sqlite_where=_DENIED, postgresql_where=_DENIED),
    comment="who did or tried what; never changed",
    sqlite_with_rowid=False,
)

audit_pending = Table(
    "audit_pending",
    metadata,
    Column("id", fixed_bytes(16), primary_key=True),
    Column("entries", many_bytes(), nullable=False, comment="as in audit_feed"),
    comment="events that are not in audit_feed yet; the id is the first one's",
)

audit_feed = Table(
    "audit_feed",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("entries", many_bytes(), nullable=False, comment="keys of events: a moment, 8 bytes, and an id, 16"),
    comment="events in the order that watchers see",
)
