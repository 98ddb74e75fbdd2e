"""How the command line connects: by options, variables and a profile."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource

from lotkeeper._bearer import TOKEN_FILE_VARIABLE, TOKEN_VARIABLE, open_to_others, token_of_file
from lotkeeper._retrying import Retries
from lotkeeper.cli.patient_client import PatientClient
from lotkeeper.cli.profiles import chosen_profile, profile_names
from lotkeeper.visible_text import visible

DEFAULT_ADDRESS: Final = "127.0.0.1:50051"
DEFAULT_SECONDS: Final = 30.0
CONNECT_SECONDS: Final = 5.0
"""A person at a terminal is told soon that nobody is there."""
_FILE: Final = click.Path(path_type=Path)
_OPTIONS: Final = (
    click.option(
        "--address",
        envvar="LOTKEEPER_ADDRESS",
        help=f"HOST, HOST:PORT, or several, separated by commas. Default: {DEFAULT_ADDRESS}.",
    ),
    click.option(
        "--profile",
        envvar="LOTKEEPER_PROFILE",
        shell_complete=lambda _context, _option, typed: [one for one in profile_names() if one.startswith(typed)],
        help="A plant in ~/.config/lotkeeper/config.toml. Default: the one that `profile` names there.",
    ),
    click.option(
        "--token-file",
        type=_FILE,
        help="Holds the token. Default: LOTKEEPER_TOKEN, or the file LOTKEEPER_TOKEN_FILE.",
    ),
    click.option(
        "--timeout",
        "timeout_seconds",
        type=click.FloatRange(0.001, 3_600),
        envvar="LOTKEEPER_TIMEOUT",
        help=f"Seconds. Default: {DEFAULT_SECONDS:g}.",
    ),
    click.option("--tls", is_flag=True, default=None, help="Connect with TLS, also without a CA file."),
    click.option("--ca-file", envvar="LOTKEEPER_CA_FILE", type=_FILE, help="PEM file of whom to trust; means TLS."),
    click.option(
        "--client-certificate",
        envvar="LOTKEEPER_CLIENT_CERTIFICATE",
        type=_FILE,
        help="PEM file of what is shown to the server; means TLS.",
    ),
    click.option("--client-key", envvar="LOTKEEPER_CLIENT_KEY", type=_FILE, help="PEM file of its key."),
)
_TOGETHER: Final = (
    *(frozenset({name}) for name in ("address", "token_file", "timeout_seconds", "tls", "ca_file")),
    frozenset({"client_certificate", "client_key"}),
)
"""What one place says whole, and no other adds to: a key is that of its certificate."""


def connection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say how to connect."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True)
class Connection:
    """Where a server is, and how to connect to it.

    Attributes:
        address: one or several, as `Client` takes them.
        token_file: None for what the environment says.
        timeout_seconds: of each call.
        tls: None for what the files ask for.
        ca_file: whom to trust; None for the public authorities.
        client_certificate: what is shown; None for nothing.
        client_key: of that certificate.
    """

    address: str
    token_file: Path | None = None
    timeout_seconds: float = DEFAULT_SECONDS
    tls: bool | None = None
    ca_file: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None

    def client(self, *, connect_seconds: float = CONNECT_SECONDS) -> PatientClient:
        """A client that connects so; the caller closes it.

        Args:
            connect_seconds: how long a server is waited for.

        Raises:
            SettingFault: where an address, a token or a file cannot be used.
        """
        return PatientClient(
            self.address,
            token=self.token,
            tls=self.tls,
            ca_file=self.ca_file,
            client_certificate=self.client_certificate,
            client_key=self.client_key,
            timeout_seconds=self.timeout_seconds,
            retries=Retries(connect_seconds=connect_seconds),
        )

    @property
    def token(self) -> str | None:
        """What is in the token file; None without one."""
        return token_of_file(self.token_file) if self.token_file else None

    def token_advice(self) -> str:
        """What to do where the server does not know the token that is sent, or none is."""
        path = self.token_file or os.environ.get(TOKEN_FILE_VARIABLE)
        if path is None and not os.environ.get(TOKEN_VARIABLE):
            return (
                f"none is given; give --token-file or {TOKEN_VARIABLE}; `lotkeeper-server token create` makes a token"
            )
        where = TOKEN_VARIABLE if path is None else str(path)
        return (
            f"this server does not know that of {where}, or it has expired or was revoked; "
            "`lotkeeper-server token list` shows which there are, `token create` makes one"
        )

    def warn(self) -> None:
        """Says on standard error where others can read the token."""
        path = self.token_file or os.environ.get(TOKEN_FILE_VARIABLE)
        if path and (fault := open_to_others(Path(path))):
            click.echo(visible(f"warning: the token file {path} {fault}"), err=True)


def connection_of(context: click.Context) -> Connection:
    """What is in force: options, then variables, then the profile; but a profile that is an option before variables.

    Args:
        context: of the whole command line.

    Raises:
        UsageError: for a profile that is not there, or a file of profiles that cannot be used.
    """
    profile = chosen_profile(context.params.get("profile"))
    layers = [_given(context, ParameterSource.COMMANDLINE), _given(context, ParameterSource.ENVIRONMENT)]
    if any(os.environ.get(name) for name in (TOKEN_VARIABLE, TOKEN_FILE_VARIABLE)):
        layers[1]["token_file"] = None  # the client reads it
    was_asked_for = context.get_parameter_source("profile") is ParameterSource.COMMANDLINE
    layers.insert(1 if was_asked_for else 2, dict(profile.values) if profile else {})
    chosen: dict[str, Any] = {"address": DEFAULT_ADDRESS}
    for names in _TOGETHER:
        layer: Mapping[str, Any] = next((one for one in layers if names & one.keys()), {})
        chosen |= {name: layer[name] for name in names & layer.keys()}
    return Connection(**chosen)


def _given(context: click.Context, source: ParameterSource) -> dict[str, Any]:
    names = frozenset.union(*_TOGETHER)
    return {name: context.params[name] for name in names if context.get_parameter_source(name) is source}
