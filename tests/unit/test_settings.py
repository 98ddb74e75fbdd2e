"""Settings are told of wherever an operator looks: as flags, and in the page of limits."""

from pathlib import Path

from lotkeeper_server.cli.main import serve
from lotkeeper_server.limit_settings import LimitSettings
from lotkeeper_server.settings import Settings

LIMITS_PAGE = Path(__file__).parents[2] / "docs" / "limits.md"


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
