"""Serves one scenario, for trying a client by hand: `python -m clients.conformance.server SCENARIO`."""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import threading
from pathlib import Path

from clients.conformance.http2 import Call
from clients.conformance.scenarios import SCENARIOS
from clients.conformance.stage import Stage
from clients.conformance.tls_front import write_certificates


def main() -> int:
    """The command: serves until it is interrupted."""
    by_name = {scenario.name: scenario for scenario in SCENARIOS}
    scenario = by_name.get(sys.argv[1]) if len(sys.argv) == 2 else None
    if scenario is None:
        print("usage: python -m clients.conformance.server SCENARIO, one of:", *by_name, sep="\n  ", file=sys.stderr)
        return 2

    def tell(call: Call) -> None:
        print(f"{call.method} {call.metadata} {str(call.request).replace(chr(10), ' ')}", flush=True)

    with tempfile.TemporaryDirectory(prefix="lotkeeper-conformance-") as name, contextlib.suppress(KeyboardInterrupt):
        folder = Path(name)
        write_certificates(folder)
        with Stage(scenario, folder, folder / "token", tell) as stage:
            print(json.dumps(stage.order(), ensure_ascii=False), flush=True)
            threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
