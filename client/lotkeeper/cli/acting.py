"""The commands that change stock: one for each type of action, and a file of actions as one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

import click
from google.protobuf.message import Message

from lotkeeper._errors import InvalidArgument
from lotkeeper.cli import named_types, naming
from lotkeeper.cli.batching import done
from lotkeeper.cli.json_lines import messages_of_lines
from lotkeeper.cli.moments import Moment, Number, OfDay
from lotkeeper.cli.named_types import LotName
from lotkeeper.cli.options import (
    EXPIRES,
    INVENTORY_NAME,
    MATERIAL,
    REQUEST_ID,
    SUPPLIER_LOT,
    VALIDATE_ONLY,
    OneOf,
)
from lotkeeper.cli.refusing import of_single_action
from lotkeeper.cli.session import Session
from lotkeeper.cli.showing import writing
from lotkeeper.cli.written import show_written
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1.inventory_action_pb2 import InventoryAction
from lotkeeper.visible_text import visible

Decorator = Callable[[Any], Any]
LOT: Final = click.argument("lot", type=LotName())
_MADE: Final = click.argument("lot", type=LotName(may_be_new=True))
QUANTITY: Final = click.argument("quantity", type=Number())
UNIT: Final = click.argument("unit", type=named_types.UNIT, required=False)
NOTES: Final = click.option("--notes", help="Free text on the record.")
SPARES: Final = [click.option(f"--spare{number}", help="For the plant's own use.") for number in (1, 2, 3)]
_FROM: Final = click.option(
    "--from", "source", type=named_types.LOCATION, required=True, help="The location that it leaves, by id or path."
)
_AT: Final = click.option(
    "--at", "source", type=named_types.LOCATION, required=True, help="The location, by id or path."
)
_TO: Final = click.option(
    "--to",
    "destination",
    type=named_types.LOCATION,
    required=True,
    help="The location that it comes to, by id or path.",
)
_NOTED_FROM: Final = click.option(
    "--from",
    "source",
    type=named_types.LOCATION,
    help="The location that it comes from, only for the record: nothing moves there.",
)
_NOTED_TO: Final = click.option(
    "--to",
    "destination",
    type=named_types.LOCATION,
    help="The location that it goes to, only for the record: nothing moves there.",
)
_DETAILS: Final = [
    MATERIAL,
    click.option(
        "--production-order",
        type=named_types.ORDER,
        help="By id or name. Default: the order of the process operation.",
    ),
    click.option(
        "--process-operation",
        "operation_id",
        type=named_types.PROCESS_OPERATION,
        help="The process operation that it belongs to, by id or name.",
    ),
    click.option("--reason-code", type=named_types.REASON_CODE, help="By id or code."),
    click.option("--start", "start_date_millis", type=Moment(OfDay.FIRST), help="When it began. Default: now."),
    click.option("--end", "end_date_millis", type=Moment(OfDay.LAST_UNTIL_NOW), help="When it ended. Default: now."),
    NOTES,
    *SPARES,
    REQUEST_ID,
    VALIDATE_ONLY,
]
_FLOW: Final = [
    click.option(
        "--secondary-lot",
        type=LotName("secondary_material", may_be_new=True),
        help="The lot that it goes into or comes from: an id or a name, with --secondary-material if several have it, "
        "or none yet.",
    ),
    click.option(
        "--secondary-material",
        type=named_types.MATERIAL,
        is_eager=True,
        help="The material of the secondary lot, if that is given by name.",
    ),
    click.option("--create-lot", "create_lot_if_not_found", is_flag=True, help="Make lots that do not exist."),
    INVENTORY_NAME,
    *_DETAILS,
]
_FALL: Final = [LOT, QUANTITY, UNIT, _FROM, _NOTED_TO, *_FLOW]
_RISE: Final = [_MADE, QUANTITY, UNIT, _TO, _NOTED_FROM, SUPPLIER_LOT, EXPIRES, *_FLOW]
_COUNT: Final = click.option(
    "--count",
    "increment_production_order_count",
    is_flag=True,
    help="Add the quantity to what the order has produced.",
)
_PICKED: Final = (
    "LOT is an id or a name, with --material if several have it; '' picks from the location, with --material."
)
_NAMED: Final = "LOT is an id or a name, with --material if several have it."


def _not_empty(_context: click.Context, _parameter: click.Parameter, lot: str | None) -> str | None:
    """An empty name is a script's variable that was never set; it must not mean every lot."""
    if lot == "":
        raise click.BadParameter("is empty; leave it out to throw away every lot")
    return lot


@click.command()
@click.argument("file", type=click.File("rb"))
@REQUEST_ID
@VALIDATE_ONLY
@click.pass_obj
def act(session: Session, /, file: BinaryIO, request_id: str | None, validate_only: bool) -> None:
    """Apply the actions of FILE ('-' for standard input), one JSON object on each line, all or none.

    The fields are those of InventoryAction, with the names that --json shows. Lots (with materialIdOrPath), locations,
    materials, units and orders are given by name or path or by id; process operations and reason codes by id only.
    On one line, such as:

    \b
    {"type": "MOVE", "lotIdOrName": "MILK-0815", "materialIdOrPath": "Dairy/Milk/Whole milk", "exactQuantity": "0.1",
    "sourceLocationIdOrPath": "DairyCo/Plant1/Silo1", "destinationLocationIdOrPath": "DairyCo/Plant1/Silo2"}
    """  # noqa: D301 - click keeps the lines below a backspace
    actions = [action for _, action in messages_of_lines(file, InventoryAction)]
    response = session.client.execute_inventory_actions(actions, request_id=request_id, validate_only=validate_only)
    session.output.say_if_validated(validate_only)
    if not session.output.for_people:
        session.output.one(response)
        return
    ids: list[list[str]] = [[] for _ in actions]
    for index, record in zip(response.action_indexes, response.inventory_lot_records, strict=True):
        ids[index].append(record.id)
    for number, written in enumerate(ids, 1):
        click.echo(visible(f"{number}: {done(written, validate_only=validate_only)}"))


@contextmanager
def _saying_which_material() -> Iterator[None]:
    """A refusal for want of a material names the option that says it: there are two."""
    try:
        yield
    except InvalidArgument as error:
        if error.reason != "MATERIAL_REQUIRED":
            raise
        fields = {one.field for one in error.field_violations}
        option = "--secondary-material" if fields & {"secondary_lot", "secondary_material"} else "--material"
        said = f"{error.message.rstrip('.')}; give {option}, or an id."
        raise error.saying(said, error.field_violations) from None


def _command(name: str, method: str, text: str, parameters: Sequence[Decorator]) -> click.Command:
    """A command that calls a method of the client; its parameters have the names of the method's arguments."""

    def run(session: Session, /, reason_code: str | None, **given: Any) -> None:
        reason_code_id = session.reason_code_id(reason_code)
        changing = getattr(session.client, method)

        def changed(unit: str | None) -> Sequence[Message]:
            in_unit = {"unit": unit} if "unit" in given else {}
            records: Sequence[Message] = changing(reason_code_id=reason_code_id, **given | in_unit)
            return records

        with of_single_action(), _saying_which_material():
            records = naming.with_unit(session.client, given.get("unit"), changed)
        show_written(session.output, records, "there was nothing to do")
        session.output.say_if_validated(given["validate_only"])

    decorated: Any = click.pass_obj(run)
    for parameter in reversed(parameters):
        decorated = parameter(decorated)
    return click.command(name, help=text)(writing(decorated))


consume = _command("consume", "consume", f"Use up QUANTITY of LOT. {_PICKED}", _FALL)
unconsume = _command("unconsume", "unconsume", f"Bring back QUANTITY of LOT that was not used up. {_NAMED}", _RISE)
produce = _command("produce", "produce", f"Make QUANTITY of LOT. {_NAMED}", [*_RISE, _COUNT])
scrap = _command("scrap", "scrap", f"Throw away QUANTITY of LOT, with any status. {_PICKED}", _FALL)
scrap_all = _command(
    "scrap-all",
    "scrap_all",
    "Throw away all of LOT at a location; without LOT every lot of --material. LOT is an id, or a name.",
    [click.argument("lot", type=LotName(), required=False, callback=_not_empty), _FROM, _NOTED_TO, *_FLOW],
)
return_lot = _command("return", "return_lot", f"Give QUANTITY of LOT back, with any status. {_PICKED}", _FALL)
receive = _command("receive", "receive", f"Take in QUANTITY of LOT. {_NAMED}", _RISE)
receive_and_consume = _command(
    "receive-and-consume",
    "receive_and_consume",
    f"Take in QUANTITY of LOT and use it up at once: no stock is kept. {_NAMED}",
    [_MADE, QUANTITY, UNIT, _AT, _NOTED_TO, SUPPLIER_LOT, EXPIRES, *_FLOW],
)
ship = _command("ship", "ship", f"Send QUANTITY of LOT to a customer. {_PICKED}", _FALL)
move = _command(
    "move",
    "move",
    f"Move QUANTITY of LOT from one location to another. {_NAMED}",
    [LOT, QUANTITY, UNIT, _FROM, _TO, INVENTORY_NAME, *_DETAILS],
)
split = _command(
    "split",
    "split",
    f"Make a new lot of QUANTITY of LOT, where it is. {_NAMED}",
    [
        LOT,
        QUANTITY,
        UNIT,
        _AT,
        click.option("--new-lot", "new_lot_name", required=True, help="The new lot's name."),
        INVENTORY_NAME,
        *_DETAILS,
    ],
)
merge = _command(
    "merge",
    "merge",
    "Put all stock of OTHER at a location into LOT. LOT is an id or a name, with --material if several have it; OTHER "
    "is an id, or a name of the same material.",
    [
        LOT,
        click.argument("secondary_lot", metavar="OTHER", type=named_types.LOT_ANY),
        _AT,
        click.option(
            "--secondary-material",
            type=named_types.MATERIAL,
            is_eager=True,
            help="The material of OTHER. Default: LOT's.",
        ),
        INVENTORY_NAME,
        *_DETAILS,
    ],
)
edit_quantity = _command(
    "edit-quantity",
    "edit_quantity",
    f"Set the stock of LOT at a location to QUANTITY, for example after a count. {_NAMED}",
    [LOT, QUANTITY, UNIT, _AT, INVENTORY_NAME, *_DETAILS],
)
change_status = _command(
    "change-status",
    "change_status",
    f"Give LOT another STATUS. {_NAMED}",
    [LOT, click.argument("lot_status", metavar="STATUS", type=OneOf(enums_pb2.LotStatus.DESCRIPTOR)), *_DETAILS],
)
