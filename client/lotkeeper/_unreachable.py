"""Why no server answers, from what gRPC says of it and, where that says nothing, from a look at the address."""

from __future__ import annotations

import os
import re
import socket
import ssl
from typing import Final

from lotkeeper._addresses import Address
from lotkeeper._tls import CA_FILE_VARIABLE
from lotkeeper.redaction import without_secrets

LOOK_SECONDS: Final = 1.0
_PROXY_VARIABLES: Final = ("grpc_proxy", "https_proxy", "http_proxy")
_NO_PROXY_VARIABLES: Final = ("no_grpc_proxy", "no_proxy")
_LAST_ERROR: Final = re.compile(r"last error: \w+: (?:\S+: )?(.*)", re.DOTALL)
_CLOSED: Final = re.compile(r"Socket closed|Connection reset|Endpoint closing|SETTINGS|Broken pipe|GOAWAY")


def lasting_fault(details: str, address: Address) -> str | None:
    """What will not pass by waiting, with what to do about it; None where the server may only be away."""
    if "CERTIFICATE_VERIFY_FAILED" in details:
        found = re.search(r"CERTIFICATE_VERIFY_FAILED: ([\w ]+)", details)
        why = f" ({found[1].strip()})" if found else ""
        return f"its TLS certificate is not trusted{why}: give the CA that signed it, by ca_file or {CA_FILE_VARIABLE}"
    if re.search(r"Hostname Verification|not in peer certificate", details):
        return f"its TLS certificate is not for {address.host}: connect by a name that it has"
    if "WRONG_VERSION_NUMBER" in details:
        return "it answers without TLS, and this client uses TLS: leave out tls and the certificates, or serve with TLS"
    return None


def is_closed_at_once(details: str) -> bool:
    """Whether somebody listens and hangs up, as who expects TLS does."""
    return bool(_CLOSED.search(details))


def fault_seen(address: Address, has_tls: bool) -> str | None:
    """What a connection of its own shows of who listens there; takes a second at most. None for nothing certain."""
    if not address.host:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # nothing is sent: it is only asked who listens
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    wants_certificate = "it wants a client certificate: give client_certificate and client_key that it trusts"
    try:
        with (
            socket.create_connection((address.host, address.port), LOOK_SECONDS) as connection,
            context.wrap_socket(connection) as wrapped,
        ):
            if not has_tls:
                return f"it expects TLS, and this client uses none: give ca_file or {CA_FILE_VARIABLE}, or tls=True"
            # A gRPC server that is content speaks first; one that misses a certificate hangs up, with an alert or not.
            return None if wrapped.recv(1) else wants_certificate
    except ssl.SSLError as error:
        return wants_certificate if "CERTIFICATE_REQUIRED" in str(error) else None
    except OSError:
        return None


def reason_shown(details: str) -> str:
    """What gRPC says, without what only says that there is something to say."""
    found = _LAST_ERROR.search(details)
    text = (found[1] if found else details).strip()
    if "hostname lookup error" in details or "errors resolving" in details:
        return "its name cannot be resolved"
    return without_secrets(" ".join(text.split()))[:200]


def proxy_between(address: Address) -> str | None:
    """The proxy that gRPC takes from the environment for an address, as `https_proxy (http://proxy:3128)`."""
    if address.is_on_this_machine:
        return None
    name = next((name for name in _PROXY_VARIABLES if os.environ.get(name)), None)
    if name is None:
        return None
    excluded = next((os.environ[one] for one in _NO_PROXY_VARIABLES if os.environ.get(one)), "")
    hosts = [one.strip() for one in excluded.split(",") if one.strip()]
    if any(address.host.endswith(host) for host in hosts):
        return None
    return f"{name} ({without_secrets(os.environ[name])})"
