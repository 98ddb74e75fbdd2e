"""An OpenID Connect issuer for tests: it makes keys, publishes them, signs tokens, rotates, and fails when told to.

Tokens are put together by hand, so that wrong ones can be made, too.
"""

from __future__ import annotations

import base64
import http.server
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final

from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

ISSUER: Final = "https://issuer.test/plant"
AUDIENCE: Final = "lotkeeper"
Key = RSAKey | ECKey | OKPKey


def base64url(data: bytes) -> str:
    """Without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def encoded(value: object) -> str:
    """A part of a token: JSON, or what stands for it."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64url(data)


@dataclass(frozen=True)
class SigningKey:
    """A key of the issuer, and the algorithm it signs with."""

    key_id: str
    algorithm: str
    key: Key

    def published(self, **changes: Any) -> dict[str, Any]:
        """As it stands in the key set."""
        entry = {**self.key.as_dict(private=False), "kid": self.key_id, "alg": self.algorithm, "use": "sig"}
        return {name: value for name, value in (entry | changes).items() if value is not None}

    def signed(self, header: object, payload: object) -> str:
        """A token of whatever this is."""
        text = f"{encoded(header)}.{encoded(payload)}"
        signature = JWSRegistry.algorithms[self.algorithm].sign(text.encode(), self.key)
        return f"{text}.{base64url(signature)}"

    def token(self, *, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """A token that is good, but for what is given; None leaves a claim out."""
        head = {"alg": self.algorithm, "kid": self.key_id, "typ": "JWT"} | dict(header or {})
        return self.signed({k: v for k, v in head.items() if v is not None}, good_claims(**claims))


def good_claims(**claims: Any) -> dict[str, Any]:
    """Those of a token that is good for an hour, but for what is given; None leaves one out."""
    now = int(time.time())
    usual = {"iss": ISSUER, "aud": AUDIENCE, "sub": "line 7", "iat": now - 5, "exp": now + 3_600}
    return {name: value for name, value in (usual | claims).items() if value is not None}


def ec_key(key_id: str = "ec") -> SigningKey:
    """Quick to make, unlike one of RSA."""
    return SigningKey(key_id, "ES256", ECKey.generate_key("P-256"))


def rsa_key(key_id: str = "rsa") -> SigningKey:
    """The most usual kind."""
    return SigningKey(key_id, "RS256", RSAKey.generate_key(2_048))


def ed25519_key(key_id: str = "ed") -> SigningKey:
    """The newest kind."""
    return SigningKey(key_id, "Ed25519", OKPKey.generate_key("Ed25519"))


def key_set(*keys: SigningKey) -> bytes:
    """The document that publishes them."""
    return json.dumps({"keys": [one.published() for one in keys]}).encode()


Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


@dataclass
class TestIssuer:
    """Publishes its keys by HTTP on loopback while the block runs.

    Attributes:
        keys: that it publishes.
        answer: what it does instead of publishing; None publishes.
        asked: how often its keys were asked for.
    """

    __test__ = False

    keys: list[SigningKey]
    answer: Answer | None = None
    asked: int = 0
    _server: http.server.ThreadingHTTPServer | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Of its key set."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}/jwks.json"

    def flags(self, *more: str) -> tuple[str, ...]:
        """Of a server that takes its tokens."""
        return ("--jwt-issuer", ISSUER, "--jwt-audience", AUDIENCE, "--jwt-jwks", self.url, *more)

    def __enter__(self) -> TestIssuer:
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked += 1
                if issuer.answer is not None:
                    issuer.answer(self)
                    return
                data = key_set(*issuer.keys)
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_arguments: object) -> None:
                """Says nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()
