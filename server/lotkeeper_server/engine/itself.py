"""The server as its own caller, for what it writes by itself."""

from lotkeeper_server.domain.model.audit import Origin
from lotkeeper_server.observability.pipeline import Phases, ReadTimes


class Itself:
    """A caller without a deadline, whom nobody has to let in, and who may everywhere."""

    deadline_seconds: float | None = None
    access_version: int | None = None
    has_expired: bool = False
    principal: str = ""
    scope: None = None
    phases: Phases | None = None
    reads: list[ReadTimes] | None = None
    origin: Origin = Origin("")
