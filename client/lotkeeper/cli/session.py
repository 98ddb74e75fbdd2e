"""The client and the output that every command uses."""

from __future__ import annotations

from datetime import tzinfo
from functools import cache, cached_property
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from lotkeeper.cli.connection import Connection
from lotkeeper.cli.kinds import REASON_CODE
from lotkeeper.cli.naming import is_id, looking_up
from lotkeeper.cli.output import Output
from lotkeeper.cli.patient_client import PatientClient


class Session:
    """A client and an output, made when a command needs them."""

    def __init__(self, connection: Connection, output: Output) -> None:
        self.connection = connection
        self.output = output

    @cached_property
    def client(self) -> PatientClient:
        """Connects with its first call.

        Raises:
            SettingFault: where the address, the token or a file cannot be used.
        """
        return self.connection.client()

    def close(self) -> None:
        """Closes the client, if there is one."""
        if "client" in self.__dict__:
            self.client.close()

    def reason_code_id(self, id_or_code: str | None) -> str | None:
        """The id of a reason code that is given by id or by code."""
        if id_or_code is None or is_id(id_or_code):
            return id_or_code
        with looking_up(REASON_CODE, id_or_code):
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
