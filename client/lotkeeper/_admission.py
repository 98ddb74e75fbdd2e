"""What a server has shown of itself, and what that means for calls: the part that both clients share."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

import grpc

from lotkeeper._bearer import TokenSource
from lotkeeper._endpoints import Endpoint
from lotkeeper._errors import LotkeeperError, Unauthenticated
from lotkeeper._retrying import Attempts
from lotkeeper._tokens import Knock, Metadata, metadata_of_source

KNOCK_SECONDS: Final = 5.0
"""How long one knock may take: behind a server that is stopped, or a machine that is gone, nothing answers at all."""
KNOCK_AMONG_OTHERS_SECONDS: Final = 1.0
"""The same, while another server is there."""
FIRST_AWAY_SECONDS: Final = 1.0
AWAY_SECONDS_MAX: Final = 30.0
"""After so long a server that was away is asked for again, by one call, while others are there."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What a knock has brought.

    Attributes:
        knock: the knock.
        given: what calls carry, but for the token of a source.
        source: of the token; None where it does not change.
    """

    knock: Knock
    given: Metadata
    source: TokenSource | None = None

    @property
    def has_token(self) -> bool:
        """Whether calls carry one."""
        return self.source is not None or bool(self.given)

    @property
    def metadata(self) -> Metadata:
        """What the next attempt of a call carries.

        Raises:
            Unauthenticated: where the source gives no token that can be sent; nothing was sent.
        """
        return self.given if self.source is None else metadata_of_source(self.source)


class Absence:
    """How long a server is not asked for, while there are others."""

    def __init__(self) -> None:
        self.until_seconds = 0.0
        self._seconds = FIRST_AWAY_SECONDS

    def lasts(self) -> None:
        """Notes that nobody answered."""
        self.until_seconds = time.monotonic() + self._seconds
        self._seconds = min(self._seconds * 2, AWAY_SECONDS_MAX)

    def ends(self) -> None:
        """Notes that somebody answered."""
        self.until_seconds, self._seconds = 0.0, FIRST_AWAY_SECONDS

    @property
    def is_over(self) -> bool:
        """Whether to ask again."""
        return time.monotonic() >= self.until_seconds


@dataclass(frozen=True, slots=True)
class Failure:
    """How an attempt has failed.

    Attributes:
        error: the refusal or failure.
        endpoint: where it was sent.
        knock: that had brought its token.
    """

    error: LotkeeperError
    endpoint: Endpoint
    knock: Knock

    def pause_seconds(self, attempts: Attempts) -> float:
        """As of the attempts; none where a token was refused since another development server has begun meanwhile.

        Raises:
            LotkeeperError: the error itself, if there is no other attempt.
        """
        if isinstance(self.error, Unauthenticated) and self.endpoint.tokens.changed_since(self.knock):
            return 0.0
        return attempts.pause_seconds(self.error)


def asks_for_knock(error: LotkeeperError, endpoint: Endpoint) -> bool:
    """Whether after this error the next call first asks who is there.

    A server that lets a call's time pass may be stopped; where there are others, that is worth a question.
    """
    if error.code is grpc.StatusCode.UNAVAILABLE:
        return True
    if error.code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return endpoint.has_others
    return endpoint.tokens.may_change and isinstance(error, Unauthenticated)


def serialized(message: Any) -> bytes:
    """The bytes of a message."""
    data: bytes = message.SerializeToString()
    return data
