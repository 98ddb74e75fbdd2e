"""A flag for each setting."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from lotkeeper_server.cli.opening import CONFIG
from lotkeeper_server.settings import Settings


def settings_flags(command: Callable[..., None]) -> Callable[..., None]:
    """A flag for each setting, in their order, and --config."""
    for name, field in reversed(Settings.model_fields.items()):
        command = click.option(
            f"--{name.replace('_', '-')}", name, type=_flag_type(field.annotation), help=field.description
        )(command)
    return CONFIG(command)


def _flag_type(annotation: Any) -> Any:
    """What click makes of the words of a flag; pydantic checks them further."""
    if annotation in (int, float, bool):
        return annotation
    return click.Path(path_type=Path) if annotation == Path | None else str
