"""The options that several commands share, and the kinds of value."""

from __future__ import annotations

from typing import Any, Final

import click
from click.shell_completion import CompletionItem
from google.protobuf.descriptor import EnumDescriptor

from lotkeeper._json import prefix_of
from lotkeeper.cli import named_types
from lotkeeper.cli.moments import Moment, OfDay
from lotkeeper.cli.parameter_type import ParamType
from lotkeeper.inventory.v1 import enums_pb2


class OneOf(ParamType[int]):
    """A value of an enum: its name as it is shown, in any letter case, or the contract's full name."""

    name = "name"

    def __init__(self, enum: EnumDescriptor) -> None:
        prefix = prefix_of(enum)
        self._prefix = prefix
        self._numbers = {one.name.removeprefix(prefix): one.number for one in enum.values if one.number}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Its number."""
        if isinstance(value, int):
            return value
        name = value.upper().replace("-", "_").removeprefix(self._prefix)
        if name not in self._numbers:
            self.fail(f"{value} is not one of {', '.join(self._numbers)}", param, ctx)
        return self._numbers[name]

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:  # noqa: ARG002 - click's
        """The names."""
        return "|".join(self._numbers)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        """The names that begin with what was typed."""
        return [CompletionItem(name) for name in self._numbers if name.startswith(incomplete.upper())]


PAGE_SIZE_MAX: Final = 200
LIMIT = click.option("--limit", type=click.IntRange(1), help="How many at most. Default: all.")
LOCATION = click.option("--location", type=named_types.LOCATION, help="By id or path.")
CHILDREN = click.option("--include-children", is_flag=True, help="Also below the location.")
LOT = click.option(
    "--lot", type=named_types.LOT_THERE, help="By id or name; with --material, if several have that name."
)
MATERIAL = click.option("--material", type=named_types.MATERIAL, is_eager=True, help="By id or path.")
PREFIX = click.option("--name-prefix", help="Whose name begins with this.")
TYPES = click.option(
    "--type", "types", multiple=True, type=OneOf(enums_pb2.LotRecordType.DESCRIPTOR), help="Of this type; may repeat."
)
SECONDARY = click.option(
    "--secondary-lot", type=named_types.LOT_ANY, help="The lot that it goes into or comes from, by id or name."
)
INVENTORY_NAME = click.option("--inventory-name", help="A pallet or LPN code.")
START = click.option("--start", "start_millis", type=Moment(OfDay.FIRST), help="When it began.")
END = click.option("--end", "end_millis", type=Moment(OfDay.LAST_UNTIL_NOW), help="When it ended.")
EXPIRES = click.option(
    "--expires",
    "lot_expiration_date_millis",
    type=Moment(),
    help="When the lot expires, where it is made; one that is there must have this date. Default: by shelf life.",
)
SUPPLIER_LOT = click.option(
    "--supplier-lot",
    "supplier_lot_name",
    help="The lot's number at its supplier, where it is made; one that is there must have it.",
)
REQUEST_ID = click.option("--request-id", help="Makes a retry safe, also of this whole command.")
VALIDATE_ONLY = click.option("--validate-only", is_flag=True, help="Do everything except the commit.")
VERSION = click.option("--version", type=click.IntRange(1), help="Only if it still has this version.")
MASK = click.option("--mask", help="Only these fields, by proto name, separated by commas.")


def page_size_of(limit: int | None) -> int:
    """How many a call brings: few enough that the first rows come at once."""
    return min(limit or PAGE_SIZE_MAX, PAGE_SIZE_MAX)


def fields_of(mask: str | None) -> list[str] | None:
    """The fields that --mask names; None: every field."""
    return [name.strip() for name in mask.split(",")] if mask else None
