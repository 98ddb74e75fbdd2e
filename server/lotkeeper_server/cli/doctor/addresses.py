"""Where the server will listen, and who can read what is said there."""

from collections.abc import Iterator
from typing import Final

from lotkeeper.development import is_loopback

from lotkeeper_server.cli.addresses import address_fault, is_taken, port_fault
from lotkeeper_server.cli.doctor.finding import Finding, fault, ok, warning
from lotkeeper_server.cli.start_conditions import PLAINTEXT_RISK, unencrypted
from lotkeeper_server.settings import Settings

_PORTS_OF_ROOT: Final = "give a port above 1023, or let the server bind it (CAP_NET_BIND_SERVICE)"


def check_addresses(settings: Settings) -> Iterator[Finding]:
    """Looks whether something can listen on each address, and whether those for calls are encrypted."""
    yield _of_address("listen", settings.listen)
    if settings.metrics_listen is not None:
        yield _of_address("metrics-listen", settings.metrics_listen)
    if settings.http_listen is not None:
        yield _of_address("http-listen", settings.http_listen)
    reachable = [address for address in (settings.listen, settings.http_listen) if address and not is_loopback(address)]
    if not reachable or settings.tls_certificate_file is not None:
        return
    if settings.allow_plaintext:
        yield warning(
            "plaintext",
            f"{' and '.join(reachable)} is served without TLS: {PLAINTEXT_RISK}",
            "give tls_certificate_file and tls_key_file, unless something else encrypts",
        )
    else:
        yield fault("plaintext", unencrypted(reachable[0]))


def _of_address(flag: str, address: str) -> Finding:
    check = flag.replace("-", "_")
    if (unusable := address_fault(address, flag)) is not None:
        return fault(check, unusable)
    if (refused := port_fault(address)) is not None:
        return fault(check, refused, _PORTS_OF_ROOT)
    if is_taken(address):
        return warning(
            check,
            f"something listens on {address} now",
            "if it is not the server that this one takes the place of, end it, or give another address",
        )
    return ok(check, f"{address} can be listened on")
