"""Both clients closed, used on several event loops, forked, at the interpreter's end; and errors of their own."""

from __future__ import annotations

import asyncio
import os
import pickle
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from typing import Any

import grpc
import grpc.aio
import pytest
from lotkeeper import (
    AsyncClient,
    Client,
    ClientClosed,
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    LotkeeperError,
    Unavailable,
    WrongEventLoop,
)

from tests.answering import Answering
from tests.both_clients import CLIENTS, Driven


@pytest.fixture
def answering() -> Iterator[Answering]:
    """A server that answers."""
    with Answering() as server:
        yield server


@pytest.fixture(params=CLIENTS)
def client_class(request: pytest.FixtureRequest) -> Any:
    """Each of the clients."""
    return request.param


def executed(client: Any, timeout_seconds: float = 20.0) -> float:
    """One call."""
    quantity: float = client.execute_inventory_operation(
        "operation", "L", 2.0, timeout_seconds=timeout_seconds
    ).quantity
    return quantity


def test_a_closed_client_says_so(client_class: Any, answering: Answering) -> None:
    """Of calls, lists, files and streams; it may be closed twice, and before its first call."""
    client = client_class(answering.address, token="t")
    executed(client)
    client.close()
    client.close()
    never_used = client_class(answering.address, token="t")
    never_used.close()
    for closed in (client, never_used):
        for call in (
            lambda closed=closed: executed(closed),
            lambda closed=closed: closed.consume("L", 1.0, source="S"),
            lambda closed=closed: list(closed.list_lots()),
            lambda closed=closed: list(closed.export_master_data(export_format=1)),
            lambda closed=closed: next(iter(closed.watch_inventory_lot_records())),
            lambda closed=closed: closed.import_master_data(b"x", export_format=1),
        ):
            with pytest.raises(ClientClosed, match="the client is closed"):
                call()
    if client_class is Driven:
        client._runner.close()
        never_used._runner.close()


def test_a_call_that_waits_ends_when_the_client_is_closed(answering: Answering) -> None:
    """Behind a server, or for one."""
    begun, go_on = threading.Event(), threading.Event()

    def hang(_request: Any, _context: Any) -> None:
        begun.set()
        go_on.wait(20)

    answering.on_single = hang
    for address in (answering.address, "127.0.0.1:1"):
        client = Client(address, token="t")
        failures: list[Exception] = []

        def call(client: Client = client, failures: list[Exception] = failures) -> None:
            try:
                executed(client, 60.0)
            except LotkeeperError as error:
                failures.append(error)

        thread = threading.Thread(target=call)
        thread.start()
        if address == answering.address:
            assert begun.wait(20)
        client.close()
        thread.join(20)
        assert [type(failure) for failure in failures] == [ClientClosed]
    go_on.set()


async def test_a_task_that_waits_ends_when_the_client_is_closed_and_one_that_is_cancelled_is_cancelled(
    answering: Answering,
) -> None:
    """The first with an error of the client's own, the second with asyncio's."""
    begun, go_on = threading.Semaphore(0), threading.Event()

    def hang(_request: Any, _context: Any) -> None:
        begun.release()
        go_on.wait(20)

    answering.on_single = hang
    client = AsyncClient(answering.address, token="t")
    tasks = [asyncio.create_task(client.execute_inventory_operation("o", "L", 1.0)) for _ in range(2)]
    for _ in tasks:
        assert await asyncio.to_thread(begun.acquire, timeout=20)
    tasks[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
    await client.close()
    with pytest.raises(ClientClosed):
        await tasks[1]
    go_on.set()


def test_an_asyncio_client_is_made_anywhere_and_used_on_one_loop(answering: Answering) -> None:
    """The loop of its first call; another one is told so."""
    client = AsyncClient(answering.address, token="t")

    async def call() -> float:
        return (await client.execute_inventory_operation("o", "L", 3.0)).quantity

    async def call_and_close() -> float:
        quantity = await call()
        await asyncio.create_task(asyncio.sleep(0))
        return quantity

    with asyncio.Runner() as first:
        assert first.run(call_and_close()) == 3.0
        for other in (call(), client.consume("L", 1.0, source="S")):
            with asyncio.Runner() as second, pytest.raises(WrongEventLoop, match="make one for each loop"):
                second.run(other)
        first.run(client.close())


def test_errors_can_be_copied_and_sent_to_another_process(client_class: Any) -> None:
    """With all that they say."""
    with client_class("127.0.0.1:1", token="t") as client, pytest.raises(Unavailable) as failed:
        executed(client, 0.3)
    for error in (
        failed.value,
        ClientClosed(),
        FailedPrecondition(grpc.StatusCode.FAILED_PRECONDITION, "m", reason="R"),
    ):
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
        assert (type(again), str(again), again.reason, again.code) == (
            type(error),
            str(error),
            error.reason,
            error.code,
        )
        said = error.saying("in other words", ())
        assert (type(said), said.message, said.reason, said.code) == (
            type(error),
            "in other words",
            error.reason,
            error.code,
        )


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda client: client.execute_inventory_operation("o", 5, 5.0), "primary_lot_id_or_name"),
        (lambda client: client.execute_inventory_operation("o", "L\ud800", 5), "primary_lot_id_or_name"),
        (lambda client: client.execute_inventory_operation("o", "L", 5, end_date_millis=2**70), "end_date_millis"),
        (lambda client: client.consume("L", 5.0, source=5), "source"),
        (lambda client: client.save_material({"no": 1}), "material"),
        (lambda client: client.save_material(None, update_mask="name"), "update_mask"),
        (lambda client: list(client.list_lots(page_size="many")), "page_size"),
    ],
)
def test_an_argument_that_does_not_fit_is_an_error_of_the_clients_own(
    client_class: Any, answering: Answering, call: Any, field: str
) -> None:
    """Which names it; nothing is sent."""
    with client_class(answering.address, token="t") as client, pytest.raises(InvalidArgument) as unfit:
        call(client)
    assert [violation.field for violation in unfit.value.field_violations] == [field]
    assert not answering.singles


def test_a_deadline_of_a_call_ends_it_while_the_server_hangs(client_class: Any, answering: Answering) -> None:
    """With DeadlineExceeded."""
    go_on = threading.Event()
    answering.on_single = lambda _request, _context: go_on.wait(20)
    with client_class(answering.address, token="t") as client, pytest.raises(DeadlineExceeded):
        executed(client, 0.5)
    go_on.set()


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a program of its own."""
    command = [sys.executable, "-W", "error", "-X", "dev", "-c", textwrap.dedent(program), *arguments]
    # The tests have switched off what gRPC does at a fork; a program that forks leaves it on.
    environment = {name: value for name, value in os.environ.items() if name != "GRPC_ENABLE_FORK_SUPPORT"}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)


FORKED = """
    import multiprocessing, os, sys, warnings
    from lotkeeper import Client
    client = Client(sys.argv[1], token="t", coalesce=sys.argv[2] == "together")
    def call(quantity):
        return client.execute_inventory_operation("o", "L", quantity).quantity
    assert call(1.0) == 1.0
    sys.stdout.flush()
    children = []
    for ends in ("by exit", "by os._exit"):
        child = os.fork()
        if child == 0:
            assert call(2.0) == 2.0
            if ends == "by exit":
                sys.exit(0)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0, ends
        assert call(3.0) == 3.0
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(call, [4.0, 5.0]) == [4.0, 5.0]
    print(call(6.0))
"""


@pytest.mark.parametrize("how", ["alone", "together"])
def test_a_client_goes_on_in_a_forked_process_and_in_its_parent(answering: Answering, how: str) -> None:
    """With connections of its own, and without a word."""
    done = run(FORKED, answering.address, how)
    assert (done.returncode, done.stdout, done.stderr) == (0, "6.0\n", "")


AT_THE_END = {
    "a client that was not closed": """
        import sys
        from lotkeeper import Client
        client = Client(sys.argv[1], token="t")
        client.execute_inventory_operation("o", "L", 1.0)
    """,
    "calls of threads that are on their way": """
        import sys, threading, time
        from lotkeeper import Client
        client = Client(sys.argv[1], token="t", coalesce=True)
        client.execute_inventory_operation("o", "L", 1.0)
        def call():
            while True:
                client.execute_inventory_operation("o", "hang", 1.0)
        for _ in range(8):
            threading.Thread(target=call, daemon=True).start()
        time.sleep(0.5)
    """,
    "a watch that goes on": """
        import sys, threading, time
        from lotkeeper import Client
        client = Client(sys.argv[1], token="t")
        client.execute_inventory_operation("o", "L", 1.0)
        pages = client.list_lots()
        watch = client.watch_inventory_lot_records()
    """,
    "an asyncio client that was not closed": """
        import asyncio, sys
        from lotkeeper import AsyncClient
        client = AsyncClient(sys.argv[1], token="t", coalesce=True)
        asyncio.run(client.execute_inventory_operation("o", "L", 1.0))
    """,
    "an asyncio client with calls on their way": """
        import asyncio, sys
        from lotkeeper import AsyncClient
        async def main():
            client = AsyncClient(sys.argv[1], token="t", coalesce=True)
            await client.execute_inventory_operation("o", "L", 1.0)
            tasks = [asyncio.create_task(client.execute_inventory_operation("o", "hang", 1.0)) for _ in range(8)]
            await asyncio.sleep(0.5)
        asyncio.run(main())
    """,
}


@pytest.mark.parametrize("what", AT_THE_END)
def test_an_interpreter_ends_without_a_word(answering: Answering, what: str) -> None:
    """Whatever the client was doing."""
    go_on = threading.Event()
    answering.on_single = lambda request, _context: request.primary_lot_id_or_name == "hang" and go_on.wait(20)
    answering.on_batch = lambda _request, context: go_on.wait(20) and context.abort(grpc.StatusCode.ABORTED, "late")
    done = run(AT_THE_END[what], answering.address)
    go_on.set()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
