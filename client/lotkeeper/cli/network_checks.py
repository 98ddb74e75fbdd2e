"""Whether an address leads to somebody who listens, and how TLS stands there."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lotkeeper._addresses import Address, addresses_of
from lotkeeper._faults import SettingFault
from lotkeeper._tls import TlsFiles
from lotkeeper._unreachable import proxy_between
from lotkeeper.cli.connection import Connection
from lotkeeper.cli.findings import Finding, State

CONNECT_SECONDS: Final = 3.0
_EXPIRES_SOON_DAYS: Final = 30
_DAY_SECONDS: Final = 86_400


def check_addresses(connection: Connection) -> Iterator[Finding]:
    """Whether each address resolves, and somebody listens there."""
    try:
        addresses = addresses_of(connection.address)
    except SettingFault as fault:
        yield Finding("address", State.FAULT, str(fault), "Give --address HOST:PORT, or several with commas between.")
        return
    for address in addresses:
        yield _check_address(address)


def _check_address(address: Address) -> Finding:
    if not address.host:
        return Finding("address", State.OK, f"{address.text} is a socket file")
    if proxy := proxy_between(address):
        text = f"{address.text} is reached by the proxy of {proxy}"
        return Finding("address", State.WARNING, text, "If it should not be, name its host in no_proxy.")
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except OSError as error:
        text = f"{address.host} cannot be resolved: {error.strerror or error}"
        return Finding("address", State.FAULT, text, "Correct the name, or give the server's IP address.")
    numbers = ", ".join(dict.fromkeys(str(one[4][0]) for one in found))
    try:
        socket.create_connection((address.host, address.port), CONNECT_SECONDS).close()
    except ConnectionRefusedError:
        text = f"nobody listens on {address.text} ({numbers})"
        return Finding("address", State.FAULT, text, "Start lotkeeper-server there, or give the port of its --listen.")
    except TimeoutError:
        text = f"{address.text} ({numbers}) does not answer within {CONNECT_SECONDS:g} s"
        advice = "Look at the firewalls on the way, and whether the machine is on."
        return Finding("address", State.FAULT, text, advice)
    except OSError as error:
        text = f"{address.text} ({numbers}) cannot be connected to: {error.strerror or error}"
        return Finding("address", State.FAULT, text, "Look at the network between here and there.")
    return Finding("address", State.OK, f"{address.text} ({numbers}) takes connections")


def check_tls(connection: Connection) -> Iterator[Finding]:
    """Whether the way is encrypted, and how long each certificate is good."""
    files = TlsFiles.given(connection.ca_file, connection.client_certificate, connection.client_key)
    if not (files.are_any if connection.tls is None else connection.tls):
        yield _check_plaintext(connection)
        return
    try:
        files.credentials()
    except SettingFault as fault:
        yield Finding("TLS", State.FAULT, str(fault), "Correct --ca-file, --client-certificate or --client-key.")
        return
    for address in addresses_of(connection.address):
        if address.host and proxy_between(address) is None:
            yield _check_certificate(address, files)


def _check_plaintext(connection: Connection) -> Finding:
    if all(address.is_on_this_machine for address in addresses_of(connection.address)):
        return Finding("TLS", State.OK, "not used, and not needed on this machine")
    text = "not used: anybody on the way can read the token, and change what is sent"
    return Finding("TLS", State.WARNING, text, "Serve with tls_certificate_file and tls_key_file, then give --ca-file.")


def _check_certificate(address: Address, files: TlsFiles) -> Finding:
    context = _context(files.ca_file, files)
    try:
        with (
            socket.create_connection((address.host, address.port), CONNECT_SECONDS) as raw,
            context.wrap_socket(raw, server_hostname=address.host) as wrapped,
        ):
            certificate = wrapped.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        text = f"the certificate of {address.text} is not trusted: {error.verify_message}"
        advice = "Give --ca-file with the CA that signed it, and connect by a name that stands in it."
        return Finding("TLS", State.FAULT, text, advice)
    except ssl.SSLError as error:
        text = f"{address.text} does not speak TLS: {(error.reason or 'no handshake').replace('_', ' ').lower()}"
        return Finding("TLS", State.FAULT, text, "Leave out --tls and the certificates, or serve with TLS.")
    except OSError as error:
        return Finding("TLS", State.FAULT, f"no handshake with {address.text}: {error.strerror or error}")
    days = int((ssl.cert_time_to_seconds(str(certificate["notAfter"])) - time.time()) // _DAY_SECONDS)
    text = f"the certificate of {address.text} is trusted, and good for {days} days"
    if days < _EXPIRES_SOON_DAYS:
        return Finding("TLS", State.WARNING, text, "Renew it on the server, which takes it over at SIGHUP.")
    return Finding("TLS", State.OK, text)


def _context(ca_file: Path | None, files: TlsFiles) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    context.set_alpn_protocols(["h2"])
    if files.client_certificate and files.client_key:
        context.load_cert_chain(files.client_certificate, files.client_key)
    return context
