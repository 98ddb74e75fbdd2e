"""The systemd unit is one that systemd takes, and as confined as it says; what is hardened stays so."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from lotkeeper_server.settings import read_settings

UNITS = Path(__file__).parents[2] / "deploy/systemd"
PROGRAM = "/opt/lotkeeper/bin/lotkeeper-server"
EXPOSURE_TENTHS_MAX = 15  # of 100; a unit without any of it has 96

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here; Debian's package is systemd"
)


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with its drop-ins, and a program that is there."""
    (tmp_path / "lotkeeper.service").write_text((UNITS / "lotkeeper.service").read_text().replace(PROGRAM, "/bin/true"))
    shutil.copytree(UNITS / "lotkeeper.service.d", tmp_path / "lotkeeper.service.d")
    return tmp_path / "lotkeeper.service"


def analyzed(*words: str) -> str:
    done = subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_unit_and_its_drop_ins(unit: Path) -> None:
    """A misspelt name would be ignored at the start, with a line that nobody reads."""
    assert analyzed("verify", "--recursive-errors=no", str(unit)) == ""


@needs_systemd
@pytest.mark.parametrize(
    ("file", "name"), [("lotkeeper.service", "NoNewPrivileges"), ("lotkeeper.service.d/tls.conf", "LoadCredential")]
)
def test_a_misspelt_name_would_be_found(unit: Path, file: str, name: str) -> None:
    """In a drop-in, too."""
    changed = unit.parent / file
    changed.write_text(changed.read_text().replace(f"{name}=", f"Un{name}="))
    said = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert f"Un{name}" in said.stderr


@needs_systemd
def test_the_service_is_exposed_no_more_than_it_must_be(unit: Path) -> None:
    said = analyzed("security", "--offline=yes", "--no-pager", f"--threshold={EXPOSURE_TENTHS_MAX}", str(unit))
    assert "Overall exposure level" in said


def test_the_command_and_the_settings_of_the_unit_are_the_servers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each variable of the unit and its drop-ins is a setting; the settings file is one that the server reads."""
    text = "\n".join(path.read_text() for path in sorted(UNITS.rglob("*")) if path.suffix in {".service", ".conf"})
    (tmp_path / "database-url").write_text("postgresql+psycopg://db/lotkeeper\n")
    for name, value in re.findall(r"^Environment=(\w+)=(.*)$", text, re.MULTILINE):
        monkeypatch.setenv(name, value.replace("%d", str(tmp_path)))
    settings = read_settings({}, UNITS / "lotkeeper.toml")
    assert settings.database_url == "postgresql+psycopg://db/lotkeeper"
    assert settings.tls_key_file == tmp_path / "server.key"
    assert f"ExecStart={PROGRAM} --config /etc/lotkeeper/lotkeeper.toml serve\n" in text


def test_the_store_of_the_settings_file_is_in_the_state_directory() -> None:
    settings = read_settings({}, UNITS / "lotkeeper.toml")
    assert settings.database_url == "sqlite:////var/lib/lotkeeper/lotkeeper.db"
    assert "StateDirectory=lotkeeper\n" in (UNITS / "lotkeeper.service").read_text()
