"""What every command works with."""

from __future__ import annotations

import grpc

from lotkeeper._sync.client import Client
from lotkeeper.cli.output import Output


class Session:
    """A client and an output, made when a command needs them."""

    def __init__(self, address: str, token: str | None, timeout_seconds: float, tls: bool, output: Output) -> None:
        self.output = output
        credentials = grpc.ssl_channel_credentials() if tls else None
        self.client = Client(address, token=token, channel_credentials=credentials, timeout_seconds=timeout_seconds)
