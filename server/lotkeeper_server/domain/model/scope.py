"""Where a permission holds that is limited: at some locations and at all that lies below them."""

from collections.abc import Iterable
from dataclasses import dataclass

from lotkeeper_server.domain.model.identifiers import LocationId
from lotkeeper_server.domain.refusals import PermissionDenied


@dataclass(frozen=True, slots=True)
class Scope:
    """The places of a limited permission. Where there is no limit, there is no scope.

    Attributes:
        permission: that is limited.
        locations: the ids of those given; all that lies below them now belongs to it. One that is not there any more
            has nothing below it.
    """

    permission: str
    locations: frozenset[LocationId]

    def refusal(self, paths: Iterable[str]) -> PermissionDenied:
        """What is told to whoever names another place, or what may be there.

        Args:
            paths: of the locations that are still there.
        """
        return PermissionDenied(permission=self.permission, scope=", ".join(sorted(paths)) or "nowhere")


def lies_within(path: str, within: Iterable[str]) -> bool:
    """Whether a path is one of those, or lies below one of them."""
    return any(path == one or path.startswith(f"{one}/") for one in within)
