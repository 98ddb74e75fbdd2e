"""Who calls, and what the server cannot do for anybody now."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self

from lotkeeper_server.domain.refusals.refusal import Code, Refusal

SHORTEST_WAIT_MILLIS: Final = 50
LONGEST_WAIT_MILLIS: Final = 6_400
"""Between these a caller is told to wait that the server has too much to do for."""


class Limit(StrEnum):
    """Which limit a call has passed that is refused with OVERLOADED: for logs and metrics, callers do not see it."""

    QUEUE = "queue"
    WORKS = "works"
    PRINCIPAL_CALLS = "principal_calls"
    PRINCIPAL_STREAMS = "principal_streams"
    PRINCIPAL_RATE = "principal_rate"
    PLACES = "places"
    PLACES_OF_PRINCIPAL = "places_of_principal"
    UNKNOWN_CALLERS = "unknown_callers"
    UNTAKEN_ANSWERS = "untaken_answers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contention(Refusal):
    """The store kept refusing the transaction; nothing was done, and a retry is safe."""

    code = Code.ABORTED
    reason = "CONTENTION"
    retry_after_millis = 100

    @property
    def message(self) -> str:
        return "Other calls kept changing the same rows; nothing was done. Retry."


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeTokenExpired(Refusal):
    """A watch would have to go on from where nothing is known any more: records were archived, or the store restored.

    Attributes:
        oldest: up to when records after the token were archived; empty for a token of another store, or of before a
            restore.
    """

    code = Code.OUT_OF_RANGE
    reason = "RESUME_TOKEN_EXPIRED"
    oldest: str = ""

    @property
    def message(self) -> str:
        if not self.oldest:
            return "The token is of another store, or of before this one was restored; watch from the beginning."
        return f"What came after this token was archived, up to {self.oldest}; watch from the beginning."


@dataclass(frozen=True, slots=True, kw_only=True)
class Unauthenticated(Refusal):
    """Credentials are missing or wrong.

    Attributes:
        cause: what is wrong with a token of the issuer whose signature is good; of anything else it is never said.
        text: the same in words.
    """

    code = Code.UNAUTHENTICATED
    reason = "UNAUTHENTICATED"
    cause: str = ""
    text: str = ""

    @property
    def message(self) -> str:
        needed = "A valid token is needed: authorization: Bearer TOKEN."
        return f"{needed} This one is refused: {self.text}." if self.text else needed


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionDenied(Refusal):
    """The caller's roles do not grant the permission; with `scope` not for the place that was named.

    With `limit` a role was to let a principal take more than the caller may.

    Attributes:
        permission: that is needed.
        scope: the paths to which it is limited; None where it is not granted at all. It is told whether or not what was
            named exists, so that nobody learns what there is elsewhere.
        limit: which of the caller's own limits it is, and how large.
    """

    code = Code.PERMISSION_DENIED
    reason = "PERMISSION_DENIED"
    permission: str
    scope: str | None = None
    limit: str | None = None

    @property
    def message(self) -> str:
        if self.limit is not None:
            return f"A role may not have a larger limit than the caller: {self.limit}."
        if self.scope is None:
            return f"The permission {self.permission} is needed."
        return (
            f"The permission {self.permission} is limited to {self.scope}; "
            "what was named is not there, or is not known to lie there."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Overloaded(Refusal):
    """The server takes no more for now, of this caller or of all; nothing was done."""

    code = Code.RESOURCE_EXHAUSTED
    reason = "OVERLOADED"
    retry_after_millis = 250
    text: str = "More calls are waiting than the server takes; nothing was done. Retry later."
    wait_millis: int = 250
    limit_hit: Limit = Limit.QUEUE

    @classmethod
    def for_seconds(cls, seconds: float, text: str = text, limit_hit: Limit = Limit.QUEUE) -> Self:
        """Likely for so long: rounded up to a few steps, within what a caller should wait."""
        wait_millis = SHORTEST_WAIT_MILLIS
        while wait_millis < min(seconds * 1_000, LONGEST_WAIT_MILLIS):
            wait_millis *= 2
        return cls(text=text, wait_millis=wait_millis, limit_hit=limit_hit)

    @property
    def retry_millis(self) -> int:
        return self.wait_millis

    @property
    def message(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class NoTemporarySpace(Refusal):
    """A file that the call needs while it lasts finds no room: its quota is used up, or the disk is full."""

    code = Code.RESOURCE_EXHAUSTED
    reason = "NO_TEMPORARY_SPACE"
    limit: int | None = None

    @property
    def message(self) -> str:
        if self.limit is None:
            return "The server's disk has no room for a temporary file; nothing was done."
        return f"The server's quota for temporary files is used up ({self.limit} bytes); nothing was done. Retry later."


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreUnavailable(Refusal):
    """The store cannot be reached; nothing was done, or what was done is unknown: the text says which."""

    code = Code.UNAVAILABLE
    reason = "STORE_UNAVAILABLE"
    text: str = "The store cannot be reached; a retry with the same request_id shows what was done."

    @property
    def message(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class ShuttingDown(Refusal):
    """The server is shutting down; nothing was done."""

    code = Code.UNAVAILABLE
    reason = "SHUTTING_DOWN"
    retry_after_millis = 1_000

    @property
    def message(self) -> str:
        return "The server is shutting down; nothing was done. Retry."


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineExceeded(Refusal):
    """The call was given up before the commit began; nothing was done."""

    code = Code.DEADLINE_EXCEEDED
    reason = "DEADLINE_EXCEEDED"
    text: str = "The call's deadline passed before it was done; nothing was done."

    @property
    def message(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled(Refusal):
    """The caller cancelled before the commit began; nothing was done."""

    code = Code.CANCELLED
    reason = "CANCELLED"

    @property
    def message(self) -> str:
        return "The caller cancelled the call before it was done; nothing was done."


@dataclass(frozen=True, slots=True, kw_only=True)
class Internal(Refusal):
    """A fault of the server; the log has the same error_id."""

    code = Code.INTERNAL
    reason = "INTERNAL"
    error_id: str = field(default="")

    @property
    def message(self) -> str:
        return f"The server has a fault; its log says more under error_id {self.error_id}."
