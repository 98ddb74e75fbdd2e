"""Events as they are read, and which of them are wanted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from lotkeeper_server.domain.model.audit import AuditEvent
from lotkeeper_server.domain.model.enumerations import AuditResult
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.store.audit.entries import Key
from lotkeeper_server.store.db.statements import rows_by_columns
from lotkeeper_server.store.lists.conditions import Condition, PartialIndex, among
from lotkeeper_server.store.schema.audit_tables import DENIED, audit_event

_DENIALS: Final = PartialIndex("ix_audit_event_denied", DENIED)
_KEY: Final = ("occurred_millis", "id")


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which events are wanted; they meet all of it. Empty or None is any.

    Attributes:
        principal: who.
        method: what was called.
        entity: the kind of thing.
        entity_id: the thing, where what names it can be an id.
        entity_name: what names it.
        request_id: of the call.
        results: numbers of `AuditResult`.
    """

    principal: str = ""
    method: str = ""
    entity: str = ""
    entity_id: Id | None = None
    entity_name: str = ""
    request_id: str = ""
    results: frozenset[int] = frozenset()

    def conditions(self) -> list[Condition]:
        """The same on `audit_event`. Denials have an index; for others a page looks at some thousand rows."""
        texts = {
            "principal": self.principal,
            "method": self.method,
            "entity": self.entity,
            "request_id": self.request_id,
        }
        conditions = [Condition(f"t.{column} = ?", (text,)) for column, text in texts.items() if text]
        if self.entity_id is not None:
            conditions.append(Condition("(t.entity_id = ? OR t.entity_name = ?)", (self.entity_id, self.entity_name)))
        elif self.entity_name:
            conditions.append(Condition("t.entity_name = ?", (self.entity_name,)))
        if self.results:
            denials_only = AuditResult.DONE not in self.results
            conditions.append(among("result", self.results, indexed=denials_only, within=_DENIALS))
        return conditions

    def matches(self, event: AuditEvent) -> bool:
        """Whether an event is wanted."""
        return (
            self.principal in {"", event.principal}
            and self.method in {"", event.method}
            and self.entity in {"", event.entity}
            and self.request_id in {"", event.request_id}
            and (not self.results or event.result in self.results)
            and self._names(event)
        )

    def _names(self, event: AuditEvent) -> bool:
        if not self.entity_name:
            return True
        return self.entity_name == event.entity_name or (
            self.entity_id is not None and self.entity_id == event.entity_id
        )


def read_events(connection: Connection, keys: Sequence[Key]) -> dict[Key, AuditEvent]:
    """The events with these keys that there are."""
    rows = rows_by_columns(connection, AuditEvent._fields, audit_event, _KEY, keys)
    return {(row[0], row[1]): AuditEvent(*row) for row in rows}
