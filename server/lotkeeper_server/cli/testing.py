"""`lotkeeper-server testing`: a server for the tests of a program in any language."""

import json
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from lotkeeper_server.cli.opening import fail
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.setting_sources import SettingsFault

_LINE_CHARACTERS_MAX: Final = 65_536
_Commands = Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]


@click.command()
@click.option(
    "--plant",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A plant document, YAML or JSON, that each test begins with. [default: the demo plant]",
)
@click.option(
    "--set", "given", multiple=True, metavar="NAME=VALUE", help="A setting that is not to be the default; repeatable."
)
def testing(plant: Path | None, given: tuple[str, ...]) -> None:
    """Serve a plant in memory for tests; the first line on standard output says where, as JSON.

    A line on standard input is a command, answered by a line: {"do": "reset"}, {"do": "set_clock", "millis": N},
    {"do": "advance_clock", "millis": N}, {"do": "let_clock_go"}. It ends with its standard input.
    """
    from lotkeeper_server.testing.server import TestingServer  # noqa: PLC0415 - gRPC takes a while

    document = None if plant is None else _document(plant)
    signal.signal(signal.SIGTERM, _end_by_signal)
    try:
        server = TestingServer(document, dict(_setting(text) for text in given))
    except SettingsFault as fault:
        fail(str(fault))
    except Refused as refused:
        fail(f"{plant}: {refused.refusal.message}")
    try:
        server.begin()
        _say({"address": server.address, "token": server.token})
        _obey(server_commands(server))
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    finally:
        server.close()


def _end_by_signal(_number: int, _frame: object) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once: the end must not be ended
    raise SystemExit(0)


def _document(path: Path) -> Any:
    from lotkeeper_server.testing.template import plant_document  # noqa: PLC0415 - only here

    try:
        data = path.read_bytes()
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    return plant_document(data, is_json=path.suffix == ".json")


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"--set: {text!r} is not NAME=VALUE")
    return name, value


def server_commands(server: Any) -> _Commands:
    """What can be asked of a server, by the word for it."""

    def reset(_: dict[str, Any]) -> dict[str, Any]:
        server.reset()
        return {"address": server.address}

    def set_clock(command: dict[str, Any]) -> dict[str, Any]:
        server.clock.set(_millis(command))
        return {}

    def advance_clock(command: dict[str, Any]) -> dict[str, Any]:
        server.clock.advance(_millis(command))
        return {}

    def let_clock_go(_: dict[str, Any]) -> dict[str, Any]:
        server.clock.let_go()
        return {}

    return {"reset": reset, "set_clock": set_clock, "advance_clock": advance_clock, "let_clock_go": let_clock_go}


def _millis(command: dict[str, Any]) -> int:
    millis = command.get("millis")
    if isinstance(millis, bool) or not isinstance(millis, int):
        raise click.UsageError("millis must be a whole number")
    return millis


def _obey(commands: _Commands) -> None:
    """Answers each line, until there is none any more: whoever began this process has ended."""
    while line := sys.stdin.readline(_LINE_CHARACTERS_MAX):
        try:
            command = json.loads(line)
            if not isinstance(command, dict) or (do := commands.get(str(command.get("do")))) is None:
                raise click.UsageError(f"is not a command; one is {', '.join(commands)}")
            _say(do(command))
        except ValueError:
            _say({"error": "is not JSON"})
        except click.UsageError as error:
            _say({"error": error.message})


def _say(answer: dict[str, Any]) -> None:
    click.echo(json.dumps(answer))
    sys.stdout.flush()
