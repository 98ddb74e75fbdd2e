"""Calls of any method by its descriptor, bytes in."""

from __future__ import annotations

import grpc
from google.protobuf.descriptor import MethodDescriptor


def call_once(
    channel: grpc.Channel, method: MethodDescriptor, body: bytes, authorization: str | None, timeout_seconds: float
) -> None:
    """Sends one message and waits for the first one back; a stream is not waited for any further.

    Raises:
        grpc.RpcError: where the call is refused.
    """
    path = f"/{method.containing_service.full_name}/{method.name}"
    metadata = [("authorization", authorization)] if authorization else []
    if not method.server_streaming:
        channel.unary_unary(path)(body, metadata=metadata, timeout=timeout_seconds)
        return
    stream = channel.unary_stream(path)(body, metadata=metadata, timeout=timeout_seconds)
    try:
        next(stream, None)
    finally:
        stream.cancel()
