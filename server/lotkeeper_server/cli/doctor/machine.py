"""What the machine gives: descriptors, and room for temporary files."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lotkeeper_server.cli.doctor.finding import Finding, fault, ok, warning
from lotkeeper_server.cli.shown_bytes import shown_bytes
from lotkeeper_server.settings import Settings
from lotkeeper_server.transport.descriptors import connections_within, raise_descriptor_limit

CONNECTIONS_MIN: Final = 16
"""With fewer a server is of no use."""
LITTLE_ROOM_BYTES: Final = 1_073_741_824
"""On the embedded store's disk: some weeks of records, or one import."""
_MEBIBYTE: Final = 1_048_576
NO_ROOM_BYTES: Final = _MEBIBYTE
"""With less an embedded store that was full does not count as usable again."""


def check_machine(settings: Settings) -> Iterator[Finding]:
    """Looks at descriptors and temporary files; raises the limit of this process as a server does."""
    yield _of_descriptors(settings.connections_max)
    folder = settings.temporary_folder or Path(tempfile.gettempdir())
    yield _of_temporary_folder(folder, settings.temporary_bytes_max)


def _of_descriptors(connections_max: int) -> Finding:
    limit = raise_descriptor_limit()
    connections = connections_within(limit)
    found = f"{limit} descriptors are enough for {connections} connections"
    advice = "raise the limit: LimitNOFILE in a systemd unit, --ulimit nofile of a container, ulimit -Hn in a shell"
    if connections < CONNECTIONS_MIN:
        return fault("descriptors", found, advice)
    if connections < connections_max:
        return warning("descriptors", f"{found}; connections_max is {connections_max}", advice)
    return ok("descriptors", found)


def _of_temporary_folder(folder: Path, wanted_bytes: int) -> Finding:
    check, give = "temporary_folder", "give another --temporary-folder, on a local disk"
    if not folder.is_dir():
        return fault(check, f"there is no folder {folder}", give)
    if not os.access(folder, os.W_OK | os.X_OK):
        return fault(check, f"{folder} cannot be written", f"let this user write it, or {give}")
    mine = folder / f"lotkeeper-{os.geteuid()}"
    try:
        found = mine.lstat()
    except FileNotFoundError:
        pass
    else:
        if found.st_uid != os.geteuid() or not stat.S_ISDIR(found.st_mode):
            return fault(check, f"{mine} is not a folder of this user", give)
    free = shutil.disk_usage(folder).free
    if free < wanted_bytes:
        return warning(
            check,
            f"{folder} has {shown_bytes(free)} left; temporary_bytes_max is {shown_bytes(wanted_bytes)}",
            f"{give}: imports and exports that find no room are refused with NO_TEMPORARY_SPACE",
        )
    return ok(check, f"{folder} has {shown_bytes(free)} left")
