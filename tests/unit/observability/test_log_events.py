"""Every event of the log is told of in docs/logs.md, found by reading the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import lotkeeper_server

CODE = Path(lotkeeper_server.__path__[0])
PAGE = Path(__file__).parents[3] / "docs" / "logs.md"
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
NOT_WRITTEN_OUT = {
    "logs.py": 1,  # write_repeats: what had been written before
    "observability/call_log.py": 1,  # _event, read below
    "engine/faults.py": 1,  # logged_fault, whose callers are read below
}
"""Calls that take their event from somewhere else, by file."""


def logging_calls(tree: ast.AST) -> Iterator[tuple[str, list[ast.expr]]]:
    """Each call of a logger: the method and its arguments."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            if isinstance(owner, ast.Name) and owner.id.endswith("_log"):
                yield node.func.attr, node.args


def events_in_the_code() -> tuple[set[str], dict[str, int]]:
    """Every event that is written out, and how often one is not, by file."""
    events: set[str] = set()
    others: dict[str, int] = {}
    for file in CODE.rglob("*.py"):
        tree = ast.parse(file.read_text())
        for method, arguments in logging_calls(tree):
            if method not in {*LEVELS, "log"}:
                continue
            event = arguments[1 if method == "log" else 0]
            if isinstance(event, ast.Constant):
                events.add(str(event.value))
            else:
                name = str(file.relative_to(CODE))
                others[name] = others.get(name, 0) + 1
        events |= events_of_faults(tree)
    return events | events_of_calls(), others


def events_of_faults(tree: ast.AST) -> set[str]:
    """Those of `logged_fault("event")`; without one it is `fault`."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "logged_fault":
            found.add(str(node.args[0].value) if node.args and isinstance(node.args[0], ast.Constant) else "fault")
    return found


def events_of_calls() -> set[str]:
    """What `_event` of the log of calls returns."""
    tree = ast.parse((CODE / "observability" / "call_log.py").read_text())
    (function,) = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "_event")
    returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    assert all(isinstance(value, ast.Tuple) for value in returned)
    events = [value.elts[0] for value in returned if isinstance(value, ast.Tuple)]
    assert all(isinstance(event, ast.Constant) for event in events)
    return {str(event.value) for event in events if isinstance(event, ast.Constant)}


def test_every_event_of_the_code_is_on_the_page_and_no_other() -> None:
    """Each with when it comes and what to do about it."""
    page = PAGE.read_text().partition("## Every event")[2]
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|(.*)\|(.*)\|$", page, re.MULTILINE)
    assert all(cell.strip() for row in rows for cell in row)
    documented = [row[0] for row in rows]
    events, others = events_in_the_code()
    assert others == NOT_WRITTEN_OUT
    assert documented == sorted(documented)
    assert set(documented) == events


def test_nothing_is_logged_past_the_log() -> None:
    """No print, and no logger of Python's own but where a library's lines are taken in."""
    for file in CODE.rglob("*.py"):
        text = file.read_text()
        assert not re.search(r"^\s*print\(", text, re.MULTILINE), file
