"""What somebody who watches a server is told of its calls: that one has begun, and how it ended."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from lotkeeper_server.transport.call import Call, Status


class MethodObserver(Protocol):
    """Is told of the calls of one method; on any thread, so it must be short, and must not raise."""

    def begun(self) -> None:
        """A call was announced."""

    def ended(self, call: "Call", status: "Status") -> None:
        """A call was answered or refused, or its caller has gone. Told once of each call, after its end was sent.

        Args:
            call: `call.begun_seconds` and `call.answered_since` say how long it took.
            status: how it ended.
        """


class Observe(Protocol):
    """Gives what is to be told of a method's calls; called once a method, when the server is made."""

    def __call__(self, path: str, *, is_unary: bool) -> MethodObserver:
        """Gives it.

        Args:
            path: `/package.Service/Method`; empty for all paths that the server does not have.
            is_unary: whether it has one request and one answer.
        """


class _NotObserved:
    """Nobody watches."""

    def begun(self) -> None:
        return

    def ended(self, call: "Call", status: "Status") -> None:  # noqa: ARG002 - the protocol's
        return


_NOT_OBSERVED = _NotObserved()


def not_observed(path: str, *, is_unary: bool) -> MethodObserver:  # noqa: ARG001 - the protocol's
    """Tells nobody."""
    return _NOT_OBSERVED
