"""What a method knows of the call it answers, beside the request."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from lotkeeper_server.access.permissions import grants

Method = TypeVar("Method", bound=Callable[..., Any])
StreamingMethod = TypeVar("StreamingMethod", bound=Callable[..., Any])


@dataclass(slots=True)
class Call:
    """One call in progress.

    Attributes:
        principal: who calls; stands in `created_by` and owns the request ids.
        permissions: what the caller's roles grant, hierarchical by dots.
        permission: what this method needs.
        token_digest: SHA-256 of the caller's token, so that the engine can look again.
        access_version: the version of roles and tokens by which the caller was let in.
        deadline_seconds: `time.monotonic()` at which the caller gives up; None where it set no deadline.
    """

    principal: str
    permissions: frozenset[str]
    permission: str
    token_digest: bytes
    access_version: int
    deadline_seconds: float | None

    def may(self, permission: str) -> bool:
        """Whether the caller's roles grant it, by itself or by a parent."""
        return grants(self.permissions, permission)


def confirmed_by_engine(method: Method) -> Method:
    """Marks a method whose every answer comes out of an engine transaction, which looks at the caller again itself."""
    method.confirmed_by_engine = True  # type: ignore[attr-defined]
    return method


def ends_with_the_server(method: StreamingMethod) -> StreamingMethod:
    """Marks a method whose stream has no end of its own: at shutdown it is ended, not waited for."""
    method.ends_with_the_server = True  # type: ignore[attr-defined]
    return method
