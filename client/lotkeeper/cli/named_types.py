"""Kinds of value that the server knows: what stands for a thing by name or path, completed in a shell."""

from __future__ import annotations

from typing import Any, Final

import click
from click.shell_completion import CompletionItem

from lotkeeper._errors import LotkeeperError
from lotkeeper._sync.client import Client
from lotkeeper.cli import kinds, naming
from lotkeeper.cli.connection import connection_of
from lotkeeper.cli.kinds import Named
from lotkeeper.cli.parameter_type import ParamType
from lotkeeper.cli.session import Session

SECONDS_MAX: Final = 2.0
"""So long a shell waits for the names of a server."""
SHOWN_MAX: Final = 200


class Thing(ParamType[str]):
    """A thing of a kind, by id, name or path, as the server finds it."""

    name = "text"

    def __init__(self, kind: Named) -> None:
        """Reads the names of a kind."""
        self.kind = kind

    def __call__(self, value: Any, param: click.Parameter | None = None, ctx: click.Context | None = None) -> Any:
        """What click calls; bytes of an argument that are no text name nothing."""
        if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
            self.fail(f"{value} has characters that are not Unicode's", param, ctx)
        return super().__call__(value, param, ctx)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ARG002
        """As it was typed."""
        return str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        """The names that begin with what was typed; none where no server says them soon."""
        try:
            connection = connection_of(ctx.find_root())
            with connection.client(connect_seconds=SECONDS_MAX) as client:
                texts = self._names(client, ctx, incomplete)
        except (LotkeeperError, ValueError, click.ClickException):  # nobody wants to read that while typing
            return []
        return [CompletionItem(text) for text in texts]

    def _names(self, client: Any, ctx: click.Context, incomplete: str) -> list[str]:
        typed = kinds.form_of(incomplete)
        filters: dict[str, Any] = {"timeout_seconds": SECONDS_MAX}
        parent, slash, last = typed.rpartition("/")
        if self.kind.is_tree and slash:
            filters["parent_id_or_path"] = parent
        if self.kind is kinds.LOT and (material := _text_of(ctx, "material") or _text_of(ctx, "material_id_or_path")):
            filters["material_id_or_path"] = material
        # What a material's path begins with is its class, of which the list knows no prefix.
        prefix = last if self.kind.is_tree else "" if self.kind is kinds.MATERIAL else typed
        limit = kinds.LOOKED_AT_MAX if self.kind in {kinds.MATERIAL, kinds.UNIT} else SHOWN_MAX
        prefix = "" if self.kind is kinds.UNIT else prefix
        listed = self.kind.listed(client, prefix=prefix, limit=limit, **filters)
        found = (getattr(one, self.kind.keys[0]) for one in listed)
        return sorted({text for text in found if text.startswith(typed)})[:SHOWN_MAX]


class UnitName(Thing):
    """A unit of measure, by id, name or symbol; a symbol becomes the id."""

    def __init__(self) -> None:
        """Reads a name."""
        super().__init__(kinds.UNIT)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ARG002
        """Its id or name."""
        return naming.unit_name(_client(ctx), value)


class OperationName(Thing):
    """An inventory operation, by id, name or LOCATION/NAME; it becomes the id."""

    def __init__(self) -> None:
        """Reads a name."""
        super().__init__(kinds.OPERATION)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ARG002
        """Its id."""
        return naming.operation_id(_client(ctx), value)


class ProcessOperationName(Thing):
    """A process operation, by id or name; it becomes the id."""

    def __init__(self) -> None:
        """Reads a name."""
        super().__init__(kinds.PROCESS_OPERATION)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ARG002
        """Its id."""
        text = str(value)
        if naming.is_id(text) or not text:
            return text
        with naming.looking_up(kinds.PROCESS_OPERATION, text):
            return _client(ctx).get_operation(text).id


class LotName(Thing):
    """A lot, by id or name; a name becomes the id where only one lot has it and no material is given.

    The option that says the material must be eager, so that it is read first.
    """

    def __init__(self, material: str = "material", *, may_be_new: bool = False) -> None:
        """Reads a name.

        Args:
            material: the parameter that says of which material the lot is.
            may_be_new: whether the command may make a lot of this name.
        """
        super().__init__(kinds.LOT)
        self._material = material
        self._may_be_new = may_be_new

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ARG002
        """Its id, or its name."""
        return naming.lot_id(_client(ctx), str(value), _text_of(ctx, self._material), may_be_new=self._may_be_new)


def _text_of(ctx: click.Context | None, parameter: str) -> str | None:
    """What was given for a parameter that is read before; click has an object of its own for nothing."""
    value = None if ctx is None else ctx.params.get(parameter)
    return value if isinstance(value, str) else None


def _client(ctx: click.Context | None) -> Client:
    session = None if ctx is None else ctx.find_object(Session)
    assert session is not None
    return session.client


OPERATION: Final = OperationName()
PROCESS_OPERATION: Final = ProcessOperationName()
LOT_THERE: Final = LotName()
LOT_ANY: Final = Thing(kinds.LOT)
LOCATION: Final = Thing(kinds.LOCATION)
MATERIAL: Final = Thing(kinds.MATERIAL)
MATERIAL_CLASS: Final = Thing(kinds.MATERIAL_CLASS)
UNIT: Final = Thing(kinds.UNIT)
ORDER: Final = Thing(kinds.ORDER)
REASON_CODE: Final = Thing(kinds.REASON_CODE)
