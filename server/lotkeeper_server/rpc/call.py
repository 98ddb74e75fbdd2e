"""What a method knows of the call it answers, beside the request."""

from dataclasses import dataclass

from lotkeeper_server.access.permissions import grants


@dataclass(frozen=True, slots=True)
class Call:
    """One call in progress.

    Attributes:
        principal: who calls; stands in `created_by` and owns the request ids.
        permissions: what the caller's roles grant, hierarchical by dots.
        deadline_seconds: `time.monotonic()` at which the caller gives up; None where it set no deadline.
        access_version: the version of roles and tokens by which the caller was let in.
        token_digest: SHA-256 of the caller's token, so that the engine can look again.
        permission: what this method needs.
    """

    principal: str
    permissions: frozenset[str]
    deadline_seconds: float | None
    access_version: int
    token_digest: bytes
    permission: str

    def may(self, permission: str) -> bool:
        """Whether the caller's roles grant it, by itself or by a parent."""
        return grants(self.permissions, permission)
