"""A receiver of spans that keeps nothing, as a process: it costs the server no more than its answers."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from bench.served import CORES, SERVER_CORE


class _Sink(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def span_sink() -> Iterator[str]:
    """The URL of one, while the block runs."""
    with subprocess.Popen([sys.executable, "-m", "bench.span_sink"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = re.fullmatch(r"(http://\S+)\n", process.stdout.readline())
            assert said is not None
            yield said[1]
        finally:
            process.kill()


def main() -> None:
    """Serves until it is killed, beside the core where servers are measured."""
    os.sched_setaffinity(0, CORES - {SERVER_CORE} or CORES)
    server = HTTPServer(("127.0.0.1", 0), _Sink)
    sys.stdout.write(f"http://127.0.0.1:{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
