"""Temporary files: private, within their quota, and gone with their process."""

from __future__ import annotations

import errno
import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lotkeeper_server.catalog.descriptions import INVENTORY_OPERATION
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.store.import_plan import ImportPlan
from lotkeeper_server.store.temporary_files import TemporaryFile, TemporaryFiles
from lotkeeper_server.store.temporary_folder import TemporaryFolder

HOLDS = """
import sys
from pathlib import Path
from lotkeeper_server.store.temporary_folder import TemporaryFolder
folder = TemporaryFolder(Path(sys.argv[1]))
folder.new_named_file()
print(folder.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[TemporaryFolder]:
    made = TemporaryFolder(tmp_path)
    yield made
    made.remove()


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Another process with a folder that has a file in it."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    yield process, Path(process.stdout.readline().strip())
    process.kill()
    process.wait()
    process.stdout.close()
    process.stdin.close()


def _fill(plan: ImportPlan) -> None:
    row = dict.fromkeys(plan._names, "x" * 100)
    for _ in range(100_000):
        plan.create(row)


def _write_and_begin_again(file: TemporaryFile) -> None:
    file.write(b"x" * 100_000)
    file.write(b"x" * 10)
    file.seek(0)


def test_only_the_owner_can_enter_and_names_cannot_be_guessed(tmp_path: Path, folder: TemporaryFolder) -> None:
    """Whatever the umask is."""
    before = os.umask(0)
    path, descriptor = folder.new_named_file()
    other = TemporaryFolder(tmp_path)
    os.umask(before)
    for one in (folder.path, folder.path.parent, other.path):
        assert stat.S_IMODE(one.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len({path.name, folder.path.name, other.path.name}) == 3
    assert all(len(name) == 32 for name in (path.name, folder.path.name))
    os.close(descriptor)
    other.remove()


def test_what_a_dead_process_left_is_removed_and_what_a_living_one_holds_stays(
    tmp_path: Path, holder: tuple[subprocess.Popen[str], Path]
) -> None:
    process, held = holder
    TemporaryFolder(tmp_path).remove()
    assert list(held.iterdir())
    process.send_signal(signal.SIGKILL)
    process.wait()
    ours = TemporaryFolder(tmp_path)
    assert list(ours.path.parent.iterdir()) == [ours.path]
    ours.remove()


def test_no_link_is_followed(tmp_path: Path) -> None:
    """Neither in place of the folder nor in it: what it leads to stays."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").touch()
    of_user = tmp_path / f"lotkeeper-{os.geteuid()}"
    of_user.symlink_to(elsewhere)
    with pytest.raises(OSError, match="Not a directory"):
        TemporaryFolder(tmp_path)
    of_user.unlink()
    of_user.mkdir()
    (of_user / "link").symlink_to(elsewhere)
    (of_user / "left").mkdir()
    (of_user / "left" / "link").symlink_to(elsewhere)
    ours = TemporaryFolder(tmp_path)
    assert list(of_user.iterdir()) == [ours.path]
    assert list(elsewhere.iterdir()) == [elsewhere / "precious"]
    ours.remove()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    of_user = tmp_path / "lotkeeper-0"
    of_user.mkdir(0o777)
    os.chown(of_user, 12_345, 12_345)
    with pytest.raises(PermissionError, match="belongs to somebody else"):
        TemporaryFolder(tmp_path)


def test_a_folder_that_something_cleaned_up_is_made_again(folder: TemporaryFolder) -> None:
    before = folder.path
    before.rmdir()
    os.close(folder.new_file())
    assert folder.path != before
    assert folder.path.is_dir()


def test_a_quota_is_of_all_and_of_a_principal_and_comes_back(folder: TemporaryFolder) -> None:
    files = TemporaryFiles(folder, 1_000, 600)
    with files.room("A") as first, files.room("A") as second, files.room("B") as other:
        with TemporaryFile(first) as file:
            file.write(b"x" * 500)
            file.seek(0)
            assert file.read() == b"x" * 500
        second.take(100)
        with pytest.raises(Refused) as of_principal, TemporaryFile(second) as file:
            file.write(b"x")
        with pytest.raises(Refused) as of_all:
            other.take(401)
        other.take(400)
        limits = [one.value.refusal.metadata["limit"] for one in (of_principal, of_all)]
        assert limits == ["600", "1000"]
        assert files.taken_bytes == 1_000
    assert files.taken_bytes == 0
    assert not files._of_principal
    assert list(folder.path.iterdir()) == []


def test_a_plan_of_an_import_takes_of_the_quota_and_has_no_name(folder: TemporaryFolder) -> None:
    """It is in the folder all the same: elsewhere it would have no quota."""
    with TemporaryFiles(folder, 1_000_000, 1_000_000).room("A") as room:
        plan = ImportPlan(INVENTORY_OPERATION.table, room)
        assert list(folder.path.iterdir()) == []
        with pytest.raises(Refused, match="NO_TEMPORARY_SPACE"):
            _fill(plan)
        assert 900_000 < room.taken_bytes <= 1_000_000
        plan.close()


def test_a_full_disk_is_a_refusal(folder: TemporaryFolder) -> None:
    """As the system says it of a file that may not grow; a disk that is full says ENOSPC."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    files = TemporaryFiles(folder, 1 << 30, 1 << 30)
    with files.room("A") as room:
        plan = ImportPlan(INVENTORY_OPERATION.table, room)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        try:
            with pytest.raises(Refused, match="NO_TEMPORARY_SPACE") as full, TemporaryFile(room) as file:
                file.write(b"x" * 200_000)
            with pytest.raises(Refused, match="NO_TEMPORARY_SPACE"), TemporaryFile(room) as file:
                _write_and_begin_again(file)
            with pytest.raises(Refused, match="NO_TEMPORARY_SPACE"):
                _fill(plan)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        plan.close()
    assert isinstance(full.value.__cause__, OSError)
    assert full.value.__cause__.errno == errno.EFBIG
    assert "limit" not in full.value.refusal.metadata
