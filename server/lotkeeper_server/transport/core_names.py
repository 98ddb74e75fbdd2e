"""What of grpcio's inner module `cygrpc` the server on gRPC's core stands on. No other module names `cygrpc`.

grpcio promises none of it. `faults` looks whether the installed one still has it; the tests prove each by use.
"""

import importlib
from collections.abc import Callable
from typing import Any, Final

import grpc

LONG_PAST: Final = 1.0
"""A deadline by which the queue says at once that it has nothing; by one of now it may think for 1 ms."""
NAMES: Final[dict[str, tuple[str, ...]]] = {
    "Server": (
        "add_http2_port",
        "cancel_all_calls",
        "destroy",
        "register_completion_queue",
        "request_call",
        "shutdown",
        "start",
    ),
    "CompletionQueue": ("poll", "shutdown"),
    "CompletionType": ("queue_shutdown",),
    "Call": ("peer", "start_server_batch"),
    "auth_context": (),
    "CallDetails": ("deadline", "method"),
    "RequestCallEvent": ("call", "call_details", "invocation_metadata", "success", "tag"),
    "BatchOperationEvent": ("batch_operations", "success", "tag"),
    "ReceiveCloseOnServerOperation": ("cancelled",),
    "ReceiveMessageOperation": ("message",),
    "SendInitialMetadataOperation": (),
    "SendMessageOperation": (),
    "SendStatusFromServerOperation": (),
}


def _imported() -> Any:
    try:
        return importlib.import_module("grpc._cython.cygrpc")
    except ImportError:
        return None


cygrpc: Final[Any] = _imported()
"""It has no types. None where there is no such module; then `faults` says so."""


def faults(module: Any = cygrpc) -> list[str]:
    """What the installed grpcio lacks of what the server on gRPC's core needs; empty if all is well.

    Args:
        module: `cygrpc`.
    """
    if module is None:
        return ["grpcio has no module cygrpc"]
    found = [f"cygrpc has no {name}" for name in NAMES if not hasattr(module, name)]
    found += [
        f"{name} has no {attribute}"
        for name, attributes in NAMES.items()
        if hasattr(module, name)
        for attribute in attributes
        if not hasattr(getattr(module, name), attribute)
    ]
    if found:
        return found
    return [fault for check in (_operations, _server, _credentials) if (fault := _failed(check, module))]


def _failed(check: Callable[[Any], None], module: Any) -> str:
    try:
        check(module)
    except Exception as error:  # a border: whatever it raises, it does not work
        return f"{check.__name__.strip('_')}: {error!r}"
    return ""


def _operations(module: Any) -> None:
    module.ReceiveCloseOnServerOperation(0)
    module.ReceiveMessageOperation(0)
    module.SendInitialMetadataOperation((), 0)
    module.SendMessageOperation(b"", 0)
    module.SendStatusFromServerOperation((("key-bin", b""),), 0, "", 0)


def _server(module: Any) -> None:
    queue = module.CompletionQueue()
    server = module.Server((("grpc.so_reuseport", 0),), False)
    server.register_completion_queue(queue)
    event = queue.poll(deadline=LONG_PAST)
    if event.tag is not None or event.completion_type == module.CompletionType.queue_shutdown:
        raise TypeError("an empty queue has an event")
    queue.shutdown()
    if queue.poll().completion_type != module.CompletionType.queue_shutdown:
        raise TypeError("a queue does not tell that it is shut down")


def _credentials(_module: Any) -> None:
    inner_credentials(grpc.ServerCredentials(None))


def inner_credentials(credentials: grpc.ServerCredentials) -> Any:
    """What the core's server takes, of what grpcio's own functions make."""
    return credentials._credentials  # type: ignore[attr-defined] # noqa: SLF001 - the one way to it
