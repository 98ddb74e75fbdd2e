"""An issuer's keys are fetched, kept and rotated; nobody waits for them who does not need them."""

from __future__ import annotations

import http.server
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from lotkeeper_server.access.jwt.issuer import KNOWN_MAX, PARKED_MAX, Issuer
from lotkeeper_server.access.jwt.key_source import KEY_SET_BYTES_MAX, KeyFile, KeyUrl, NoKeys
from lotkeeper_server.access.jwt.rules import ALGORITHMS, JwtRules
from lotkeeper_server.access.refused_credentials import Cause, NotAdmitted
from lotkeeper_server.domain.refusals import Refused

from tests.certificates import made_certificate
from tests.issuer import AUDIENCE, ISSUER, SigningKey, TestIssuer, ec_key, key_set

RULES: Final = JwtRules(ISSUER, AUDIENCE, frozenset(ALGORITHMS), "sub", "", 30.0)
SOON_SECONDS: Final = 20


class Source:
    """Keys as the test says; a read can be held up.

    Attributes:
        keys: what it has; None where it is away.
        reads: how often it was asked.
        open: cleared, a read waits.
    """

    is_local = False

    def __init__(self, *keys: SigningKey, pause_seconds: float = 0.01) -> None:
        self.pause_seconds = pause_seconds
        self.keys: tuple[SigningKey, ...] | None = keys
        self.reads = 0
        self.open = threading.Event()
        self.open.set()

    def read(self) -> bytes:
        self.reads += 1
        assert self.open.wait(SOON_SECONDS)
        if self.keys is None:
            raise NoKeys("it is away")
        return key_set(*self.keys)


class Told:
    """What somebody who had a token proven was told."""

    def __init__(self, issuer: Issuer, token: str) -> None:
        self._told = threading.Event()
        self.refused: Refused | None = None
        issuer.prove_soon(token, self._hear)

    def _hear(self, refused: Refused | None) -> None:
        self.refused = refused
        self._told.set()

    @property
    def is_told(self) -> bool:
        return self._told.is_set()

    def cause(self) -> Cause | str | None:
        """Why it is refused; None where it is good."""
        assert self._told.wait(SOON_SECONDS)
        if self.refused is None:
            return None
        return self.refused.cause if isinstance(self.refused, NotAdmitted) else self.refused.refusal.reason


@contextmanager
def issuing(
    source: Any, refresh_seconds: float = 3_600.0, on_change: Callable[[], None] = lambda: None
) -> Iterator[Issuer]:
    issuer = Issuer(RULES, source, refresh_seconds)
    issuer.begin(on_change)
    try:
        yield issuer
    finally:
        issuer.close()


def until(happened: Callable[[], bool]) -> None:
    end_seconds = time.monotonic() + SOON_SECONDS
    while not happened():
        assert time.monotonic() < end_seconds
        time.sleep(0.01)


def test_a_token_that_was_proven_is_known_until_its_key_is_withdrawn() -> None:
    old, new = ec_key("old"), ec_key("new")
    source, changes = Source(old), []
    with issuing(source, refresh_seconds=0.02, on_change=lambda: changes.append(1)) as issuer:
        token = old.token()
        assert issuer.known(token) is None
        assert Told(issuer, token).cause() is None
        identity = issuer.known(token)
        assert identity is not None
        assert identity.principal == "line 7"
        source.keys = (old, new)
        assert Told(issuer, new.token()).cause() is None
        assert issuer.known(token) == identity
        assert not changes
        source.keys = (new,)
        until(lambda: not issuer.vouches_for(identity))
        until(lambda: bool(changes))
        assert issuer.known(token) is None
        assert Told(issuer, token).cause() is Cause.JWT_KEY


def test_an_unknown_key_has_the_keys_fetched_anew_and_no_more_often_than_is_allowed() -> None:
    known, later = ec_key("known"), ec_key("later")
    source = Source(known, pause_seconds=0.3)
    with issuing(source) as issuer:
        assert Told(issuer, known.token()).cause() is None
        source.keys = (known, later)
        assert Told(issuer, later.token()).cause() is None
        begun, reads = time.monotonic(), source.reads
        waiting = [Told(issuer, ec_key(f"bogus {number}").token()) for number in range(50)]
        assert {one.cause() for one in waiting} == {Cause.JWT_KEY}
        assert source.reads - reads <= 2 + (time.monotonic() - begun) / 0.3


def test_while_keys_are_fetched_known_ones_serve() -> None:
    key = ec_key()
    source = Source(key)
    with issuing(source) as issuer:
        assert Told(issuer, key.token()).cause() is None
        source.open.clear()
        unknown = Told(issuer, ec_key("unknown").token())
        assert Told(issuer, key.token(sub="other")).cause() is None
        assert not unknown.is_told
        source.open.set()
        assert unknown.cause() is Cause.JWT_KEY


def test_those_who_come_before_the_first_keys_wait_for_them() -> None:
    key = ec_key()
    source = Source(key)
    source.open.clear()
    with issuing(source) as issuer:
        early = [Told(issuer, key.token(sub=f"{number}")) for number in range(20)]
        source.open.set()
        assert [one.cause() for one in early] == [None] * 20


def test_while_the_issuer_is_away_the_last_good_keys_stay() -> None:
    key = ec_key()
    source = Source(key)
    with issuing(source, refresh_seconds=0.02) as issuer:
        assert Told(issuer, key.token()).cause() is None
        source.keys, reads = None, source.reads
        until(lambda: source.reads > reads + 3)
        assert Told(issuer, key.token(sub="other")).cause() is None
        assert Told(issuer, ec_key("new").token()).cause() is Cause.JWT_KEY


def test_more_than_may_wait_for_a_key_are_told_to_come_again() -> None:
    """Not that they are nobody: one of them may be right."""
    source = Source(ec_key())
    source.open.clear()
    with issuing(source) as issuer:
        bogus = ec_key("bogus").token()
        waiting = [Told(issuer, bogus) for _ in range(PARKED_MAX + 5)]
        until(lambda: sum(one.is_told for one in waiting) >= 5)
        assert [one.cause() for one in waiting if one.is_told] == ["OVERLOADED"] * 5
        source.open.set()
        assert {one.cause() for one in waiting} <= {Cause.JWT_KEY, "OVERLOADED"}


def test_what_is_kept_of_proven_tokens_is_limited() -> None:
    key = ec_key()
    with issuing(Source(key)) as issuer:
        first = key.token()
        assert Told(issuer, first).cause() is None
        identity = issuer.known(first)
        assert identity is not None
        for number in range(KNOWN_MAX):
            issuer._remember(f"{number}", identity)
        assert len(issuer._known) <= KNOWN_MAX
        assert issuer.known(first) is None
        assert Told(issuer, first).cause() is None
        assert issuer.known(first) == identity


# A file, a URL.


def test_keys_from_a_file_follow_the_file(tmp_path: Path) -> None:
    old, new = ec_key("old"), ec_key("new")
    file = tmp_path / "jwks.json"
    file.write_bytes(key_set(old))
    with issuing(KeyFile(file)) as issuer:
        assert Told(issuer, old.token()).cause() is None
        identity = issuer.known(old.token())
        file.write_bytes(b'{"keys": [')  # half written: the last good ones stay
        time.sleep(1.5)
        assert Told(issuer, old.token(sub="other")).cause() is None
        other = tmp_path / "new.json"
        other.write_bytes(key_set(new))
        other.rename(file)
        assert Told(issuer, new.token()).cause() is None
        assert Told(issuer, old.token()).cause() is Cause.JWT_KEY
        assert identity is None
        file.write_bytes(b" " * (KEY_SET_BYTES_MAX + 1))
        with pytest.raises(NoKeys, match="bytes"):
            KeyFile(file).read()
    with pytest.raises(NoKeys, match="No such file"):
        KeyFile(tmp_path / "none").read()


def _status(code: int) -> Callable[[http.server.BaseHTTPRequestHandler], None]:
    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        request.send_header("Location", "http://127.0.0.1:1/elsewhere")
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


def _endless(request: http.server.BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    try:
        while True:
            request.wfile.write(b" " * 65_536)
    except OSError:
        return


def _dripping(request: http.server.BaseHTTPRequestHandler) -> None:
    """A byte now and then, each in time for a timeout that begins anew with it."""
    request.send_response(200)
    request.end_headers()
    try:
        for _ in range(1_000):
            request.wfile.write(b" ")
            time.sleep(0.05)
    except OSError:
        return


def _dripping_headers(request: http.server.BaseHTTPRequestHandler) -> None:
    try:
        for number in range(1_000):
            request.wfile.write(b"HTTP/1.0 200 OK\r\n"[number : number + 1] or b"x")
            time.sleep(0.05)
    except OSError:
        return


def _silent(_request: http.server.BaseHTTPRequestHandler) -> None:
    time.sleep(3)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (_status(302), "302"),
        (_status(404), "404"),
        (_status(500), "500"),
        (_endless, "bytes"),
        (_dripping, "in time"),
        (_dripping_headers, "."),
        (_silent, "."),
    ],
)
def test_an_answer_that_is_wrong_too_long_or_too_slow_is_given_up(
    answer: Callable[[http.server.BaseHTTPRequestHandler], None], why: str
) -> None:
    with TestIssuer([ec_key()], answer) as issuer:
        begun_seconds = time.monotonic()
        with pytest.raises(NoKeys, match=why):
            KeyUrl(issuer.url, seconds_max=1.0).read()
        assert time.monotonic() - begun_seconds < 8
        assert issuer.asked == 1


def test_nobody_at_the_url_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NoKeys, match="refused"):
        KeyUrl(f"http://127.0.0.1:{port}/").read()
    with pytest.raises(NoKeys):
        KeyUrl("https://no-such-host.invalid/").read()


def test_keys_over_tls_come_from_whom_the_system_trusts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = made_certificate(tmp_path)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = key_set(ec_key())
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_arguments: object) -> None:
            """Says nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    source = KeyUrl(f"https://127.0.0.1:{server.server_address[1]}/jwks.json")
    try:
        with pytest.raises(NoKeys, match="certificate verify failed"):
            source.read()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert b'"keys"' in source.read()
    finally:
        server.shutdown()
        server.server_close()
