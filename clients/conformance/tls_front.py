"""TLS in front of a scripted server, and the certificates for it: made anew for each run, each for an hour."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import ssl
import threading
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from clients.conformance.scenario import Certificate

AUTHORITY: Final = "authority.pem"
_VALID: Final = dt.timedelta(hours=1)
_CHUNK_BYTES: Final = 65_536
_HERE: Final = (x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost"))
_ELSEWHERE: Final = (x509.DNSName("plant-9.example"),)


def write_certificates(folder: Path) -> None:
    """Writes AUTHORITY, whom programs trust, and a file for each Certificate with its key."""
    key, authority = _authority("conformance authority")
    other_key, other = _authority("another authority")
    (folder / AUTHORITY).write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    _write_signed(folder / Certificate.TRUSTED.name, key, authority, _HERE)
    _write_signed(folder / Certificate.OF_ANOTHER_NAME.name, key, authority, _ELSEWHERE)
    _write_signed(folder / Certificate.OF_ANOTHER_AUTHORITY.name, other_key, other, _HERE)


def _authority(name: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    itself = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = _begun(itself, itself, key.public_key())
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return key, builder.sign(key, hashes.SHA256())


def _write_signed(
    path: Path, key: ec.EllipticCurvePrivateKey, authority: x509.Certificate, names: tuple[x509.GeneralName, ...]
) -> None:
    own = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a scripted server")])
    builder = _begun(subject, authority.subject, own.public_key())
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    secret = own.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + secret)


def _begun(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _VALID)
        .not_valid_after(now + _VALID)
    )


class TlsFront:
    """Listens with TLS on a free port of loopback, and hands what comes to a server without.

    Attributes:
        address: HOST:PORT.
    """

    def __init__(self, certificate: Path, behind: str) -> None:
        """Listens.

        Args:
            certificate: with its key.
            behind: HOST:PORT of the server.
        """
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._context.set_alpn_protocols(["h2"])
        self._host, _, port = behind.rpartition(":")
        self._port = int(port)
        self._stop = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._listens = threading.Event()
        self.address = ""
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True)
        self._thread.start()
        self._listens.wait()

    def close(self) -> None:
        """Stops it, and ends all connections."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._hand_over, "127.0.0.1", 0, ssl=self._context)
        self.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._listens.set()
        await self._stop.wait()
        server.close()
        # A connection that is just being made has a task that has not begun, and asyncio would print its end.
        self._loop.set_exception_handler(_say_nothing)
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _hand_over(self, near: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError), contextlib.closing(answers):
            far, requests = await asyncio.open_connection(self._host, self._port)
            with contextlib.closing(requests):
                await asyncio.gather(_pump(near, requests), _pump(far, answers))


def _say_nothing(_loop: asyncio.AbstractEventLoop, _context: object) -> None:
    pass


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
    writer.close()
