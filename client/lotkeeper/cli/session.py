"""The client and the output that every command uses."""

from __future__ import annotations

import re
from datetime import tzinfo
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from lotkeeper._retrying import Retries
from lotkeeper.cli.output import Output
from lotkeeper.cli.patient_client import PatientClient

CONNECT_SECONDS: Final = 5.0
_DIGIT: Final = "[0-9A-HJKMNP-TV-Z]"
_ULID: Final = re.compile(
    rf"(?=.*[A-Z])[0-7]({_DIGIT}{{25}}|{_DIGIT}{{9}}-{_DIGIT}{{8}}-{_DIGIT}{{8}})", re.IGNORECASE | re.ASCII
)
"""A ULID has a letter; digits alone are a code."""


class Session:
    """A client and an output, made when a command needs them."""

    def __init__(self, address: str, token: str | None, timeout_seconds: float, tls: bool, output: Output) -> None:
        self.output = output
        # A person at a terminal is told soon that nobody is there.
        retries = Retries(connect_seconds=CONNECT_SECONDS)
        self.client = PatientClient(
            address, token=token, tls=tls or None, timeout_seconds=timeout_seconds, retries=retries
        )

    def reason_code_id(self, id_or_code: str | None) -> str | None:
        """The id of a reason code that is given by id or by code."""
        if id_or_code is None or _ULID.fullmatch(id_or_code):
            return id_or_code
        return self.client.get_material_reason_code(id_or_code).id

    @cache  # noqa: B019 - a session lasts as long as its command
    def time_zone(self) -> tzinfo:
        """The plant's time zone, asked for where a day is written.

        Raises:
            ClickException: where this machine does not know it.
        """
        name = self.client.get_plant_settings().time_zone
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            text = f"this machine does not know the plant's time zone {name}, so a day means nothing: install tzdata"
            raise click.ClickException(text) from None
