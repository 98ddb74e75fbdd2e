"""What a serving process does at SIGHUP: it reads its settings again, and takes over what can change meanwhile."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lotkeeper_server.cli.exposed_secrets import exposed_secrets
from lotkeeper_server.event_log import get_logger
from lotkeeper_server.logs import configure_logs
from lotkeeper_server.setting_sources import SettingsFault
from lotkeeper_server.settings import Settings, read_settings

TAKEN_OVER: Final = frozenset({"log_level", "log_format"})
"""The settings that a process takes over at SIGHUP."""
_log = get_logger()


@dataclass(frozen=True, slots=True)
class Given:
    """Where the settings came from, so that they can be read again.

    Attributes:
        flags: what the command line gave; None for what it did not give.
        config_file: the TOML file, or None.
    """

    flags: Mapping[str, Any] = field(default_factory=dict, repr=False)
    config_file: Path | None = None


class Reloading:
    """Reads the settings again whenever it is called, and says in the log what it took over and what it did not."""

    def __init__(self, settings: Settings, given: Given) -> None:
        self._settings = settings
        self._given = given

    def __call__(self) -> None:
        """Reads and takes over; if anything is wrong with the settings, all stay as they are."""
        try:
            new = read_settings(dict(self._given.flags), self._given.config_file)
        except SettingsFault as fault:
            _log.error("settings_not_reloaded", why=str(fault))
            return
        old = self._settings
        changed = [name for name in Settings.model_fields if getattr(new, name) != getattr(old, name)]
        taken = [name for name in changed if name in TAKEN_OVER]
        self._settings = old.model_copy(update={name: getattr(new, name) for name in taken})
        configure_logs(new.log_level, new.log_format)
        _log.info("settings_reloaded", changed=taken, need_a_restart=[name for name in changed if name not in taken])
        self.warn()

    def warn(self) -> None:
        """Says in the log which secrets others can read."""
        for text in exposed_secrets(self._settings, self._given.flags, self._given.config_file):
            _log.warning("secret_exposed", why=text)


OnHangup = Callable[[], None] | None
"""What is done at SIGHUP; None: the server ends, as at SIGTERM."""
