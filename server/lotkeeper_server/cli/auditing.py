"""What commands that change a store leave behind: who ran them, on this machine, and what they did."""

import os
import pwd
from typing import Final

import click

from lotkeeper_server.domain.model.audit import AuditEvent, Effect, Origin, event_of
from lotkeeper_server.engine.clock import IdSource, now_millis
from lotkeeper_server.store.audit.writing import write_event
from lotkeeper_server.store.db.snapshot import WriteConnection

_PROGRAM: Final = "lotkeeper-server"
_new_id: Final = IdSource()


def tell(connection: WriteConnection, effect: Effect) -> None:
    """Writes what the present command has done, in the transaction in which it did it."""
    write_event(connection, told(effect))


def told(effect: Effect) -> AuditEvent:
    """The same as an event, to be written by somebody else."""
    return event_of(_new_id(), now_millis(), _user(), Origin(_command()), effect)


def _user() -> str:
    """Whoever runs this process, as the operating system knows it: not what an environment variable says."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def _command() -> str:
    names: list[str] = []
    context = click.get_current_context(silent=True)
    while context is not None and context.parent is not None:
        names.insert(0, context.command.name or "")
        context = context.parent
    return " ".join([_PROGRAM, *names])
