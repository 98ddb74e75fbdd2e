"""How many descriptors this process may have: each connection is one."""

import resource
from typing import Final

SPARE_DESCRIPTORS: Final = 256
"""For the store, files, the log and what gRPC's core itself opens."""
SPARE_SHARE: Final = 4
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
    return max(1, descriptors - min(SPARE_DESCRIPTORS, descriptors // SPARE_SHARE))
