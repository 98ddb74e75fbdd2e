"""The files that a server proves itself with, read again while it serves."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from lotkeeper_server.transport import TlsPair


class UnusableTls(Exception):
    """What is in the files cannot be used; the text says why, and shows nothing of it."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where they are.

    Attributes:
        certificate: PEM, with what leads to a root.
        key: PEM, without a password.
        client_authorities: PEM, of whoever makes the certificates of callers; None where none are asked for.
    """

    certificate: Path
    key: Path
    client_authorities: Path | None = None

    def read(self) -> TlsPair:
        """What is in them, whole.

        Raises:
            UnusableTls: where it is not a pair, or not authorities, or changes while it is read.
        """
        try:
            pair = self._read()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate, self.key, password="")
            if pair.client_authorities is not None:
                context.load_verify_locations(cadata=pair.client_authorities.decode("ascii"))
                if not context.get_ca_certs():
                    raise UnusableTls(f"{self.client_authorities} has no certificate of an authority")
            if self._read() != pair:
                raise UnusableTls("the files are being changed")
        except (OSError, ValueError) as error:  # ssl's own error is an OSError
            raise UnusableTls(_words(error)) from None
        return pair

    def _read(self) -> TlsPair:
        authorities = None if self.client_authorities is None else self.client_authorities.read_bytes()
        return TlsPair(self.certificate.read_bytes(), self.key.read_bytes(), authorities)


def _words(error: OSError | ValueError) -> str:
    if not isinstance(error, OSError):
        return str(error)
    named = f"{error.filename}: " if error.filename else ""
    return named + (error.strerror or str(error))
