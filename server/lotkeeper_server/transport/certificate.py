"""What a server proves itself with, which may be replaced while it serves."""

from typing import Any

import grpc

from lotkeeper_server.transport.options import TlsPair


class Certificate:
    """A certificate and its key. Connections that begin after `replace` meet the new pair; others keep theirs."""

    def __init__(self, pair: TlsPair) -> None:
        self._pair = pair
        self._replaced = False

    def replace(self, pair: TlsPair) -> None:
        """Takes another pair, which must be a usable one: gRPC would go on with the old one and not say so.

        Whether callers are asked for certificates stays as it was.
        """
        self._pair = pair
        self._replaced = True

    def server_credentials(self) -> grpc.ServerCredentials:
        """For one server; gRPC asks, at each handshake, whether there is another pair."""
        fetch: Any = self._fetch  # its types do not know that it may answer None
        asks = self._pair.client_authorities is not None  # Python's gRPC knows no certificates that may be missing
        return grpc.dynamic_ssl_server_credentials(self._configuration(), fetch, require_client_authentication=asks)

    def _fetch(self) -> grpc.ServerCertificateConfiguration | None:
        """The new pair, if there is one; called by threads of gRPC."""
        if not self._replaced:
            return None
        self._replaced = False
        return self._configuration()

    def _configuration(self) -> grpc.ServerCertificateConfiguration:
        pair = (self._pair.private_key, self._pair.certificate_chain)
        return grpc.ssl_server_certificate_configuration([pair], self._pair.client_authorities)
