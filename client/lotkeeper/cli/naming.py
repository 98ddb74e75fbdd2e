"""What stands for a thing on the command line becomes its id: a name that fits one; several that fit are listed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar
from unicodedata import category

import click
import grpc

from lotkeeper._errors import InvalidArgument, LotkeeperError, NotFound, PermissionDenied
from lotkeeper._sync.client import Client
from lotkeeper.cli.kinds import KINDS, LOT, OPERATION, UNIT, Named, close_to, form_of
from lotkeeper.visible_text import visible, visible_cell

_DIGIT: Final = "[0-9A-HJKMNP-TV-Z]"
_ULID: Final = re.compile(
    rf"(?=.*[A-Z])[0-7]({_DIGIT}{{25}}|{_DIGIT}{{9}}-{_DIGIT}{{8}}-{_DIGIT}{{8}})", re.IGNORECASE | re.ASCII
)
"""A ULID has a letter; digits alone are a name."""
_LISTED_MAX: Final = 20
_KEYS_OF_REFUSALS: Final = ("path", "name", "symbol", "code")
Answer = TypeVar("Answer")


class SeveralFit(click.UsageError):
    """A name that several things have; they are listed, with their ids, on standard error."""

    def __init__(self, text: str, lines: Sequence[str]) -> None:
        super().__init__(f"{text}:")
        self.lines = lines

    def show(self, file: Any = None) -> None:
        """The error, and below it a line for each."""
        super().show(file)
        for line in self.lines:
            click.echo(f"  {line}", file=file, err=file is None)


def is_id(text: str) -> bool:
    """Whether a text is read as an id, and not as a name."""
    return _ULID.fullmatch(text) is not None


def can_be_listed(text: str) -> bool:
    """Whether things can be asked for by this name; what has a control character is left to the call itself."""
    return bool(text) and not any(category(character) == "Cc" for character in text)


@contextmanager
def looking_up(kind: Named, text: str, advice: str = "give its id") -> Iterator[None]:
    """A refusal of a look-up says that it is one: who gives a name asked for nothing that lists."""
    try:
        yield
    except PermissionDenied as denied:
        said = denied.message.rstrip(".")
        raise denied.saying(
            f"{said} to look up the {kind.words} {visible(text)} by its name; {advice} instead.",
            denied.field_violations,
        ) from None


def operation_id(client: Client, text: str) -> str:
    """The id of an inventory operation that is given by its id, its name, or LOCATION/NAME.

    Raises:
        NotFound: where there is none.
        SeveralFit: where several have the name.
    """
    if is_id(text) or not text:
        return text
    with looking_up(OPERATION, text):
        found = _operations(client, text) if can_be_listed(text) else []
    return _only(OPERATION, text, found, _operation_line, "give an id, or LOCATION/NAME")


def _operations(client: Client, text: str) -> list[Any]:
    wanted = form_of(text)
    found = [one for one in OPERATION.listed(client, prefix=wanted) if one.name == wanted]
    path, _, name = wanted.removeprefix("/").rpartition("/")
    if found or not path:
        return found
    places = {"source_location_path", "destination_location_path"}
    candidates = OPERATION.listed(client, prefix=name)
    return [one for one in candidates if one.name == name and path in {getattr(one, place) for place in places}]


def lot_id(client: Client, text: str, material: str | None = None, *, may_be_new: bool = False) -> str:
    """A lot as a call takes it: its id where its name alone says which it is.

    Args:
        client: of the server.
        text: the lot's id or name; '' stays.
        material: that it is of; the server finds the lot by both.
        may_be_new: whether a name that no lot has stays, too.

    Raises:
        NotFound: where there is none.
        SeveralFit: where lots of several materials have the name.
    """
    if not can_be_listed(text) or is_id(text) or material is not None:
        return text
    wanted = form_of(text)
    with looking_up(LOT, text, "give its id, or --material"):
        found = [one for one in LOT.listed(client, prefix=wanted) if one.name == wanted]
    if not found and may_be_new:
        return text
    return _only(LOT, text, found, _lot_line, "give --material, or an id")


def unit_name(client: Client, text: str) -> str:
    """A unit as it is got: by its id or name; a symbol becomes the id."""
    if not text or is_id(text):
        return text
    wanted = form_of(text)
    with looking_up(UNIT, text):
        units = list(UNIT.listed(client))
    by_symbol = [one.id for one in units if one.symbol == wanted]
    return text if any(one.name == wanted for one in units) or len(by_symbol) != 1 else by_symbol[0]


def with_unit(client: Client, unit: str | None, call: Callable[[str | None], Answer]) -> Answer:
    """The answer of a call that takes a unit's symbol, where its name or id was given.

    The symbol is asked for only where the server does not know the text as one, and has done nothing.
    """
    try:
        return call(unit)
    except NotFound as refused:
        if not unit or refused.reason != UNIT.reason:
            raise
        wanted = form_of(unit)
        with looking_up(UNIT, unit, "give its symbol"):
            symbols = {one.symbol for one in UNIT.listed(client) if wanted in {one.name, one.id} and one.symbol}
        if len(symbols) != 1:
            raise
        return call(symbols.pop())


def with_lots(client: Client, lots: Sequence[str | None], call: Callable[..., Answer]) -> Answer:
    """The answer of a call whose lots may be named without a material.

    The call is made as it is first, since an operation may say the material; it is made again, with ids, where the
    server has refused it for want of one, and has done nothing.
    """
    try:
        return call(*lots)
    except InvalidArgument as refused:
        if refused.reason != "MATERIAL_REQUIRED" or not any(lots):
            raise
        return call(*(lot and lot_id(client, lot) for lot in lots))


def with_meant(client: Client, error: LotkeeperError) -> LotkeeperError:
    """The error, with what may have been meant where a name leads nowhere."""
    kind = next((kind for kind in KINDS if kind.reason == error.reason), None)
    text = next((error.metadata[key] for key in _KEYS_OF_REFUSALS if error.metadata.get(key)), None)
    if kind is None or text is None:
        return error
    try:
        meant = close_to(client, kind, text)
    except LotkeeperError:
        return error
    if not meant:
        return error
    names = [visible(one) for one in meant]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
    said = error.message if error.message.endswith((".", "?", "!")) else f"{error.message}."
    return error.saying(f"{said} Did you mean {listed}?", error.field_violations)


def _only(kind: Named, text: str, found: Sequence[Any], line_of: Callable[[Any], str], advice: str) -> str:
    if not found:
        raise NotFound(
            grpc.StatusCode.NOT_FOUND,
            f"There is no {kind.words} {text}.",
            reason=kind.reason,
            metadata={"name": text},
        )
    if len(found) > 1:
        lines = [line_of(one) for one in found[:_LISTED_MAX]]
        if len(found) > _LISTED_MAX:
            lines.append(f"and {len(found) - _LISTED_MAX} more")
        raise SeveralFit(f"{len(found)} {kind.words}s have the name {text}; {advice}", lines)
    identifier: str = found[0].id
    return identifier


def _operation_line(one: Any) -> str:
    places = " to ".join(filter(None, (one.source_location_path, one.destination_location_path)))
    return _line([one.id, one.name, places, one.material_path])


def _lot_line(one: Any) -> str:
    return _line([one.id, one.name, one.material_path])


def _line(words: Iterable[str]) -> str:
    return "  ".join(visible_cell(word) for word in words if word)
