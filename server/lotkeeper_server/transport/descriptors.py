"""How many descriptors this process may have: each connection is one."""

import resource
from typing import Final

from lotkeeper_server.transport.connection_limits import SPARE_SHARE

SPARE_DESCRIPTORS: Final = 256
"""For the store, files, the log and what gRPC's core itself opens."""
DESCRIPTORS_SHARE: Final = 4
"""Where there are few, a part of them is kept instead: one of so many."""


def raise_descriptor_limit() -> int:
    """Raises the soft limit of descriptors to the hard one, for this process and those that it starts.

    Returns:
        The limit that is in force then.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):  # some systems have a hard limit that they do not grant
        return soft
    return hard


def connections_within(descriptors: int) -> int:
    """How many connections so many descriptors allow, with some left for all else."""
    most = descriptors - min(SPARE_DESCRIPTORS, descriptors // DESCRIPTORS_SHARE)
    return max(1, most * SPARE_SHARE // (SPARE_SHARE + 1) - 1)
