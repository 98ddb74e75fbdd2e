"""TLS as a client wants it: whom it trusts, and how it shows who it is itself."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grpc

from lotkeeper._faults import TlsFault

CA_FILE_VARIABLE: Final = "LOTKEEPER_CA_FILE"
CLIENT_CERTIFICATE_VARIABLE: Final = "LOTKEEPER_CLIENT_CERTIFICATE"
CLIENT_KEY_VARIABLE: Final = "LOTKEEPER_CLIENT_KEY"


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The PEM files of a connection with TLS.

    Attributes:
        ca_file: whom to trust; None for gRPC's own list of public authorities.
        client_certificate: what the client shows; None for nothing.
        client_key: of the client's certificate.
    """

    ca_file: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None

    @classmethod
    def given(
        cls,
        ca_file: str | os.PathLike[str] | None,
        client_certificate: str | os.PathLike[str] | None,
        client_key: str | os.PathLike[str] | None,
    ) -> TlsFiles:
        """What is given, and for what is not, the file that its variable names.

        A certificate and its key belong together: where one of them is given, the variable of the other is not asked.
        """
        ca = ca_file or os.environ.get(CA_FILE_VARIABLE)
        if not client_certificate and not client_key:
            client_certificate = os.environ.get(CLIENT_CERTIFICATE_VARIABLE)
            client_key = os.environ.get(CLIENT_KEY_VARIABLE)
        return cls(*(Path(path) if path else None for path in (ca, client_certificate, client_key)))

    @property
    def are_any(self) -> bool:
        """Whether a file is given at all, which asks for TLS."""
        return self != TlsFiles()

    def credentials(self) -> grpc.ChannelCredentials:
        """What gRPC is given; the files are read and proved first, since gRPC says little of what is wrong in them.

        Raises:
            TlsFault: where a file cannot be read, or is not what it should be.
        """
        certificate, key = self.client_certificate, self.client_key
        if (certificate is None) != (key is None):
            what, missing = ("certificate", "key") if key is None else ("key", "certificate")
            raise TlsFault(
                f"a client {what} is given without its {missing}: give both "
                f"({CLIENT_CERTIFICATE_VARIABLE} and {CLIENT_KEY_VARIABLE}, for one)"
            )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        roots = None
        if self.ca_file is not None:
            roots = _content(self.ca_file, "CA file")
            try:
                context.load_verify_locations(cadata=roots.decode("ascii", "replace"))
            except (ssl.SSLError, ValueError):
                raise TlsFault(f"the CA file {self.ca_file} holds no PEM certificates") from None
        if certificate is None or key is None:
            return grpc.ssl_channel_credentials(roots)
        chain, private = _content(certificate, "client certificate"), _content(key, "client key")
        try:
            context.load_cert_chain(certificate, key, password=_no_password)
        except (ssl.SSLError, ValueError) as fault:
            why = getattr(fault, "reason", None) or "it is not PEM"
            raise TlsFault(
                f"the client certificate {certificate} and the key {key} cannot be used together "
                f"({str(why).replace('_', ' ').lower()}); both must be PEM, the key without a password"
            ) from None
        return grpc.ssl_channel_credentials(roots, private, chain)


def credentials_for(tls: bool | None, files: TlsFiles) -> grpc.ChannelCredentials | None:
    """The credentials of a channel; None for plain text.

    Args:
        tls: whether to use it; None for what the files ask for.
        files: of the caller or the environment.

    Raises:
        TlsFault: where a file cannot be used.
    """
    wanted = files.are_any if tls is None else tls
    return files.credentials() if wanted else None


def _content(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TlsFault(f"the {what} {path} cannot be read: {error.strerror}") from None


def _no_password() -> bytes:
    """Asked for only where the key is encrypted; without this, OpenSSL would ask on the terminal."""
    raise ValueError
