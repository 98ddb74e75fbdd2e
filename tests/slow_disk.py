"""A disk that is slow as long as a file is there: a library that delays fsync and fdatasync, made by the C compiler.

What runs with `LD_PRELOAD` of it really waits in the call that makes its writes durable, whatever the disk.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

_SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>

static int slowly(const char *name, int descriptor) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    if (access(SLOW_WHILE, F_OK) == 0) usleep(DELAY_MICROS);
    return real(descriptor);
}
int fsync(int descriptor) { return slowly("fsync", descriptor); }
int fdatasync(int descriptor) { return slowly("fdatasync", descriptor); }
"""


@dataclass(frozen=True)
class SlowDisk:
    """Of whoever runs with these variables.

    Attributes:
        environment: of the programs that are to have it.
        file: slow while it exists.
    """

    environment: dict[str, str]
    file: Path

    @contextmanager
    def slow(self) -> Iterator[None]:
        """While the block runs."""
        self.file.touch()
        try:
            yield
        finally:
            self.file.unlink()


@contextmanager
def slow_disk(delay_seconds: float) -> Iterator[SlowDisk]:
    """One that is not slow yet; skips where there is no C compiler.

    Args:
        delay_seconds: what each write waits to be durable.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler here (cc)")
    with TemporaryDirectory(prefix="lotkeeper-slow-disk-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # a database runs as another user
        file, library = folder / "slow", folder / "slow_disk.so"
        defines = [f'-DSLOW_WHILE="{file}"', f"-DDELAY_MICROS={int(delay_seconds * 1_000_000)}"]
        command = [compiler, "-shared", "-fPIC", "-O1", *defines, "-x", "c", "-", "-o", library, "-ldl"]
        subprocess.run(command, input=_SOURCE, text=True, check=True, capture_output=True)
        yield SlowDisk({"LD_PRELOAD": str(library)}, file)
