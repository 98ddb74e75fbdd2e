"""Names in their one form: two spellings that look the same are one name from here on.

What cannot be brought to it stays, is noticed by its id, and can be reached by that.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from alembic import op

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.identifiers import format_id, parse_id
from lotkeeper_server.domain.model.text import name_fault, name_form
from lotkeeper_server.store.schema.notices import notice
from lotkeeper_server.store.schema.progress import report

revision = "0011"
down_revision = "0010"

_PIECE: Final = 10_000
"""Rows that are read or written at a time."""
_NOTICES_MAX: Final = 1_000
"""Of one column; what is left beyond them is counted."""
_ASKED_AT_ONCE: Final = 500
"""Names in one question."""
_UNIQUE: Final[Mapping[tuple[str, str], Sequence[str]]] = {
    ("unit_of_measure", "name"): (),
    ("unit_of_measure", "symbol"): (),
    ("material_reason_code", "reason_code"): (),
    ("operation", "name"): (),
    ("production_order", "name"): (),
    ("inventory_lot", "name"): ("material_id",),
    ("inventory_operation", "name"): ("operation_type", "route"),
}
"""Columns of names that no two rows share, with the columns within which they do not."""
_PARENTS: Final = {"material_class": "parent_id", "material": "material_class_id", "location": "parent_id"}
"""Of tables with paths, the column of the parent."""
_AUTHORED: Final = (
    "unit_of_measure",
    "unit_of_measure_conversion",
    "material_class",
    "material",
    "material_reason_code",
    "location",
    "operation",
    "production_order",
    "inventory_lot",
    "inventory_operation",
    "inventory_lot_record",
)
"""Tables whose rows say who made and edited them."""


class _Named(NamedTuple):
    """A row with a name that is not ASCII."""

    id: bytes
    text: str
    scope: tuple[Any, ...]


def upgrade() -> None:
    """Looks at all names that are not ASCII: some seconds for a million records, a minute or two where all change."""
    connection = op.get_bind()
    for (table, column), scope in _UNIQUE.items():
        _bring_unique_names(connection, table, column, scope)
    _bring_trees(connection, ("material_class", "material"))
    _bring_trees(connection, ("location",))
    for table in ("inventory_operation", "inventory_lot_record"):
        _bring_shared_names(connection, table)
    _bring_names_of_stock(connection)
    _bring_roles(connection)
    _bring_principals(connection)


def _not_ascii(connection: sa.Connection, column: str) -> str:
    """SQL by which the database finds such texts: they have more bytes than code points."""
    if connection.dialect.name == "sqlite":
        return f"length(CAST({column} AS BLOB)) <> length({column})"
    return f"OCTET_LENGTH({column}) <> CHAR_LENGTH({column})"


def _rows(connection: sa.Connection, table: str, column: str, scope: Sequence[str]) -> Iterator[_Named]:
    columns = ", ".join(("id", column, *scope))
    text = sa.text(
        f"SELECT {columns} FROM {table} WHERE id > :after AND {_not_ascii(connection, column)} "  # noqa: S608
        f"ORDER BY id LIMIT {_PIECE}"
    )
    after = b""
    while piece := connection.execute(text, {"after": after}).all():
        for identifier, name, *rest in piece:
            yield _Named(bytes(identifier), name, tuple(rest))
        after = bytes(piece[-1][0])


class _Left:
    """What stays in one column, and why."""

    def __init__(self, table: str, column: str) -> None:
        self._column = f"{table}.{column}"
        self._count = 0

    def note(self, which: str, text: str, why: str) -> None:
        self._count += 1
        if self._count <= _NOTICES_MAX:
            notice(f"{self._column} of {which} stays as it is, {text}: {why}")

    def end(self) -> None:
        if self._count > _NOTICES_MAX:
            notice(f"{self._column} stays as it is in {self._count - _NOTICES_MAX} more rows")


def _form_of(text: str, left: _Left, which: str, *, may_be_id: bool = False) -> str | None:
    """The one form of a name, where it has another and that is a name."""
    form = name_form(text)
    wrong = name_fault(form)
    fault = None if wrong is None else wrong.text
    if fault is None and not may_be_id and form != text and parse_id(form) is not None:
        fault = "has the form of a ULID"
    if fault is not None:
        left.note(which, text, fault)
        return None
    return None if form == text else form


def _new_names(
    connection: sa.Connection, table: str, column: str, scope: Sequence[str], rows: Iterable[_Named]
) -> dict[bytes, str]:
    """The new names of rows, by id: those that no other row has or would have."""
    left = _Left(table, column)
    alike: dict[tuple[str, tuple[Any, ...]], list[_Named]] = {}
    for row in rows:
        if (form := _form_of(row.text, left, format_id(row.id))) is not None:
            alike.setdefault((form, row.scope), []).append(row)
    holders = _holders(connection, table, column, scope, sorted({form for form, _ in alike}))
    new: dict[bytes, str] = {}
    for (form, within), same in alike.items():
        holder = holders.get((form, within))
        if holder is None and len(same) == 1:
            new[same[0].id] = form
            continue
        for at, row in enumerate(same):
            other = holder or same[at - 1].id
            left.note(format_id(row.id), row.text, f"it would be the same as that of {format_id(other)}")
    left.end()
    return new


def _holders(
    connection: sa.Connection, table: str, column: str, scope: Sequence[str], forms: Sequence[str]
) -> dict[tuple[str, tuple[Any, ...]], bytes]:
    """The rows that have some names already, by name and scope."""
    columns = ", ".join(("id", column, *scope))
    text = sa.text(f"SELECT {columns} FROM {table} WHERE {column} IN :forms").bindparams(  # noqa: S608
        sa.bindparam("forms", expanding=True)
    )
    found: dict[tuple[str, tuple[Any, ...]], bytes] = {}
    for at in range(0, len(forms), _ASKED_AT_ONCE):
        for identifier, name, *rest in connection.execute(text, {"forms": forms[at : at + _ASKED_AT_ONCE]}):
            found[name, tuple(rest)] = bytes(identifier)
    return found


def _write(connection: sa.Connection, table: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Sets columns of rows by their ids."""
    assignments = ", ".join(f"{column} = :{column}" for column in columns)
    text = sa.text(f"UPDATE {table} SET {assignments} WHERE id = :id")  # noqa: S608
    for at in range(0, len(rows), _PIECE):
        connection.execute(text, rows[at : at + _PIECE])


def _bring_unique_names(connection: sa.Connection, table: str, column: str, scope: Sequence[str]) -> None:
    new = _new_names(connection, table, column, scope, _rows(connection, table, column, scope))
    _write(connection, table, [column], [{"id": identifier, column: name} for identifier, name in new.items()])


def _bring_trees(connection: sa.Connection, tables: Sequence[str]) -> None:
    """Names of trees, and the paths that are made of them.

    Args:
        connection: of the migration.
        tables: those whose paths begin alike, parents first.
    """
    names: dict[bytes, str] = {}
    rows: dict[str, list[_Named]] = {}
    for table in tables:
        parent = _PARENTS[table]
        names |= _new_names(connection, table, "name", (parent,), _rows(connection, table, "name", (parent,)))
        rows[table] = sorted(_rows(connection, table, "path", ("name", parent)), key=lambda row: len(row.text))
    paths = _paths(rows, names)
    if any(len(path) > limits.PATH_CODE_POINTS_MAX for path in paths.values()):
        for table in tables:
            _leave_what_grows(table, rows[table], names)
        paths = _paths(rows, names)
    for table in tables:
        changed = [
            {"id": row.id, "name": names.get(row.id, row.scope[0]), "path": paths[row.id]}
            for row in rows[table]
            if paths[row.id] != row.text
        ]
        _write(connection, table, ["name", "path"], changed)


def _paths(rows: Mapping[str, Sequence[_Named]], names: Mapping[bytes, str]) -> dict[bytes, str]:
    """The paths of rows after their names and those above have changed; parents come first."""
    paths: dict[bytes, str] = {}
    for one in rows.values():
        for row in one:
            old_name, parent_id = row.scope
            name = names.get(row.id, old_name)
            if parent_id is None:
                paths[row.id] = name
            else:
                above = paths.get(bytes(parent_id), row.text[: -len(old_name) - 1])
                paths[row.id] = f"{above}/{name}"
    return paths


def _leave_what_grows(table: str, rows: Sequence[_Named], names: dict[bytes, str]) -> None:
    """Keeps names whose one form is longer, since a path would be too long."""
    left = _Left(table, "name")
    for row in rows:
        if row.id in names and len(names[row.id]) > len(row.scope[0]):
            del names[row.id]
            left.note(format_id(row.id), row.scope[0], "a path would be too long")
    left.end()


def _bring_shared_names(connection: sa.Connection, table: str) -> None:
    """Inventory names, which many rows may have; some at a time, as there may be a million of them."""
    left = _Left(table, "inventory_name")
    not_ascii = f"SELECT COUNT(*) FROM {table} WHERE {_not_ascii(connection, 'inventory_name')}"  # noqa: S608
    total, done = connection.execute(sa.text(not_ascii)).scalar() or 0, 0
    rows = _rows(connection, table, "inventory_name", ())
    while some := list(islice(rows, _PIECE)):
        done += len(some)
        report(f"names in {table} are looked at", done, total)
        forms = ((row.id, _form_of(row.text, left, format_id(row.id), may_be_id=True)) for row in some)
        _write(
            connection, table, ["inventory_name"], [{"id": one, "inventory_name": form} for one, form in forms if form]
        )
    left.end()


def _bring_names_of_stock(connection: sa.Connection) -> None:
    left = _Left("inventory", "name")
    text = sa.text(
        "SELECT location_id, lot_id, name FROM inventory WHERE location_id >= :location "  # noqa: S608
        f"AND (location_id > :location OR lot_id > :lot) AND {_not_ascii(connection, 'name')} "
        f"ORDER BY location_id, lot_id LIMIT {_PIECE}"
    )
    write = sa.text("UPDATE inventory SET name = :name WHERE location_id = :location AND lot_id = :lot")
    location = lot = b""
    while piece := connection.execute(text, {"location": location, "lot": lot}).all():
        changed: list[dict[str, Any]] = []
        for location, lot, name in piece:
            which = f"lot {format_id(bytes(lot))} at {format_id(bytes(location))}"
            if (form := _form_of(name, left, which, may_be_id=True)) is not None:
                changed.append({"location": location, "lot": lot, "name": form})
        if changed:
            connection.execute(write, changed)
    left.end()


def _bring_roles(connection: sa.Connection) -> None:
    """A role is its name, so it is made anew under the other one."""
    names = set(connection.execute(sa.text("SELECT name FROM role")).scalars())
    columns = [column["name"] for column in sa.inspect(connection).get_columns("role") if column["name"] != "name"]
    for old, new in _unshared(names, _Left("role", "name")).items():
        values = {"old": old, "new": new}
        rest = ", ".join(columns)
        made = f"INSERT INTO role (name, {rest}) SELECT :new, {rest} FROM role WHERE name = :old"  # noqa: S608
        connection.execute(sa.text(made), values)
        connection.execute(sa.text("UPDATE token_role SET role_name = :new WHERE role_name = :old"), values)
        connection.execute(sa.text("DELETE FROM role WHERE name = :old"), values)


def _bring_principals(connection: sa.Connection) -> None:
    """Callers, as tokens, request ids and authors name them; there are few, and hardly one of them changes."""
    text = "SELECT DISTINCT principal FROM token UNION SELECT DISTINCT principal FROM request"
    names = set(connection.execute(sa.text(text)).scalars())
    for old, new in _unshared(names, _Left("token", "principal")).items():
        columns = [("token", "principal"), ("request", "principal")]
        columns += [(table, column) for table in _AUTHORED for column in ("created_by", "modified_by")]
        for table, column in columns:
            changed = sa.text(f"UPDATE {table} SET {column} = :new WHERE {column} = :old")  # noqa: S608
            connection.execute(changed, {"old": old, "new": new})


def _unshared(names: Collection[str], left: _Left) -> dict[str, str]:
    """The new names by old ones: those that none of the names is or becomes."""
    forms = {name: form for name in sorted(names) if (form := _form_of(name, left, "it", may_be_id=True)) is not None}
    wanted = Counter(forms.values())
    new: dict[str, str] = {}
    for name, form in forms.items():
        if form in names or wanted[form] > 1:
            left.note("it", name, "another one has this name, or would have it")
        else:
            new[name] = form
    left.end()
    return new
