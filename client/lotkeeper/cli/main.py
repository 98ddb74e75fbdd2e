"""`lotkeeper`: runs inventory operations and shows the plant."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import click
from google.protobuf.message import Message

from lotkeeper._errors import DeadlineExceeded, LotkeeperError, Unauthenticated, Unavailable
from lotkeeper._faults import SettingFault
from lotkeeper._quantities import exact_of
from lotkeeper._tokens import NONE_SENT
from lotkeeper.cli import acting, named_types
from lotkeeper.cli.access import access
from lotkeeper.cli.auditing import audit
from lotkeeper.cli.batching import batch
from lotkeeper.cli.checking import check
from lotkeeper.cli.connection import connection_of, connection_options
from lotkeeper.cli.definitions import export, import_
from lotkeeper.cli.entities import GROUPS
from lotkeeper.cli.listing import OPERATION, operations, permissions
from lotkeeper.cli.moments import Number
from lotkeeper.cli.naming import with_lots, with_meant
from lotkeeper.cli.options import (
    END,
    EXPIRES,
    INVENTORY_NAME,
    MATERIAL,
    REQUEST_ID,
    SECONDARY,
    START,
    SUPPLIER_LOT,
    VALIDATE_ONLY,
)
from lotkeeper.cli.output import FORMS, Output, quiet_on_closed_pipe, styled
from lotkeeper.cli.plant import plant
from lotkeeper.cli.recalling import recall
from lotkeeper.cli.records import records
from lotkeeper.cli.refusing import EXIT_INTERRUPTED, EXIT_REFUSED, EXIT_UNREACHABLE, refuse
from lotkeeper.cli.session import Session
from lotkeeper.cli.showing import writing
from lotkeeper.cli.stock import convert, inventory
from lotkeeper.cli.tracing import trace
from lotkeeper.cli.usage_errors import errors_in
from lotkeeper.cli.watching import watch
from lotkeeper.cli.words import form_asked, in_order
from lotkeeper.cli.written import show_single, show_written
from lotkeeper.command_errors import Group, errors_shown
from lotkeeper.command_groups import summary_of
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb
from lotkeeper.shell_completion import completion_command

_HEADER_NEEDED: Final = ": authorization: Bearer TOKEN"
"""The end of a refusal that tells programs what to send."""
_FORM_ASKED: Final = "lotkeeper.form"
SECTIONS: dict[str, list[click.Command]] = {}
"""The commands, as the help shows them."""


class LotkeeperGroup(Group):
    """Takes `--json` and `--utc` anywhere; an error sets the exit status."""

    def make_context(self, info_name: str | None, args: list[str], *more: Any, **extra: Any) -> click.Context:
        """Reads the words; what is wrong with them is said in the form that they ask for."""
        form = form_asked(self, args)
        with errors_in(form):
            context = super().make_context(info_name, args, *more, **extra)
        context.meta[_FORM_ASKED] = form
        return context

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Takes the words in any order."""
        return super().parse_args(ctx, in_order(self, args))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """The commands in their sections."""
        width = max(len(command.name or "") for commands in SECTIONS.values() for command in commands)
        for section, commands in SECTIONS.items():
            rows = [(f"{command.name:<{width}}", summary_of(command)) for command in commands]
            with formatter.section(section):
                formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command."""
        try:
            with errors_in(ctx.meta.get(_FORM_ASKED)), errors_shown(), _setting_faults_as_usage():
                return super().invoke(ctx)
        except (Unavailable, DeadlineExceeded) as error:
            refuse(error, EXIT_UNREACHABLE, _output_of(ctx))
        except LotkeeperError as error:
            session = ctx.find_object(Session)
            refuse(error if session is None else _advised(session, error), EXIT_REFUSED, _output_of(ctx))
        except BrokenPipeError:
            quiet_on_closed_pipe()
            sys.exit(0)
        except KeyboardInterrupt:
            sys.exit(EXIT_INTERRUPTED)


def _output_of(context: click.Context) -> Output:
    """How a refusal is shown: in the form that was asked for, also where the words that ask were not reached."""
    output = context.obj.output if isinstance(context.obj, Session) else Output()
    form = context.meta.get(_FORM_ASKED)
    return replace(output, form=form) if form in FORMS else output


def _advised(session: Session, error: LotkeeperError) -> LotkeeperError:
    """The error, with what to do about it where that can be known."""
    if isinstance(error, Unauthenticated):
        text = error.message.partition(NONE_SENT)[0].removesuffix(".").removesuffix(_HEADER_NEEDED)
        return error.saying(f"{text}: {session.connection.token_advice()}.", error.field_violations)
    return with_meant(session.client, error)


@contextmanager
def _setting_faults_as_usage() -> Iterator[None]:
    try:
        yield
    except SettingFault as fault:
        raise click.UsageError(str(fault)) from None


@click.group(cls=LotkeeperGroup, context_settings={"help_option_names": ["-h", "--help"]})
@connection_options
@click.option("--output", "form", type=click.Choice(FORMS), default="table", help="Default: table.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line: --output json.")
@click.option("--no-headers", is_flag=True, help="Tables and CSV without titles.")
@click.option("--wide", is_flag=True, help="Every column, however long the lines are.")
@click.option("--utc", is_flag=True, help="Times in UTC instead of the local zone.")
@click.version_option(package_name="lotkeeper")
@click.pass_context
def main(
    context: click.Context,
    /,
    form: str,
    as_json: bool,
    no_headers: bool,
    wide: bool,
    utc: bool,
    **_connection: Any,
) -> None:
    """Run inventory operations on a Lotkeeper server, and look at the plant.

    Options may stand before a command or after it. Exit status: 0 done, 1 refused, 2 wrong usage, 3 the server cannot
    be reached.
    """
    if context.invoked_subcommand == "completion":
        return
    connection = connection_of(context)
    connection.warn()
    context.color = styled()
    output = Output("json" if as_json else form, utc, wide, headers=not no_headers)
    context.obj = Session(connection, output)
    context.call_on_close(context.obj.close)


LOT = click.argument("lot", type=named_types.LOT_ANY, required=False)


@click.command()
@OPERATION
@LOT
@click.argument("quantity", type=Number(), required=False)
@SECONDARY
@MATERIAL
@INVENTORY_NAME
@START
@END
@SUPPLIER_LOT
@EXPIRES
@REQUEST_ID
@VALIDATE_ONLY
@writing
@click.pass_obj
def execute(
    session: Session,
    /,
    operation_id: str,
    lot: str | None,
    quantity: str | None,
    secondary_lot: str | None,
    material: str | None,
    inventory_name: str | None,
    start_millis: int | None,
    end_millis: int | None,
    supplier_lot_name: str | None,
    lot_expiration_date_millis: int | None,
    request_id: str | None,
    validate_only: bool,
) -> None:
    """Run OPERATION on LOT (id or name; '' lets the operation decide) with QUANTITY; if it runs already, stop it."""

    def executed(primary: str | None, secondary: str | None) -> pb.ExecuteInventoryOperationResponse:
        return session.client.execute(
            pb.ExecuteInventoryOperationRequest(
                inventory_operation_id=operation_id,
                primary_lot_id_or_name=primary or "",
                exact_quantity=exact_of(quantity),
                secondary_lot_id_or_name=secondary,
                material_id_or_path=material,
                inventory_name=inventory_name,
                start_date_millis=start_millis,
                end_date_millis=end_millis,
                lot_expiration_date_millis=lot_expiration_date_millis,
                supplier_lot_name=supplier_lot_name,
                request_id=request_id or "",
                validate_only=validate_only,
            )
        )

    response = with_lots(session.client, (lot, secondary_lot), executed)
    show_written(session.output, response.inventory_lot_records, "there was nothing to scrap")
    session.output.say_if_validated(validate_only)


@click.command()
@OPERATION
@LOT
@SECONDARY
@MATERIAL
@INVENTORY_NAME
@START
@SUPPLIER_LOT
@EXPIRES
@REQUEST_ID
@VALIDATE_ONLY
@writing
@click.pass_obj
def start(
    session: Session,
    /,
    operation_id: str,
    lot: str | None,
    secondary_lot: str | None,
    material: str | None,
    inventory_name: str | None,
    start_millis: int | None,
    supplier_lot_name: str | None,
    lot_expiration_date_millis: int | None,
    request_id: str | None,
    validate_only: bool,
) -> None:
    """Start OPERATION on LOT."""

    def started(primary: str | None, secondary: str | None) -> Message:
        return session.client.start_inventory_operation(
            operation_id,
            primary_lot_id_or_name=primary,
            secondary_lot_id_or_name=secondary,
            material_id_or_path=material,
            inventory_name=inventory_name,
            start_date_millis=start_millis,
            lot_expiration_date_millis=lot_expiration_date_millis,
            supplier_lot_name=supplier_lot_name,
            request_id=request_id,
            validate_only=validate_only,
        )

    show_single(session.output, with_lots(session.client, (lot, secondary_lot), started))
    session.output.say_if_validated(validate_only)


@click.command()
@OPERATION
@click.argument("quantity", type=Number())
@INVENTORY_NAME
@END
@REQUEST_ID
@VALIDATE_ONLY
@writing
@click.pass_obj
def stop(
    session: Session,
    /,
    operation_id: str,
    quantity: str,
    inventory_name: str | None,
    end_millis: int | None,
    request_id: str | None,
    validate_only: bool,
) -> None:
    """Complete what a start of OPERATION began, with QUANTITY."""
    response = session.client.stop_inventory_operation(
        operation_id,
        quantity,
        inventory_name=inventory_name,
        end_date_millis=end_millis,
        request_id=request_id,
        validate_only=validate_only,
    )
    show_written(session.output, response.inventory_lot_records, "nothing was written")
    session.output.say_if_validated(validate_only)


@click.command()
@OPERATION
@REQUEST_ID
@writing
@click.pass_obj
def cancel(session: Session, /, operation_id: str, request_id: str | None) -> None:
    """End what a start of OPERATION began; no stock moves."""
    show_single(session.output, session.client.cancel_inventory_operation(operation_id, request_id=request_id))


completion = completion_command(lambda: main, "lotkeeper")


for section, command in (
    ("Run operations", execute),
    ("Run operations", start),
    ("Run operations", stop),
    ("Run operations", cancel),
    ("Run operations", batch),
    ("Run operations", operations),
    ("Run operations", import_),
    ("Run operations", export),
    ("Change stock", acting.act),
    ("Change stock", acting.consume),
    ("Change stock", acting.unconsume),
    ("Change stock", acting.produce),
    ("Change stock", acting.receive),
    ("Change stock", acting.receive_and_consume),
    ("Change stock", acting.ship),
    ("Change stock", acting.return_lot),
    ("Change stock", acting.scrap),
    ("Change stock", acting.scrap_all),
    ("Change stock", acting.move),
    ("Change stock", acting.split),
    ("Change stock", acting.merge),
    ("Change stock", acting.edit_quantity),
    ("Change stock", acting.change_status),
    ("Look at stock and history", inventory),
    ("Look at stock and history", GROUPS["lots"]),
    ("Look at stock and history", records),
    ("Look at stock and history", watch),
    ("Look at stock and history", trace),
    ("Look at stock and history", recall),
    ("Describe the plant", plant),
    ("Describe the plant", GROUPS["locations"]),
    ("Describe the plant", GROUPS["materials"]),
    ("Describe the plant", GROUPS["material-classes"]),
    ("Describe the plant", GROUPS["reason-codes"]),
    ("Describe the plant", GROUPS["units"]),
    ("Describe the plant", GROUPS["conversions"]),
    ("Describe the plant", convert),
    ("Describe the plant", GROUPS["process-operations"]),
    ("Describe the plant", GROUPS["production-orders"]),
    ("Else", check),
    ("Else", permissions),
    ("Else", access),
    ("Else", audit),
    ("Else", completion),
):
    main.add_command(command)
    SECTIONS.setdefault(section, []).append(command)
