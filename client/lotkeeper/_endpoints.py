"""Where a client's connections lead, and how each is made: the part that both clients share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import grpc

from lotkeeper._addresses import Address
from lotkeeper._bearer import TokenSource
from lotkeeper._errors import Unavailable
from lotkeeper._faults import SettingFault
from lotkeeper._retrying import Retries
from lotkeeper._tokens import Tokens
from lotkeeper._unreachable import fault_seen, is_closed_at_once, lasting_fault, proxy_between, reason_shown

KEEPALIVE_SECONDS: Final = 20.0
KEEPALIVE_TIMEOUT_SECONDS: Final = 10.0
CONNECTIONS_MAX: Final = 64
_OPTIONS: Final = {
    # gRPC's own backoff reaches minutes; a server that is back should be found within a second.
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.min_reconnect_backoff_ms": 2_000,  # this is also how long one attempt to connect may take
    "grpc.max_reconnect_backoff_ms": 1_000,
    "grpc.dns_min_time_between_resolutions_ms": 1_000,
    # Otherwise all clients of a process that go to one address share a connection, and so a process of the server.
    "grpc.use_local_subchannel_pool": 1,
}
_IN_TURN: Final = '{"loadBalancingConfig":[{"round_robin":{}}]}'
"""A name may have several addresses: calls go to each in turn, not all to the first."""
Options = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Connecting:
    """How a client connects, as it was asked to.

    Attributes:
        addresses: of servers that serve one store.
        token: for all of them; None for what the environment or a development server has.
        credentials: of TLS; None for plain text.
        connections: to each address.
        keepalive_seconds: how often a call that waits asks whether the other end is there; None for never.
        keepalive_timeout_seconds: how long that may go without an answer.
        channel_options: gRPC's, which count more than the client's own.
        interceptors: of gRPC.
        retries: their limits.
        token_source: in the place of `token`: asked at each attempt of a call; None for a token that stays.
    """

    addresses: tuple[Address, ...]
    token: str | None = field(repr=False)
    credentials: grpc.ChannelCredentials | None
    connections: int
    keepalive_seconds: float | None
    keepalive_timeout_seconds: float
    channel_options: Sequence[tuple[str, Any]]
    interceptors: Sequence[Any]
    retries: Retries
    token_source: TokenSource | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Proves the numbers.

        Raises:
            SettingFault: where one is out of its range.
        """
        if not 1 <= self.connections <= CONNECTIONS_MAX:
            raise SettingFault(f"connections must be from 1 to {CONNECTIONS_MAX}")
        for name in ("keepalive_seconds", "keepalive_timeout_seconds"):
            seconds = getattr(self, name)
            if seconds is not None and seconds <= 0:
                raise SettingFault(f"{name} must be above 0")

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Each connection's other end; those to one address know of one token.

        Raises:
            TokenFault: where the token cannot be sent, or its file not be read.
        """
        given = self.token, self.token_source
        each = [Endpoint(self, address, Tokens(address.text, *given)) for address in self.addresses]
        return tuple(each * self.connections)

    def options(self, address: Address) -> Options:
        """What gRPC is told of a channel to an address."""
        options: dict[str, Any] = dict(_OPTIONS)
        if self.keepalive_seconds is not None:
            # A watch waits for ever: if the server's machine is gone, nothing tells so, and only a ping notices it.
            options["grpc.keepalive_time_ms"] = round(self.keepalive_seconds * 1_000)
            options["grpc.keepalive_timeout_ms"] = round(self.keepalive_timeout_seconds * 1_000)
            # Without this one a ping that nobody answers is waited for by a minute, whatever the other says.
            options["grpc.http2.ping_timeout_ms"] = round(self.keepalive_timeout_seconds * 1_000)
            options["grpc.http2.max_pings_without_data"] = 0
        if address.host and not address.is_literal:
            options["grpc.service_config"] = _IN_TURN
        if address.is_on_this_machine:
            options["grpc.enable_http_proxy"] = 0
        return (*(options | dict(self.channel_options)).items(),)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server's address, as a connection needs it.

    Attributes:
        connecting: how.
        address: where.
        tokens: what is sent there.
    """

    connecting: Connecting
    address: Address
    tokens: Tokens

    @property
    def has_others(self) -> bool:
        """Whether there are more addresses than this one."""
        return len(self.connecting.addresses) > 1

    @property
    def target(self) -> str:
        """What gRPC is given."""
        if self.connecting.credentials is None and self.tokens.may_change:
            return self.tokens.plaintext_address
        return self.address.target

    @property
    def options(self) -> Options:
        """What gRPC is told of the channel."""
        return self.connecting.options(self.address)

    def lasting_fault(self, details: str) -> Unavailable | None:
        """The error where waiting helps nothing."""
        fault = lasting_fault(details, self.address)
        return None if fault is None else self._unavailable(fault)

    def is_worth_a_look(self, details: str) -> bool:
        """Whether `fault_seen` may tell more than gRPC did."""
        return is_closed_at_once(details) and proxy_between(self.address) is None

    def fault_seen(self) -> Unavailable | None:
        """The error that a connection without gRPC finds; waits for a second at most."""
        fault = fault_seen(self.address, self.connecting.credentials is not None)
        return None if fault is None else self._unavailable(fault)

    def _unavailable(self, fault: str) -> Unavailable:
        return Unavailable(grpc.StatusCode.UNAVAILABLE, f"no call can be made to {self.address.text}: {fault}")


def nobody_answers(endpoints: Iterable[Endpoint], details: str) -> Unavailable:
    """The error where none of these answered in time; the call was never sent.

    Args:
        endpoints: all that were tried.
        details: what gRPC said of the last one.
    """
    addresses = list(dict.fromkeys(endpoint.address for endpoint in endpoints))
    text = f"no server answers on {', '.join(address.text for address in addresses)}"
    if why := reason_shown(details):
        text += f": {why}"
    if proxy := next(filter(None, map(proxy_between, addresses)), None):
        text += f"; gRPC goes there by the proxy of {proxy}, and no_proxy says where it shall not"
    return Unavailable(grpc.StatusCode.UNAVAILABLE, text)
