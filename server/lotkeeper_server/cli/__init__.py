"""The command line of the server."""

import gc
import os
import signal
import sys
import threading

# gRPC's core would print lines of its own about an address in use; it reads this when it is first imported.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

# Ctrl-C ends it without a stack from the first moment on; not under nohup, nor where a thread imports this.
_stoppable = (
    signal.getsignal(signal.SIGINT) is signal.default_int_handler
    and threading.current_thread() is threading.main_thread()
)
if _stoppable:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

gc.disable()  # what imports make stays: walking it again and again takes a tenth of the time until the server answers

# structlog imports rich, where it is installed, for colored tracebacks that a server never prints: 0.1 s and 6 MB.
try:
    if "rich" not in sys.modules:
        sys.modules["rich"] = None  # type: ignore[assignment]  # Python's own way to say that it cannot be imported
        import structlog as _structlog  # noqa: F401

        del sys.modules["rich"]

    from lotkeeper_server.cli.main import main
except ModuleNotFoundError as _missing:
    if _missing.name is None or _missing.name.partition(".")[0] in {"lotkeeper", "lotkeeper_server"}:
        raise
    sys.exit(f"lotkeeper-server: {_missing.name} is not installed: pip install 'lotkeeper[server]'")

gc.freeze()  # what has been imported stays: no collection needs to walk it
gc.enable()
if _stoppable:
    signal.signal(signal.SIGINT, signal.default_int_handler)

__all__ = ["main"]
