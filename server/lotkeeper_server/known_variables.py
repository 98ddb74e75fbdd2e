"""Which variables of the environment are Lotkeeper's: a misspelt one would change nothing, and nobody would know."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

PREFIX: Final = "LOTKEEPER_"
_OTHERS: Final = frozenset(
    PREFIX + name
    for name in (
        "CONFIG",
        "WATCHDOG",
        # the client's, which may run in the same environment
        "ADDRESS",
        "CA_FILE",
        "CLIENT_CERTIFICATE",
        "CLIENT_KEY",
        "PROFILE",
        "TIMEOUT",
        "TOKEN",
        "TOKEN_FILE",
    )
)
_OF_OTHER_PROGRAMS: Final = re.compile(
    # Kubernetes tells each container of its services by such names, of a service that is called lotkeeper, too.
    r"LOTKEEPER(_\w+)?_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
    r"|LOTKEEPER_TEST_\w+"
)


def unknown_variable(names: Iterable[str], settings: Iterable[str]) -> str | None:
    """A sentence about the first variable that nothing reads; None where there is none.

    Args:
        names: of the variables that are set.
        settings: the names of the server's settings.
    """
    known = {PREFIX + name.upper() for name in settings} | _OTHERS
    for name in sorted(names):
        capitals = name.upper()
        if not capitals.startswith(PREFIX) or capitals in known or _OF_OTHER_PROGRAMS.fullmatch(capitals):
            continue
        meant = get_close_matches(capitals, known, 1)
        advice = (
            f"did you mean {meant[0]}? Otherwise unset it"
            if meant
            else "lotkeeper-server serve --help names all; unset it"
        )
        return f"the variable {name} is not a setting: {advice}"
    return None
