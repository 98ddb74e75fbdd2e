"""Settings are told of wherever an operator looks: as flags, and in the page of limits."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from lotkeeper_server.cli.main import serve
from lotkeeper_server.limit_settings import LimitSettings
from lotkeeper_server.setting_sources import SettingsFault
from lotkeeper_server.settings import Settings, read_settings

ROOT = Path(__file__).parents[2]
LIMITS_PAGE = ROOT / "docs" / "limits.md"


def test_each_setting_is_a_flag_with_a_help() -> None:
    """A setting that the command line cannot say would be found by nobody."""
    helps = {option.name: getattr(option, "help", None) for option in serve.params}
    assert not {name for name in Settings.model_fields if not helps.get(name)}


def test_the_page_of_limits_names_each_setting_with_its_default() -> None:
    """The page's rows are `| setting | default | what passes it |`."""
    cells = [[cell.strip(" `") for cell in line.split("|")[1:]] for line in LIMITS_PAGE.read_text().splitlines()]
    told = {row[0]: row[1] for row in cells if len(row) > 2}
    for name, field in LimitSettings.model_fields.items():
        default = field.default
        assert told[name] == (f"{default:,}" if isinstance(default, int) else str(default)), name


@pytest.mark.parametrize("name", ["Vienna", "Europe", "../UTC", "/etc/localtime", "", "a\0b", "x" * 5_000])
def test_a_time_zone_is_one_of_the_known_names(name: str) -> None:
    """Not a folder of them, not a path."""
    with pytest.raises(SettingsFault, match="time_zone"):
        read_settings({"time_zone": name}, None)


def test_the_time_zone_is_utc_by_default() -> None:
    assert read_settings({}, None).time_zone == "UTC"
    assert read_settings({"time_zone": "Europe/Vienna"}, None).time_zone == "Europe/Vienna"


def test_the_page_of_settings_is_the_one_that_the_code_makes() -> None:
    """`make settings` writes it."""
    command = [sys.executable, ROOT / "server/settings_reference.py", "--check", ROOT / "docs/settings.md"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_page_of_settings_has_each_one_once() -> None:
    """With its flag and its variable; none is left out by being in a class that the page does not know."""
    rows = re.findall(
        r"^\| `(\w+)` \| `(--[\w-]+)` \| `(\w+)` \|", (ROOT / "docs/settings.md").read_text(), re.MULTILINE
    )
    flags = {option.name: option.opts[0] for option in serve.params}
    assert sorted(rows) == sorted((name, flags[name], f"LOTKEEPER_{name.upper()}") for name in Settings.model_fields)
