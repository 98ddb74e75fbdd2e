"""/lotkeeper.development.v1.Development/Prove: shows that this server made the development token. It needs no token."""

from typing import Final

from lotkeeper.development import NONCE_BYTES, PROVE_PATH

from lotkeeper_server import transport
from lotkeeper_server.access.development import DevelopmentToken
from lotkeeper_server.rpc.gate.gate import Methods
from lotkeeper_server.transport.call import INVALID_ARGUMENT, UNAVAILABLE

_NOT_A_NONCE: Final = transport.Status(INVALID_ARGUMENT, f"The request is not a nonce of {NONCE_BYTES} bytes.")
_NOT_YET: Final = transport.Status(UNAVAILABLE, "The server has not begun to serve yet.")


def proof_methods(token: DevelopmentToken) -> Methods:
    """The method by its path."""

    def prove(client_nonce: bytes, call: transport.Call) -> None:
        if len(client_nonce) != NONCE_BYTES:
            call.refuse(_NOT_A_NONCE)
        elif (answer := token.answer(client_nonce)) is None:
            call.refuse(_NOT_YET)
        else:
            call.answer(answer)

    return {PROVE_PATH: transport.Unary(prove)}
