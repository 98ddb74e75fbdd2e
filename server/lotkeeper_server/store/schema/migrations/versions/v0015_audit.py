"""Events of who did or tried what."""

import sqlalchemy as sa
from alembic import op

from lotkeeper_server.store.schema.column_types import fixed_bytes, many_bytes, short_text

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Adds the tables, empty: what was done before is told by records only. Takes a moment.

    Where a database makes tables outside of transactions, what a migration left that was killed is made anew.
    """
    for table in ("audit_event", "audit_pending", "audit_feed"):
        op.execute(f"DROP TABLE IF EXISTS {table}")
    op.create_table(
        "audit_event",
        sa.Column("occurred_millis", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", fixed_bytes(16), nullable=False),
        sa.Column("principal", short_text(255), nullable=False),
        sa.Column("address", short_text(255), nullable=False, comment="as gRPC writes it, without a port; or local"),
        sa.Column("method", short_text(128), nullable=False),
        sa.Column("trace_id", fixed_bytes(16)),
        sa.Column("entity", short_text(40), nullable=False),
        sa.Column("entity_id", fixed_bytes(16)),
        sa.Column("request_id", short_text(128), nullable=False),
        sa.Column("item_count", sa.Integer(), nullable=False),
        sa.Column("record_id", fixed_bytes(16)),
        sa.Column("entity_name", short_text(255), nullable=False, server_default=""),
        sa.Column("result", sa.SmallInteger(), nullable=False, server_default=sa.text("1")),
        sa.Column("reason", short_text(64), nullable=False, server_default="", comment="of a denial"),
        sa.Column(
            "attempt_count",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("1"),
            comment="of denials that are alike",
        ),
        sa.Column("latest_millis", sa.BigInteger(), comment="of several denials: the last one's moment"),
        sa.Column("detail", short_text(1_000), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("occurred_millis", "id", name=op.f("pk_audit_event")),
        comment="who did or tried what; never changed",
        sqlite_with_rowid=False,
    )
    denied = sa.text("result <> 1")
    op.create_index(
        "ix_audit_event_denied",
        "audit_event",
        ["result", "occurred_millis", "id"],
        sqlite_where=denied,
        postgresql_where=denied,
    )
    op.create_table(
        "audit_pending",
        sa.Column("id", fixed_bytes(16), nullable=False),
        sa.Column("entries", many_bytes(), nullable=False, comment="as in audit_feed"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_pending")),
        comment="events that are not in audit_feed yet; the id is the first one's",
    )
    op.create_table(
        "audit_feed",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "entries",
            many_bytes(),
            nullable=False,
            comment="keys of events: a moment, 8 bytes, and an id, 16",
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_feed")),
        comment="events in the order that watchers see",
    )
