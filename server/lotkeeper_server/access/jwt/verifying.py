"""Proves a token of the issuer: its shape, then its signature, then what it says."""

import base64
import binascii
import math
import re
from typing import Any, Final

from joserfc.jws import JWSRegistry

from lotkeeper_server.access.identity import Identity
from lotkeeper_server.access.jwt.keys import KEY_ID_CHARACTERS_MAX, KeySet, PublicKey
from lotkeeper_server.access.jwt.rules import CHARACTERS_MAX, JwtRules
from lotkeeper_server.access.jwt.strict_json import NotStrict, read_object
from lotkeeper_server.access.refused_credentials import Cause, NotAdmitted
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.text import name_fault, name_form

ROLES_MAX: Final = 1_000
"""More in one token are refused."""
_TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt", "application/jwt"})
"""`typ` of tokens that let somebody in, where there is one; there are tokens for other things by the same keys."""
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_JOSERFC_NAMES: Final = {"EdDSA": "Ed25519"}
"""Keys of Ed25519 only are taken; by the older name joserfc would warn each time."""


class UnknownKey(Exception):
    """None of the keys can be the one that the token names; the issuer may have a newer one."""


def verified(token_text: str, keys: KeySet, rules: JwtRules, now_seconds: float) -> Identity:
    """Who a token says calls.

    Args:
        token_text: as it came.
        keys: of the issuer.
        rules: what is accepted.
        now_seconds: since the epoch.

    Raises:
        NotAdmitted: UNAUTHENTICATED.
        UnknownKey: where another look at the issuer's keys may help.
    """
    if len(token_text) > CHARACTERS_MAX:
        raise NotAdmitted(Cause.JWT_SHAPE)
    header_text, payload_text, signature_text = token_text.split(".")
    header = _json(header_text)
    key = _signer(header, keys, rules, f"{header_text}.{payload_text}".encode(), _bytes(signature_text))
    try:
        claims = read_object(_bytes(payload_text))
    except NotStrict as error:
        raise NotAdmitted(Cause.JWT_CLAIMS) from error
    if claims.get("iss") != rules.issuer:
        raise NotAdmitted(Cause.JWT_ISSUER)
    _check_audience(claims.get("aud"), rules.audience)
    expires_millis = _checked_times(claims, rules.leeway_seconds, now_seconds)
    return Identity(_principal(claims, rules), _roles(claims, rules), expires_millis, key.thumbprint)


def _signer(header: dict[str, Any], keys: KeySet, rules: JwtRules, signed: bytes, signature: bytes) -> PublicKey:
    """The key that the token was signed with.

    Keys that the token itself brings or points at (`jwk`, `jku`, `x5u`) are never looked at.
    """
    algorithm, key_id, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if not isinstance(algorithm, str) or algorithm not in rules.algorithms:
        raise NotAdmitted(Cause.JWT_ALGORITHM)
    # `crit` names extensions that must be understood, and none is; `b64` changes what is signed.
    if "crit" in header or "b64" in header or not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise NotAdmitted(Cause.JWT_SHAPE)
    if key_id is not None and not (isinstance(key_id, str) and 0 < len(key_id) <= KEY_ID_CHARACTERS_MAX):
        raise NotAdmitted(Cause.JWT_SHAPE)
    fitting = keys.fitting(key_id, algorithm)
    if not fitting:
        if key_id is None and keys.keys:
            raise NotAdmitted(Cause.JWT_KEY)
        if any(one.key_id == key_id for one in keys.keys):
            raise NotAdmitted(Cause.JWT_ALGORITHM)
        raise UnknownKey
    verifier = JWSRegistry.algorithms[_JOSERFC_NAMES.get(algorithm, algorithm)]
    for key in fitting:
        if verifier.verify(signed, signature, key.key):
            return key
    raise NotAdmitted(Cause.JWT_SIGNATURE)


def _bytes(text: str) -> bytes:
    """What one part of the token stands for; there is one way only to write it."""
    if not _BASE64URL.fullmatch(text):
        raise NotAdmitted(Cause.JWT_SHAPE)
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise NotAdmitted(Cause.JWT_SHAPE) from error
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != text:
        raise NotAdmitted(Cause.JWT_SHAPE)
    return data


def _json(text: str) -> dict[str, Any]:
    try:
        return read_object(_bytes(text))
    except NotStrict as error:
        raise NotAdmitted(Cause.JWT_SHAPE) from error


def _check_audience(given: Any, wanted: str) -> None:
    several = given if isinstance(given, list) else [given]
    if not all(isinstance(one, str) for one in several) or wanted not in several:
        raise NotAdmitted(Cause.JWT_AUDIENCE)


def _checked_times(claims: dict[str, Any], leeway_seconds: float, now_seconds: float) -> int:
    """When it expires, in milliseconds since the epoch, the leeway included."""
    expires, begins, made = (_moment(claims, name) for name in ("exp", "nbf", "iat"))
    if expires is None:
        raise NotAdmitted(Cause.JWT_NO_EXPIRY)
    expires_millis = int((expires + leeway_seconds) * 1_000)
    if expires_millis <= now_seconds * 1_000:
        raise NotAdmitted(Cause.JWT_EXPIRED)
    if any(one is not None and one > now_seconds + leeway_seconds for one in (begins, made)):
        raise NotAdmitted(Cause.JWT_NOT_YET)
    return expires_millis


def _moment(claims: dict[str, Any], name: str) -> float | None:
    """Seconds since the epoch, or None where nothing is said; until the year 9999."""
    given = claims.get(name)
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise NotAdmitted(Cause.JWT_CLAIMS)
    if not (0 <= given <= limits.MILLIS_MAX / 1_000 and math.isfinite(given)):
        raise NotAdmitted(Cause.JWT_CLAIMS)
    return float(given)


def _principal(claims: dict[str, Any], rules: JwtRules) -> str:
    given = claims.get(rules.principal_claim)
    if not isinstance(given, str):
        raise NotAdmitted(Cause.JWT_PRINCIPAL)
    name = name_form(given)
    if name_fault(name):
        raise NotAdmitted(Cause.JWT_PRINCIPAL)
    return name


def _roles(claims: dict[str, Any], rules: JwtRules) -> tuple[str, ...]:
    """What the claim of roles names; a claim that is not there names none."""
    if not rules.roles_claim:
        return ()
    given: Any = claims.get(rules.roles_claim)
    if given is None:
        given = claims
        for name in rules.roles_claim.split("."):
            given = given.get(name) if isinstance(given, dict) else None
    names = [] if given is None else given.split() if isinstance(given, str) else given
    if not isinstance(names, list) or len(names) > ROLES_MAX or not all(isinstance(one, str) for one in names):
        raise NotAdmitted(Cause.JWT_CLAIMS)
    return tuple(sorted({name_form(one) for one in names}))
