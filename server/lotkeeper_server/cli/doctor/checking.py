"""Every check, one after the other."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lotkeeper_server.cli.doctor.addresses import check_addresses
from lotkeeper_server.cli.doctor.certificates import check_certificates
from lotkeeper_server.cli.doctor.finding import Finding, fault, ok, warning
from lotkeeper_server.cli.doctor.machine import check_machine
from lotkeeper_server.cli.doctor.store import check_store
from lotkeeper_server.cli.exposed_secrets import exposed_secrets
from lotkeeper_server.setting_sources import SettingsFault
from lotkeeper_server.settings import read_settings
from lotkeeper_server.shown_settings import shown_settings


def check(flags: Mapping[str, Any], config_file: Path | None, now_seconds: float) -> Iterator[Finding]:
    """Looks at everything, and changes nothing.

    Args:
        flags: what the command line gave; None for what it did not give.
        config_file: the TOML file, or None.
        now_seconds: since the epoch, by this machine's clock.
    """
    try:
        settings = read_settings(dict(flags), config_file)
        names = sorted(shown_settings(settings))
    except SettingsFault as error:
        yield fault("settings", str(error), "correct it: nothing else is looked at before")
        return
    yield ok("settings", f"they can be used; not as by default: {', '.join(names) or 'none'}")
    for text in exposed_secrets(settings, flags, config_file):
        yield warning("secrets", text, "let nobody but the server's user read it")
    yield from check_addresses(settings)
    yield from check_certificates(settings, now_seconds)
    yield from check_machine(settings)
    yield from check_store(settings, int(now_seconds * 1_000))
