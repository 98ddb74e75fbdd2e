"""Serves one scenario, for trying a client by hand: `python -m clients.conformance.server SCENARIO`."""

from __future__ import annotations

import json
import sys
import threading

from clients.conformance.http2 import Call, ScriptedServer
from clients.conformance.scenario import TOKEN
from clients.conformance.scenarios import SCENARIOS


def main() -> int:
    """The command: serves until it is interrupted."""
    by_name = {scenario.name: scenario for scenario in SCENARIOS}
    scenario = by_name.get(sys.argv[1]) if len(sys.argv) == 2 else None
    if scenario is None:
        print("usage: python -m clients.conformance.server SCENARIO, one of:", *by_name, sep="\n  ", file=sys.stderr)
        return 2

    def tell_and_play(call: Call) -> None:
        print(f"{call.method} {call.metadata} {str(call.request).replace(chr(10), ' ')}", flush=True)
        scenario.script(call, server)

    server = ScriptedServer(tell_and_play, listens_after_seconds=scenario.listens_after_seconds)
    print(server.address, flush=True)
    print(f"token {TOKEN}; {scenario.do} {json.dumps(scenario.arguments, ensure_ascii=False)}", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
