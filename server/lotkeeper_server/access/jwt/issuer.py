"""An issuer: its keys, kept current, and whom its tokens have been proven to name.

Tokens are proven on one thread, keys are fetched on another, and neither is one that serves calls. A token whose key is
not known waits for the next fetch.
"""

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from lotkeeper_server.access.identity import Identity
from lotkeeper_server.access.jwt.key_source import KeySource, NoKeys
from lotkeeper_server.access.jwt.keys import BadKeySet, KeySet, read_key_set
from lotkeeper_server.access.jwt.rules import JwtRules
from lotkeeper_server.access.jwt.verifying import UnknownKey, verified
from lotkeeper_server.access.refused_credentials import Cause, NotAdmitted
from lotkeeper_server.access.tokens import digest_of
from lotkeeper_server.domain.refusals import Internal, Overloaded, Refused
from lotkeeper_server.event_log import get_logger

KNOWN_MAX: Final = 10_000
"""So many proven tokens are kept until they expire; beyond it those that were proven first are proven again."""
WAITING_MAX: Final = 1_024
"""So many may wait to be proven; more are refused with OVERLOADED."""
PARKED_MAX: Final = 256
"""So many of them may wait for a key."""
REPEAT_SECONDS: Final = 60.0
"""While keys cannot be had, that is logged so often."""
_log = get_logger()
Done = Callable[[Refused | None], None]


class Issuer:
    """Proves tokens. For any thread."""

    def __init__(
        self,
        rules: JwtRules,
        source: KeySource,
        refresh_seconds: float,
        now_seconds: Callable[[], float] = time.time,
    ) -> None:
        """Has no keys yet.

        Args:
            rules: what is accepted.
            source: of the keys.
            refresh_seconds: how often keys are fetched from elsewhere without a reason.
            now_seconds: since the epoch.
        """
        self._rules = rules
        self._source = source
        self._refresh_seconds = source.pause_seconds if source.is_local else refresh_seconds
        self._now_seconds = now_seconds
        self._on_change: Callable[[], None] = _nothing
        self._keys = KeySet()
        self._known: dict[bytes, Identity] = {}
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._closing = threading.Event()
        self._waiting = 0
        self._parked: list[tuple[str, Done]] = []
        self._failures = 0
        self._logged_seconds = 0.0
        self._prover = ThreadPoolExecutor(1, thread_name_prefix="lotkeeper-jwt")
        self._keeper = threading.Thread(target=self._keep, name="lotkeeper-jwt-keys", daemon=True)

    def begin(self, on_change: Callable[[], None]) -> None:
        """Fetches keys from now on.

        Args:
            on_change: called where a key was withdrawn: whom it vouched for is unknown again.
        """
        self._on_change = on_change
        self._keeper.start()

    def close(self) -> None:
        """Ends the threads; a fetch under way is not waited for."""
        self._closing.set()
        self._wanted.set()
        self._prover.shutdown(wait=False, cancel_futures=True)

    def known(self, token_text: str) -> Identity | None:
        """Whom a token names that was proven before; None where it has to be proven, again or for the first time."""
        identity = self._known.get(digest_of(token_text))
        return identity if identity is not None and self.vouches_for(identity) else None

    def vouches_for(self, identity: Identity) -> bool:
        """Whether the key that somebody was proven with is still the issuer's."""
        return identity.key in self._keys.thumbprints

    def prove_soon(self, token_text: str, done: Done) -> None:
        """Has a token proven; if it is good, `known` knows it then.

        Args:
            token_text: as it came.
            done: told, on a thread of this issuer, why it is refused; None where it is good.

        Raises:
            Refused: OVERLOADED, where too many wait.
        """
        with self._lock:
            if self._waiting >= WAITING_MAX or self._closing.is_set():
                raise Refused(Overloaded())
            self._waiting += 1
        try:
            self._prover.submit(self._prove, token_text, done, may_wait=True)
        except RuntimeError:  # it was closed meanwhile
            raise Refused(Overloaded()) from None

    def _prove(self, token_text: str, done: Done, *, may_wait: bool) -> None:
        refused: Refused | None = None
        try:
            identity = verified(token_text, self._keys, self._rules, self._now_seconds())
            self._remember(token_text, identity)
        except UnknownKey:
            if may_wait and self._park(token_text, done):
                return
            refused = Refused(Overloaded()) if may_wait else NotAdmitted(Cause.JWT_KEY)
        except Refused as error:
            refused = error.with_traceback(None)
        except Exception:  # a border: somebody waits, and others after them
            error_id = uuid.uuid4().hex
            _log.exception("fault", task="jwt", error_id=error_id)
            refused = Refused(Internal(error_id=error_id))
        with self._lock:
            self._waiting -= 1
        _tell(done, refused)

    def _remember(self, token_text: str, identity: Identity) -> None:
        with self._lock:
            if len(self._known) >= KNOWN_MAX:
                now_millis = self._now_seconds() * 1_000
                current = (
                    (digest, one) for digest, one in self._known.items() if (one.expires_millis or 0) > now_millis
                )
                kept = list(current)[-KNOWN_MAX // 2 :]
                self._known = dict(kept)
            self._known[digest_of(token_text)] = identity

    def _park(self, token_text: str, done: Done) -> bool:
        """Has it wait for the next fetch; False where too many do."""
        with self._lock:
            if len(self._parked) >= PARKED_MAX:
                return False
            self._parked.append((token_text, done))
        self._wanted.set()
        return True

    def _keep(self) -> None:
        """Fetches keys when it is time, and sooner where somebody waits for one."""
        while True:
            parked_before = self._taken()
            try:
                self._fetch()
            except Exception:  # the border of the thread, which goes on
                _log.exception("fault", task="jwt_keys")
            for token_text, done in parked_before:
                self._prove_again(token_text, done, may_wait=False)
            for token_text, done in self._taken():  # while it was fetched: this may have been too early for them
                self._prove_again(token_text, done, may_wait=True)
            if self._closing.wait(self._source.pause_seconds):
                return
            self._wanted.wait(max(0.0, self._refresh_seconds - self._source.pause_seconds))

    def _taken(self) -> list[tuple[str, Done]]:
        """Those that wait for a key, who wait no more."""
        with self._lock:
            parked, self._parked = self._parked, []
            if not self._closing.is_set():
                self._wanted.clear()
        return parked

    def _prove_again(self, token_text: str, done: Done, *, may_wait: bool) -> None:
        try:
            self._prover.submit(self._prove, token_text, done, may_wait=may_wait)
        except RuntimeError:  # closed
            _tell(done, Refused(Overloaded()))

    def _fetch(self) -> None:
        try:
            keys = read_key_set(self._source.read())
        except (NoKeys, BadKeySet) as error:
            self._note_failure(str(error))
            return
        before, self._keys = self._keys, keys
        if self._failures or keys.thumbprints != before.thumbprints or keys.left_out != before.left_out:
            _log.info(
                "jwt_keys_loaded",
                keys=len(keys.keys),
                left_out=keys.left_out,
                new=len(keys.thumbprints - before.thumbprints),
                withdrawn=len(before.thumbprints - keys.thumbprints),
                failures_before=self._failures,
            )
        self._failures = 0
        if before.thumbprints - keys.thumbprints:
            with self._lock:
                self._known = {digest: one for digest, one in self._known.items() if self.vouches_for(one)}
            self._on_change()

    def _note_failure(self, why: str) -> None:
        """One line for the first, then one a minute: the keys that were good go on being so."""
        self._failures += 1
        if self._failures == 1 or time.monotonic() - self._logged_seconds >= REPEAT_SECONDS:
            self._logged_seconds = time.monotonic()
            _log.warning("jwt_keys_not_loaded", why=why, failures=self._failures, keys=len(self._keys.keys))


def _tell(done: Done, refused: Refused | None) -> None:
    try:
        done(refused)
    except Exception:  # a border: the others wait, too
        _log.exception("fault", task="jwt")


def _nothing() -> None:
    return
