"""Client certificates: whom they name. That they are good was proven by TLS before a call could come."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from lotkeeper_server.access.identity import Identity
from lotkeeper_server.access.refused_credentials import Cause, NotAdmitted
from lotkeeper_server.domain.model.text import name_fault, name_form

CertificateName = Literal["cn", "dns", "uri", "email"]
"""What of a certificate is the principal: the common name of its subject, or the alternative name of a kind."""
_PROPERTIES: Final[Mapping[CertificateName, str]] = {
    "cn": "x509_common_name",
    "dns": "peer_dns",
    "uri": "peer_uri",
    "email": "peer_email",
}
"""In gRPC's authentication context."""
_OF_CERTIFICATE: Final = "x509_pem_cert"
AuthContext = Mapping[str, Sequence[bytes]]


class Certificates:
    """Reads principals from certificates."""

    def __init__(self, name: CertificateName) -> None:
        """Reads one kind of names.

        Args:
            name: which of its names is the principal.
        """
        self._property = _PROPERTIES[name]

    def identity(self, context: AuthContext) -> Identity:
        """Whom the certificate of a connection names.

        Args:
            context: gRPC's, of the connection.

        Raises:
            NotAdmitted: UNAUTHENTICATED where there is no certificate; where it has no name of the kind, or several:
                then its holder could choose whom to be; or where the name is not one.
        """
        names = context.get(self._property, ())
        if not context.get(_OF_CERTIFICATE):
            raise NotAdmitted(Cause.NO_TOKEN)
        if len(names) != 1:
            raise NotAdmitted(Cause.CERTIFICATE_NAMES)
        try:
            name = name_form(names[0].decode())
        except UnicodeDecodeError as error:
            raise NotAdmitted(Cause.CERTIFICATE_NAMES) from error
        if name_fault(name):
            raise NotAdmitted(Cause.CERTIFICATE_NAMES)
        return Identity(name)
