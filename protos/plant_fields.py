"""Writes the page of a plant document's sections and fields, or proves that the committed one is current.

python protos/plant_fields.py FILE            writes FILE
python protos/plant_fields.py --check FILE    exits 1 if it differs

Fields are those that the server reads; what they mean is what the contract says of them.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from comments import Comments
from descriptors import files
from lotkeeper_server.catalog.descriptions import Description
from lotkeeper_server.catalog.fields import Enumerated, Factor, Field, Flag, Moment, Name, Quantity, Reference, Whole
from lotkeeper_server.plant.reading import STOCK_FIELDS
from lotkeeper_server.plant.sections import NAMED_BY, OPENING_STOCK, SECTIONS, short_names

MESSAGE: Final = 4
MEMBER: Final = 2
"""Places in a source path: messages of a file, fields inside one."""

HEAD: Final = """\
# The sections and fields of a plant document

Made from the code, by `make protos`. What a [plant document](plant.md), or a CSV file of a plant, may have in each
section. Every entry may also have `id` (a ULID, used only for a thing that is created), `enabled`, `notes` and `spare1`
to `spare3`. A thing is **matched** by what is said below; *required* is what a new one needs.
"""

STOCK_MEANINGS: Final = {
    "location": ("a location, by path", "*Required.* Where the stock lies."),
    "material": ("a material, by path", "*Required.* What it is."),
    "lot": ("a name", "*Required.* The lot of that material; made where it is not there."),
    "quantity": ("a quantity", "*Required.* In the lot's unit. Zero is allowed."),
    "name": ("a name", "The name of the stock, such as a pallet's code."),
    "expiration_date": ("a day or a time", "Of a lot that is made; a lot that is there must have the same."),
    "supplier_lot_name": ("a name", "The lot's number at its supplier; the same rule."),
}
"""The fields of opening stock, which is no message of the contract."""

_MATCHED_BY: Final = {
    "unit_of_measure": "name",
    "material_class": "path: `parent` and `name`",
    "material": "path: `material_class` and `name`",
    "unit_of_measure_conversion": "`from_unit`, `to_unit` and `material`",
    "material_reason_code": "code",
    "location": "path: `parent` and `name`",
    "production_order": "name",
    "operation": "name",
    "inventory_operation": "name, `operation_type`, `source_location` and `destination_location`",
    "lot": "`material` and `name`",
}


class PlantFields:
    """The text of the page."""

    def __init__(self) -> None:
        contract = files()
        self._comment = Comments(contract)
        self._places = {
            (message.name, field.name): (file, index, number)
            for file in contract
            for index, message in enumerate(file.message_type)
            for number, field in enumerate(message.field)
        }

    def text(self) -> str:
        """The whole page: sections in the order in which they refer to each other."""
        lines = [HEAD]
        for section, description in SECTIONS.items():
            lines += [f"## {section}", "", f"Matched by {_MATCHED_BY[description.entity]}.", "", *_table_head()]
            lines += [*self._rows(description), ""]
        assert STOCK_MEANINGS.keys() == STOCK_FIELDS
        lines += [f"## {OPENING_STOCK}", "", "Matched by location and lot. It may be called `inventory`, too.", ""]
        lines += [*_table_head(), *(_row(name, *said) for name, said in STOCK_MEANINGS.items())]
        return "\n".join(lines) + "\n"

    def _rows(self, description: Description) -> Iterator[str]:
        message = description.message.DESCRIPTOR.name
        for field in description.fields:
            required = isinstance(field, Name) and field.required
            yield _row(field.name, _form(description, field), self._meaning(message, field.name, required=required))
        for one in description.references:
            yield _row(one.name, _reference(one), self._meaning(message, one.id_field, required=one.required))

    def _meaning(self, message: str, field: str, *, required: bool) -> str:
        file, index, number = self._places[message, field]
        said = self._comment.of(file, MESSAGE, index, MEMBER, number)
        said = re.sub(r"^(Required|Optional)\. ", "", said)
        said = re.sub(r"^ULID of ", "", said)
        return ("*Required.* " if required else "") + said[:1].upper() + said[1:]


def _table_head() -> tuple[str, str]:
    return "| field | what it takes | meaning |", "|---|---|---|"


def _row(name: str, form: str, meaning: str) -> str:
    return f"| `{name}` | {form} | {meaning.replace('|', chr(92) + '|')} |"


def _reference(one: Reference) -> str:
    by = " or ".join(NAMED_BY[one.target])
    return f"a {one.target.replace('_', ' ')}, by {by}"


def _form(description: Description, field: Field) -> str:
    match field:
        case Enumerated(default=default):
            names = ", ".join(f"`{one}`" for one in short_names(description, field.name))
            return names + (f"; without it `{default.name}`" if default is not None else "")
        case Flag():
            return "`true` or `false`"
        case Whole(minimum=minimum):
            return "a whole number" + (", 0 or more" if minimum == 0 else "")
        case Quantity():
            return "a quantity"
        case Factor():
            return "a number from 1e-9 to 1e9"
        case Name():
            return "a name"
        case Moment():
            return "a day or a time"
        case _:
            return "a text"


def main() -> int:
    """Runs the command line; the exit status is 1 if the page is not current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    text = PlantFields().text()
    if not arguments.check:
        arguments.target.write_text(text)
        return 0
    if arguments.target.exists() and arguments.target.read_text() == text:
        return 0
    print(f"{arguments.target} is not current, run `make protos`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
