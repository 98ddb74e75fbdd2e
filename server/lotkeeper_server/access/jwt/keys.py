"""The public keys of an issuer, read from its JSON Web Key Set."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from lotkeeper_server.access.jwt.strict_json import NotStrict, read_object

KEYS_MAX: Final = 100
KEY_ID_CHARACTERS_MAX: Final = 256
RSA_BITS_MIN: Final = 2_048
RSA_BITS_MAX: Final = 8_192
"""A check with a longer one takes too long."""
_PUBLIC_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "RSA": ("n", "e"),
    "EC": ("crv", "x", "y"),
    "OKP": ("crv", "x"),
}
_ALGORITHMS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("RSA", ""): ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA", "Ed25519"),
}
"""What a key may be used for, by its type and curve: a token's own word counts only where the key agrees."""


class BadKeySet(ValueError):
    """What was read is not a key set; the text says why."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One key.

    Attributes:
        key_id: `kid`; empty where the set gives none.
        algorithms: that it may be used with.
        thumbprint: SHA-256 of RFC 7638.
        key: joserfc's.
    """

    key_id: str
    algorithms: tuple[str, ...]
    thumbprint: bytes
    key: RSAKey | ECKey | OKPKey


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys of an issuer at one time.

    Attributes:
        keys: those that can be used.
        thumbprints: of all of them.
        left_out: how many there were beside: shared secrets, keys to encrypt, unknown types, faulty or weak ones.
    """

    keys: tuple[PublicKey, ...] = ()
    thumbprints: frozenset[bytes] = frozenset()
    left_out: int = 0

    def fitting(self, key_id: str | None, algorithm: str) -> list[PublicKey]:
        """The keys that a token may have been signed with.

        Args:
            key_id: that the token names; None: then there must be one key only that it can be.
            algorithm: that the token names.
        """
        if key_id is None:
            return list(self.keys) if len(self.keys) == 1 and algorithm in self.keys[0].algorithms else []
        return [one for one in self.keys if one.key_id == key_id and algorithm in one.algorithms]


def read_key_set(data: bytes) -> KeySet:
    """The keys in a JSON Web Key Set; a key that cannot be used is left out, the others count.

    Raises:
        BadKeySet: where it is not one.
    """
    try:
        entries = read_object(data).get("keys")
    except NotStrict as error:
        raise BadKeySet(str(error)) from error
    if not isinstance(entries, list):
        raise BadKeySet("it has no list of keys")
    if len(entries) > KEYS_MAX:
        raise BadKeySet(f"it has more than {KEYS_MAX} keys")
    keys = tuple(key for entry in entries if (key := _read_key(entry)) is not None)
    return KeySet(keys, frozenset(one.thumbprint for one in keys), len(entries) - len(keys))


def _read_key(entry: Any) -> PublicKey | None:
    """None for what is not to be used."""
    if not isinstance(entry, dict):
        return None
    kind, key_id = entry.get("kty"), entry.get("kid", "")
    if (
        not isinstance(kind, str)
        or kind not in _PUBLIC_FIELDS
        or not isinstance(key_id, str)
        or len(key_id) > KEY_ID_CHARACTERS_MAX
    ):
        return None
    operations = entry.get("key_ops", ["verify"])
    if entry.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return None
    # Only what is public is taken: a private key that somebody put there by mistake must not lie in our memory.
    names = _PUBLIC_FIELDS[kind]
    public: dict[str, str | list[str]] = {name: value for name in names if isinstance(value := entry.get(name), str)}
    if len(public) != len(names):
        return None
    algorithms = _ALGORITHMS.get((kind, str(public.get("crv", ""))), ())
    if (only := entry.get("alg")) is not None:
        algorithms = tuple(one for one in algorithms if one == only)
    if not algorithms:
        return None
    try:
        if kind == "RSA" and not RSA_BITS_MIN <= _bits(str(public["n"])) <= RSA_BITS_MAX:
            return None
        key = _CLASSES[kind].import_key({"kty": kind, **public})
        thumbprint = base64.urlsafe_b64decode(key.thumbprint() + "=")
    except (JoseError, ValueError, TypeError):
        return None
    return PublicKey(key_id, algorithms, thumbprint, key)


def _bits(number: str) -> int:
    """How long a number is that is written as base64url."""
    return int.from_bytes(base64.urlsafe_b64decode(number + "=" * (-len(number) % 4))).bit_length()


_CLASSES: Final[Mapping[str, type[RSAKey] | type[ECKey] | type[OKPKey]]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
