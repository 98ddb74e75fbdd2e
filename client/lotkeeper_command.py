"""`lotkeeper` as a program: what has to be set before anything is imported, which takes a moment."""

import os
import signal


def main() -> None:
    """Runs the command line; Ctrl-C ends it without a stack from the first moment on."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # our errors say what its log says; it is read at the import
    stoppable = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not under nohup
    if stoppable:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from lotkeeper.cli import main as command_line  # noqa: PLC0415 - see above

    if stoppable:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    command_line()


if __name__ == "__main__":
    main()
