"""Workers that behave badly, under a supervisor; each start and each greeting is a line of the file given.

python -m tests.supervised KIND FILE
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from lotkeeper_server.cli.supervising import NoneStarts, Supervisor
from lotkeeper_server.logs import configure_logs

DRAIN_SECONDS: Final = 0.5


def main() -> None:
    """Exit status 0 if all ended by themselves, 3 if some were killed, 1 if none starts."""
    kind, path = sys.argv[1], Path(sys.argv[2])

    def note(text: str) -> int:
        with path.open("a") as file:
            file.write(f"{text}\n")
        return path.read_text().count("started")

    def never_starts(_serves: Callable[[], None], _place: int) -> None:
        note("started")
        os.kill(os.getpid(), signal.SIGSEGV)

    def starts_once(serves: Callable[[], None], _place: int) -> None:
        if note("started") <= 2:
            serves()
            time.sleep(0.2)
        sys.exit(5)

    def dies_young(serves: Callable[[], None], _place: int) -> None:
        note("started")
        serves()

    def does_not_end(serves: Callable[[], None], _place: int) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        note("started")
        serves()
        time.sleep(60)

    work = {one.__name__: one for one in (never_starts, starts_once, dies_young, does_not_end)}[kind]
    configure_logs("error", "json")
    try:
        all_ended = Supervisor(work, 2, DRAIN_SECONDS).run(lambda: print("ready", flush=True))
    except NoneStarts as error:
        sys.exit(str(error))
    sys.exit(0 if all_ended else 3)


if __name__ == "__main__":
    main()
