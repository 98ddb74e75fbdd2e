"""Serves with many processes on a store file, which the command line refuses: many writers there only take turns.

python -m tests.many_processes --processes 2 --database-url sqlite:///FILE --listen HOST:PORT
"""

from __future__ import annotations

import argparse
from pathlib import Path

from lotkeeper_server.cli.reloading import Given
from lotkeeper_server.cli.serving import serve_store
from lotkeeper_server.settings import Settings


def main() -> None:
    """As `serve` does, but for that check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--database-url", required=True)
    parser.add_argument("--listen", required=True)
    parser.add_argument("--metrics-listen")
    parser.add_argument("--http-listen")
    parser.add_argument("--traces-endpoint")
    parser.add_argument("--traces-sample-ratio", type=float, default=0.1)
    parser.add_argument("--tls-certificate-file", type=Path)
    parser.add_argument("--tls-key-file", type=Path)
    settings = Settings(**vars(parser.parse_args()))
    serve_store(settings, Given(), bench_echo=True, develops=False)


if __name__ == "__main__":
    main()
