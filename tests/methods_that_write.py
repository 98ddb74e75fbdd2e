"""Which methods of the contract write, and what else does: read off the server's code, so that a new way is noticed."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path
from typing import Final

import lotkeeper_server
from lotkeeper_server.rpc.server import SERVICES

SERVER: Final = Path(lotkeeper_server.__file__).parent
_TO_THE_ENGINE: Final = frozenset({"transact", "Submission"})
"""What a method calls to have something written: a piece of work in a transaction, or a command to be decided."""


def methods_that_write() -> set[str]:
    """The methods of the contract that reach the engine's writing, by the names of the functions that they call."""
    called: dict[str, set[str]] = defaultdict(set)
    for path in (SERVER / "rpc" / "methods").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                called[node.name] |= _names_called(node)
    reach = {name for name, names in called.items() if names & _TO_THE_ENGINE}
    while more := {name for name, names in called.items() if names & reach} - reach:
        reach |= more
    return reach & {method.name for service in SERVICES for method in service.methods}


def modules_that_write_by_themselves() -> set[str]:
    """The modules that open a write transaction of a store, by their paths in the server."""
    return {
        path.relative_to(SERVER).as_posix()
        for path in SERVER.rglob("*.py")
        if any(
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"write", "write_to_any_schema", "try_to_write"}
            and not node.args
            for node in ast.walk(ast.parse(path.read_text()))
        )
    }


def callers_of(name: str) -> set[str]:
    """The modules that call something of this name, by their paths in the server."""
    return {
        path.relative_to(SERVER).as_posix()
        for path in SERVER.rglob("*.py")
        if name in _names_called(ast.parse(path.read_text()))
    }


def modules_that_hand_on(name: str) -> set[str]:
    """The modules that give a function of this name as an argument, by their paths in the server."""
    return {
        path.relative_to(SERVER).as_posix()
        for path in SERVER.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and any(isinstance(one, ast.Name) and one.id == name for one in node.args)
    }


def _names_called(tree: ast.AST) -> set[str]:
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {
        one.id if isinstance(one, ast.Name) else one.attr for one in calls if isinstance(one, ast.Name | ast.Attribute)
    }
