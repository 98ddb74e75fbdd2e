"""What a connection of HTTP may take, beside what connections of gRPC may."""

from typing import Final

HEAD_BYTES_MAX: Final = 16 * 1024
"""The first line and the headers of a request; as much metadata as a call of gRPC may have."""
REQUEST_BYTES: Final = 8 * 1024
"""What a request in progress takes in memory beside its head and its messages, about."""
MESSAGE_BYTES_MAX: Final = 4 << 20
"""A message, unpacked; as gRPC's."""
HEAD_SECONDS: Final = 10.0
"""How long a connection may take to send the head of a request that it has begun, and its first one at all."""
SLOW_SECONDS: Final = 30.0
"""How long the body of a request with one message may take, and how long an answer may wait until some of it is
taken; settings may ask for less."""
LINGER_SECONDS: Final = 1.0
"""How long the rest of a refused request is thrown away before its connection is closed: who still sends would lose
the answer."""
ON_ITS_WAY_SECONDS: Final = 0.2
"""How long a connection that is to end still takes requests: those whose sender could not know of it yet."""
BODY_UNREAD_BYTES_MAX: Final = 256 * 1024
"""So much of a body may wait before no more of it is taken from the network."""
PIPELINED_BYTES_MAX: Final = 64 * 1024
"""So much of further requests may be sent before the first one is answered."""
PIECES_AT_ONCE: Final = 64
"""So many pieces of a body are looked at before others have their turn."""
SMALL_PIECES_MAX: Final = 16_384
SMALL_PIECE_BYTES: Final = 64
"""A body in more than so many pieces that are smaller on the average is refused: each costs as much as a large one."""
UNASKED_FRAMES_PER_SECOND_MAX: Final = 10_000
"""Frames of HTTP/2 that bring no data: settings, pings, priorities, empty ones."""
CONVERTED_AT_ONCE_BYTES: Final = 32 * 1024
"""A longer message is unpacked, and made of JSON or into it, on a thread of its own, and only for who was let in."""
COMPRESSED_BYTES_MIN: Final = 1_024
"""A shorter answer is not compressed."""
JSON_MARKS_MAX: Final = 250_000
"""Brackets, braces and commas of a request in JSON; a thousand items with all their fields have less than a tenth."""
JSON_DEPTH_MAX: Final = 32
TIMEOUT_DIGITS_MAX: Final = 10
"""Of Connect-Timeout-Ms, as the protocol has it."""
GRPC_TIMEOUT_DIGITS_MAX: Final = 8
"""Of grpc-timeout, as gRPC has it."""
HANDSHAKE_SECONDS: Final = 20.0
"""How long TLS may take."""
SWEEP_SECONDS: Final = 0.5
"""How often connections are looked at for what has taken too long."""
CONVERTERS: Final = 2
"""Threads that convert long messages."""
