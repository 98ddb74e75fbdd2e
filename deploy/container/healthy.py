"""Ends with status 0 while the server in this container can be used, else with 1: the HEALTHCHECK of the image."""

import os
import sys
import urllib.error
import urllib.request

TIMEOUT_SECONDS = 4.0


def main() -> int:
    """Asks /readyz where LOTKEEPER_METRICS_LISTEN says, on loopback."""
    port = os.environ.get("LOTKEEPER_METRICS_LISTEN", "0.0.0.0:9464").rpartition(":")[2]
    ask = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with ask.open(f"http://127.0.0.1:{port}/readyz", timeout=TIMEOUT_SECONDS):
            return 0
    except OSError as error:  # not there, or 503
        sys.stderr.write(f"not ready: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
