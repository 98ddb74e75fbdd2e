"""Makes the client's enums of reasons from the contract, or proves them current.

python client/error_reasons.py           writes client/lotkeeper/_reasons.py
python client/error_reasons.py --check   exits 1 where that differs
"""

import json
import sys
import textwrap
from pathlib import Path

from entity_methods import Contract, tidied

TARGET = Path(__file__).parent / "lotkeeper" / "_reasons.py"
OF_THE_CLIENT = {
    "CLIENT_CLOSED": "Of this client: it was closed. Raised as `ClientClosed`.",
    "WRONG_EVENT_LOOP": "Of this client: it belongs to another event loop. Raised as `WrongEventLoop`.",
}
HEAD = '''# Made from the contract by `python client/error_reasons.py`; change that file instead.
"""Reasons of refusals, and of their wrong fields, as names: each is equal to its text."""

from enum import StrEnum
'''
REASON = '''

class Reason(StrEnum):
    """Why a call was refused: what `LotkeeperError.reason` is equal to.

    A newer server may have a reason that is not here: `reason` is a text then, like any other. Of each reason the code
    is said, and which keys the error's `metadata` may have.
    """
'''
FIELD_REASON = '''

class FieldReason(StrEnum):
    """Why the value of a field was refused: what `FieldViolation.reason` is equal to, if the request itself is wrong.

    A field that names what does not exist, or what the plant's state forbids, has a `Reason` instead.
    """
'''


def text() -> str:
    """The module."""
    contract = Contract()
    of_the_client = [_member(name, about) for name, about in OF_THE_CLIENT.items()]
    reasons = [_members(contract.values("ErrorReason"), "ERROR_REASON_"), *of_the_client]
    return "".join([HEAD, REASON, *reasons, FIELD_REASON, _members(contract.values("FieldReason"), "FIELD_REASON_")])


def _members(values: list[tuple[str, str]], prefix: str) -> str:
    return "".join(_member(name.removeprefix(prefix), comment) for name, comment in values[1:])


def _member(name: str, comment: str) -> str:
    about = comment.partition(" Example: ")[0]
    lines = textwrap.fill(f'"""{about}"""', 115, initial_indent="    ", subsequent_indent="    ")
    return f"\n    {name} = {json.dumps(name)}\n{lines}\n"


def main() -> int:
    """Runs the command line; the exit status is 1 if the module is not current."""
    made = tidied(text(), TARGET)
    if "--check" not in sys.argv:
        TARGET.write_text(made)
        return 0
    if TARGET.exists() and TARGET.read_text() == made:
        return 0
    print(f"{TARGET.name} is not current, run `make client`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
