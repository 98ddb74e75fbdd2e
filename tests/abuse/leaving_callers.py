"""Callers who are in the midst of every kind of call, until they are killed.

python -m tests.abuse.leaving_callers ADDRESS TOKEN OPERATION
"""

from __future__ import annotations

import itertools
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator

from lotkeeper import Client
from lotkeeper.inventory.v1 import enums_pb2

JSON = enums_pb2.EXPORT_FORMAT_JSON


def main() -> None:
    """Prints a line once each of them is in the midst of it; never ends."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background has it ignored
    address, token, operation = sys.argv[1:]
    kinds: list[Callable[[Client, threading.Event], None]] = [
        lambda client, begun: executes(client, begun, operation),
        lambda client, begun: client.import_inventory_operations(pieces(begun), export_format=JSON) and None,
        lambda client, begun: client.import_master_data(pieces(begun), export_format=JSON) and None,
        watches,
        lambda client, begun: over_and_over(begun, lambda: client.export_inventory_operations(export_format=JSON)),
        lambda client, begun: over_and_over(begun, lambda: client.export_master_data(export_format=JSON)),
        lambda client, begun: over_and_over(begun, client.list_inventory_lot_records),
    ]
    begun = [threading.Event() for _ in kinds]
    for kind, event in zip(kinds, begun, strict=True):
        threading.Thread(target=kind, args=(Client(address, token=token), event), daemon=True).start()
    for event in begun:
        event.wait()
    print("all are in the midst of it", flush=True)
    threading.Event().wait()


def executes(client: Client, begun: threading.Event, operation: str) -> None:
    for number in itertools.count():
        client.execute_inventory_operation(operation, f"L{number % 7}", 1.0)
        begun.set()


def watches(client: Client, begun: threading.Event) -> None:
    for _ in client.watch_inventory_lot_records(from_beginning=True):
        begun.set()


def over_and_over(begun: threading.Event, call: Callable[[], Iterator[object]]) -> None:
    while True:
        for _ in call():
            begun.set()


def pieces(begun: threading.Event) -> Iterator[bytes]:
    """An upload that goes on for ever, slowly."""
    for number in itertools.count():
        yield b'{"name": "x%d"}\n' % number
        if number > 2:
            begun.set()
            time.sleep(0.005)


if __name__ == "__main__":
    main()
