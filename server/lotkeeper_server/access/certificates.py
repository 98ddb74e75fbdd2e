r"""Client certificates: whom they name, and until when. That they are good was proven by TLS before a call could come.

Names are read from the certificate itself: what gRPC tells of one ends at its first zero byte, so `line 7\0.evil` would
be `line 7`.
"""

from collections.abc import Callable, Mapping
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from lotkeeper_server.access.identity import Identity
from lotkeeper_server.access.knocking import AuthContext
from lotkeeper_server.access.refused_credentials import Cause, NotAdmitted
from lotkeeper_server.domain.model.text import name_fault, name_form

KNOWN_MAX: Final = 1_024
"""So many certificates are kept that were read; beyond it all are read again."""
_CERTIFICATE: Final = "x509_pem_cert"
"""In gRPC's authentication context."""


def _common_names(certificate: x509.Certificate) -> list[str]:
    return [str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]


def _alternative_names(
    kind: type[x509.DNSName] | type[x509.UniformResourceIdentifier] | type[x509.RFC822Name],
) -> Callable[[x509.Certificate], list[str]]:
    def names(certificate: x509.Certificate) -> list[str]:
        try:
            extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        except x509.ExtensionNotFound:
            return []
        return [str(name) for name in extension.value.get_values_for_type(kind)]

    return names


_NAMES: Final[Mapping[str, Callable[[x509.Certificate], list[str]]]] = {
    "cn": _common_names,
    "dns": _alternative_names(x509.DNSName),
    "uri": _alternative_names(x509.UniformResourceIdentifier),
    "email": _alternative_names(x509.RFC822Name),
}


class Certificates:
    """Reads principals from certificates. For any thread."""

    def __init__(self, kind: str) -> None:
        """Has read none yet.

        Args:
            kind: cn, the common name of the subject; dns, uri or email, the alternative name of that kind.
        """
        self._names = _NAMES[kind]
        self._known: dict[bytes, Identity] = {}

    def identity(self, context: AuthContext) -> Identity:
        """Whom the certificate of a connection names.

        Args:
            context: gRPC's, of the connection.

        Raises:
            NotAdmitted: UNAUTHENTICATED where there is no certificate; where it has no name of the kind, or several:
                then its holder could choose whom to be; or where the name is not one.
        """
        pem = next(iter(context.get(_CERTIFICATE, ())), b"")
        if not pem:
            raise NotAdmitted(Cause.NO_TOKEN)
        known = self._known.get(pem)
        if known is None:
            known = self._read(pem)
            if len(self._known) >= KNOWN_MAX:
                self._known = {}
            self._known[pem] = known
        return known

    def _read(self, pem: bytes) -> Identity:
        try:
            certificate = x509.load_pem_x509_certificate(pem)
            names = self._names(certificate)
        except (ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
            raise NotAdmitted(Cause.CERTIFICATE_NAMES) from error
        if len(names) != 1:
            raise NotAdmitted(Cause.CERTIFICATE_NAMES)
        name = name_form(names[0])
        if name_fault(name):
            raise NotAdmitted(Cause.CERTIFICATE_NAMES)
        return Identity(name, expires_millis=int(certificate.not_valid_after_utc.timestamp() * 1_000))
