"""Calls of all kinds against an echo server of the transport, for as long as one likes: what stays of them?

`python -m tests.transport_soak --calls 1000000`. Processes of their own write the frames: calls that are answered,
cancelled or reset at every step, that pass their deadline, and whose connection dies. Printed are the server's memory
over time and, in the end, the call objects left, which must be none.
"""

import argparse
import asyncio
import multiprocessing
import random
import sys
import time
from collections.abc import Sequence
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Final

from lotkeeper_server.transport.call import Call, Stream, Streaming, Unary
from lotkeeper_server.transport.connection_limits import ConnectionLimits
from lotkeeper_server.transport.core_server import CoreServer
from lotkeeper_server.transport.options import ServerOptions

from tests.integration.transport.raw_http2 import RawCaller, end, half_message, message, opening, reset
from tests.integration.transport.served import calls_left, echo, echo_stream, path, until

CALLERS: Final = 2
STREAMS_AT_ONCE: Final = 60
ROUNDS_MAX: Final = 30
LOOK_SECONDS: Final = 5.0
DRAIN_SECONDS: Final = 60.0
ECHO, KEEP, STREAM, GIVE = path("Echo"), path("Keep"), path("Stream"), path("Give")
SHORT_DEADLINE: Final = ("grpc-timeout", "20m")


def one_call(stream: int, body: bytes, kind: int) -> tuple[list[bytes], bool]:
    """The frames of a call, and whether it will end by itself."""
    opened, streamed = opening(stream, ECHO), opening(stream, STREAM)
    whole, first = message(stream, body), message(stream, body, last=False)
    calls: tuple[tuple[list[bytes], bool], ...] = (
        ([opened, whole], True),
        ([streamed, first, first, end(stream)], True),
        ([opening(stream, path("None")), whole], True),
        ([opened, end(stream)], True),
        ([opened, reset(stream)], False),
        ([opened, half_message(stream, body), reset(stream)], False),
        ([opened, whole, reset(stream)], False),
        ([opening(stream, KEEP), whole, reset(stream)], False),
        ([streamed, first, reset(stream)], False),
        ([streamed, first, half_message(stream, body), reset(stream)], False),
        ([opening(stream, GIVE), whole, reset(stream)], False),
        ([opening(stream, KEEP, SHORT_DEADLINE), whole], True),
        ([opening(stream, STREAM, SHORT_DEADLINE), first], True),
        ([opening(stream, GIVE, SHORT_DEADLINE), whole], True),
        ([opening(stream, KEEP), whole], False),  # these two end with the connection
        ([streamed, first], False),
    )
    return calls[kind % len(calls)]


def call_on_and_on(port: int, calls: int, seed: int, done: "Synchronized[int]") -> None:
    """A process of a caller, who makes so many calls over connections that end in one way or another."""
    chance = random.Random(seed)
    made = 0
    while made < calls:
        with RawCaller(port) as caller:
            stream = 1
            for _ in range(chance.randrange(1, ROUNDS_MAX)):
                frames: list[bytes] = []
                waiting = []
                for _ in range(STREAMS_AT_ONCE):
                    parts, ends = one_call(stream, bytes(chance.randrange(2000)), chance.randrange(1 << 20))
                    frames += parts
                    if ends:
                        waiting.append(stream)
                    stream += 2
                caller.write(*frames)
                made += STREAMS_AT_ONCE
                if chance.random() < 0.9:
                    caller.wait_for(waiting)
            if chance.random() < 0.5:
                caller.vanish()
        with done.get_lock():
            done.value += stream // 2


def memory_mib() -> float:
    """What this process has in memory."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError("VmRSS")


async def soak(calls: int) -> int:
    """Serves until the callers have ended; the number of call objects left."""
    kept: list[Call] = []

    def keep(_message: bytes, call: Call) -> None:
        kept.append(call)
        call.when_gone(lambda: kept.remove(call))

    async def give(stream: Stream) -> None:
        while True:
            await stream.send(bytes(10_000))

    methods: dict[str, Unary | Streaming] = {
        ECHO: Unary(echo),
        KEEP: Unary(keep),
        STREAM: Streaming(echo_stream),
        GIVE: Streaming(give),
    }
    # The guard would take these callers for a flood of resets; what stays of the calls is what is looked for here.
    options = ServerOptions(connections=ConnectionLimits(cancelled_calls_per_second_max=1_000_000))
    server = CoreServer(methods, options, asyncio.get_running_loop())
    port = server.listen("127.0.0.1:0")
    server.start()
    processes = multiprocessing.get_context("spawn")
    done: Synchronized[int] = processes.Value("q", 0)
    callers = [
        processes.Process(target=call_on_and_on, args=(port, calls // CALLERS, seed, done)) for seed in range(CALLERS)
    ]
    begun = time.monotonic()
    for caller in callers:
        caller.start()
    print("seconds      calls  in progress  memory MiB", flush=True)
    ending = asyncio.gather(*(asyncio.to_thread(caller.join) for caller in callers))
    while True:
        finished, _ = await asyncio.wait([ending], timeout=LOOK_SECONDS)
        seconds = time.monotonic() - begun
        print(f"{seconds:7.0f} {done.value:10d} {server.in_progress:12d} {memory_mib():11.1f}", flush=True)
        if finished:
            break
    assert not any(caller.exitcode for caller in callers), "a caller failed"
    await until(lambda: not server.in_progress, DRAIN_SECONDS)
    left = len(calls_left())
    print(f"call objects left: {left}; in progress: {server.in_progress}; kept: {len(kept)}", flush=True)
    await server.close()
    return left


def main(arguments: Sequence[str]) -> int:
    """Runs the soak; 1 if anything is left."""
    parser = argparse.ArgumentParser(description="What stays of many calls?")
    parser.add_argument("--calls", type=int, default=1_000_000)
    return 1 if asyncio.run(soak(parser.parse_args(arguments).calls)) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
