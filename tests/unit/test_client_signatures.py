"""What `help()` and an editor show of the client's methods."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from lotkeeper import AsyncClient, Client, actions


def _public(owner: Any) -> Iterator[tuple[str, Callable[..., Any]]]:
    for name in dir(owner):
        if not name.startswith("_") and inspect.isfunction(one := getattr(owner, name)):
            yield name, one


EVERY = [*_public(Client), *_public(AsyncClient), *((name, getattr(actions, name)) for name in actions.__all__)]


def _documented(function: Callable[..., Any]) -> list[str]:
    text = inspect.getdoc(function) or ""
    args = text.partition("Args:\n")[2].partition("\n\n")[0]
    return re.findall(r"^    (\w+): ", args, re.MULTILINE)


@pytest.mark.parametrize(("name", "function"), EVERY)
def test_every_argument_is_named_in_the_signature_and_says_what_it_means(
    name: str, function: Callable[..., Any]
) -> None:
    """None hides behind `**`."""
    parameters = inspect.signature(function).parameters
    kinds = {one.kind for one in parameters.values()}
    assert not kinds & {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}, name
    assert sorted(_documented(function)) == sorted(set(parameters) - {"self"}), name


@pytest.mark.parametrize(("name", "function"), EVERY)
def test_a_moment_may_be_given_in_both_ways_everywhere(name: str, function: Callable[..., Any]) -> None:
    """As a datetime, and in ms under the name that says so."""
    parameters = inspect.signature(function).parameters
    for millis in [one for one in parameters if one.endswith("_millis")]:
        assert parameters[millis].annotation == "int | None", name
        assert parameters[millis.removesuffix("_millis")].annotation == "datetime | None", name
        assert "time zone" in re.sub(r"\s+", " ", inspect.getdoc(function) or ""), name


@pytest.mark.parametrize("name", actions.__all__)
def test_a_method_of_an_action_has_the_arguments_of_its_function_and_those_of_the_call(name: str) -> None:
    """With and without asyncio, and with the same meaning."""
    own = dict(inspect.signature(getattr(actions, name)).parameters)
    for client in (Client, AsyncClient):
        method = dict(inspect.signature(getattr(client, name)).parameters)
        of_call = {one: method.pop(one) for one in ("self", "request_id", "validate_only", "timeout_seconds")}
        assert method == own
        assert len(of_call) == 4
        assert _documented(getattr(client, name))[: len(own)] == _documented(getattr(actions, name))
