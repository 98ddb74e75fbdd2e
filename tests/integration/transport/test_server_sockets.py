"""The guard's look at its own process: it finds the server's connections, and touches nothing else."""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import grpc
import pytest
from lotkeeper_server.transport.call import Call, Unary
from lotkeeper_server.transport.core_server import CoreServer
from lotkeeper_server.transport.options import ServerOptions
from lotkeeper_server.transport.server_sockets import ServerSockets, written


@pytest.fixture
def held() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def connected(held: ExitStack) -> tuple[socket.socket, socket.socket, int]:
    """Both ends of a connection, and the port that it was made to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        near = held.enter_context(socket.create_connection(("127.0.0.1", port)))
        far = held.enter_context(listener.accept()[0])
    return near, far, port


def test_only_what_came_to_the_port_is_found(held: ExitStack) -> None:
    """Both ends are of this process; the end that went out, as to a database, is not the server's."""
    near, far, port = connected(held)
    connected(held)
    held.enter_context(socket.create_server(("127.0.0.1", 0)))
    (found,) = ServerSockets(frozenset({port})).look()
    assert found.descriptor == far.fileno()
    assert found.peer == f"ipv4:127.0.0.1:{near.getsockname()[1]}".encode()


def test_bytes_are_counted_in_both_directions(held: ExitStack) -> None:
    near, far, port = connected(held)
    sockets = ServerSockets(frozenset({port}))
    near.sendall(b"x" * 1_000)
    far.sendall(b"y" * 500)
    near.recv(500, socket.MSG_WAITALL)
    (found,) = sockets.look()
    assert (found.received_bytes, found.acknowledged_bytes) == (1_000, 500)
    assert sockets.look() == [found]


def test_an_ended_connection_is_reset_for_both(held: ExitStack) -> None:
    near, far, port = connected(held)
    near.sendall(b"never read")
    sockets = ServerSockets(frozenset({port}))
    (found,) = sockets.look()
    assert sockets.end(found)
    with pytest.raises(ConnectionResetError):
        near.recv(1)
    with pytest.raises(ConnectionResetError):
        far.sendall(b"x")


def test_a_descriptor_that_was_reused_is_left_alone(held: ExitStack) -> None:
    """What was seen is closed, and its number is another connection's now."""
    _, far, port = connected(held)
    sockets = ServerSockets(frozenset({port}))
    (found,) = sockets.look()
    near, other, _ = connected(held)
    os.dup2(other.fileno(), far.fileno())
    assert not sockets.end(found)
    other.sendall(b"alive")
    assert near.recv(5) == b"alive"
    assert not sockets.look()


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
async def test_peers_are_written_as_grpc_writes_them(host: str) -> None:
    """On one address for both, too, where the kernel has IPv4 as IPv6."""
    if host != "127.0.0.1" and not socket.has_dualstack_ipv6():
        pytest.skip("there is no IPv6 here")
    seen: list[str] = []

    def look(message: bytes, call: Call) -> None:
        seen.append(call.peer)
        seen.extend(one.peer.decode() for one in ServerSockets(frozenset({port})).look())
        call.answer(message)

    server = CoreServer({"/a/b": Unary(look)}, ServerOptions(), asyncio.get_running_loop())
    port = server.listen("[::]:0" if socket.has_dualstack_ipv6() else "127.0.0.1:0")
    server.start()
    async with grpc.aio.insecure_channel(f"{host}:{port}") as channel:
        await channel.unary_unary("/a/b")(b"")
    await server.close()
    assert seen[0] == seen[1]


def test_a_scope_of_ipv6_is_written_as_in_an_address() -> None:
    assert written("fe80::1%eth0", 7) == b"ipv6:%5Bfe80::1%25eth0%5D:7"
