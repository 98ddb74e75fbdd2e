"""What a version of HTTP needs of the connection below it, and what that needs of a version of HTTP."""

from typing import Protocol


class Link(Protocol):
    """What a version of HTTP needs of its connection.

    Attributes:
        peer: its other end, as gRPC writes it.
        is_clogged: whether what was written waits until the other end takes it.
        is_draining: whether it is to end: each answer says so, and ends it.
    """

    peer: str
    is_clogged: bool
    is_draining: bool

    def write(self, data: bytes) -> None:
        """Sends it, soon."""

    def note_answered(self) -> None:
        """A request was answered, or broken off."""

    def hold(self, *, reading: bool) -> None:
        """Whether to take more from the network."""

    def close(self, *, after_seconds: float = 0.0) -> None:
        """Ends it, once all that was written is sent; what comes meanwhile is thrown away."""

    def abort(self) -> None:
        """Ends it at once."""


class Version(Protocol):
    """A version of HTTP on one connection."""

    @property
    def is_idle(self) -> bool:
        """Whether it waits for a request, and nothing of one has come."""

    @property
    def awaits_head(self) -> bool:
        """Whether it waits for the rest of a head."""

    @property
    def in_progress(self) -> int:
        """How many requests are being answered."""

    @property
    def held_bytes(self) -> int:
        """What of requests and answers waits in memory, beside what the network was given."""

    def feed(self, data: bytes) -> None:
        """Takes what has come."""

    def feed_end(self) -> None:
        """The other end sends no more."""

    def leave(self) -> None:
        """The connection is gone."""

    def announce_end(self) -> None:
        """Asks for no further request, where there is a way to say so; those that come are served."""

    def take_no_more(self) -> None:
        """Serves no further request, and ends the connection once all that were begun are answered."""

    def unclog(self) -> None:
        """What was written has been taken."""

    def end_stalled(self, now_seconds: float) -> None:
        """Ends the requests whose answers have not been taken for too long; the rest of the connection may be fine."""
