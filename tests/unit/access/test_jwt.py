"""Tokens of an issuer: what is taken, and every way that we know of to have a wrong one taken."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import math
import time
from typing import Any, Final

import pytest
from lotkeeper_server.access.identity import Identity
from lotkeeper_server.access.jwt.keys import BadKeySet, KeySet, read_key_set
from lotkeeper_server.access.jwt.rules import ALGORITHMS, CHARACTERS_MAX, JwtRules, looks_like_jwt
from lotkeeper_server.access.jwt.verifying import UnknownKey, verified
from lotkeeper_server.access.refused_credentials import Cause, NotAdmitted
from lotkeeper_server.access.tokens import new_token

from tests.issuer import (
    AUDIENCE,
    ISSUER,
    SigningKey,
    base64url,
    ec_key,
    ed25519_key,
    encoded,
    good_claims,
    key_set,
    rsa_key,
)

RULES: Final = JwtRules(ISSUER, AUDIENCE, frozenset(ALGORITHMS), "sub", "roles", 30.0)
EC, RSA, ED = ec_key(), rsa_key(), ed25519_key()
KEYS: Final = read_key_set(key_set(EC, RSA, ED))


def proven(token: str, keys: KeySet = KEYS, rules: JwtRules = RULES) -> Identity:
    return verified(token, keys, rules, time.time())


def refused(token: str, keys: KeySet = KEYS, rules: JwtRules = RULES) -> Cause:
    with pytest.raises(NotAdmitted) as error:
        proven(token, keys, rules)
    assert error.value.refusal.reason == "UNAUTHENTICATED"
    return error.value.cause


@pytest.mark.parametrize("key", [EC, RSA, ED], ids=lambda key: key.algorithm)
def test_a_good_token_names_its_principal_and_its_roles(key: SigningKey) -> None:
    expires = int(time.time()) + 600
    identity = proven(key.token(exp=expires, roles=["reader", "writer", "reader"]))
    assert (identity.principal, identity.roles) == ("line 7", ("reader", "writer"))
    assert identity.expires_millis == (expires + 30) * 1_000
    assert identity.key in KEYS.thumbprints


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
def test_a_key_without_an_algorithm_of_its_own_serves_all_of_its_type(algorithm: str) -> None:
    keys = read_key_set(json.dumps({"keys": [RSA.published(alg=None)]}).encode())
    assert proven(SigningKey("rsa", algorithm, RSA.key).token(), keys).principal == "line 7"


def test_the_older_name_of_ed25519_is_taken_too() -> None:
    keys = read_key_set(json.dumps({"keys": [ED.published(alg="EdDSA")]}).encode())
    token = ED.signed({"alg": "EdDSA", "kid": "ed"}, good_claims())
    assert proven(token, keys).principal == "line 7"


# Algorithms.


def _with_secret(header: dict[str, Any], secret: bytes) -> str:
    text = f"{encoded(header)}.{encoded(good_claims())}"
    return f"{text}.{base64url(hmac.digest(secret, text.encode(), hashlib.sha256))}"


def test_a_public_key_is_never_a_shared_secret() -> None:
    """Alg confusion: signed by HMAC with what everybody can read of the key, in each form that it is written in."""
    forms = [
        RSA.key.as_pem(private=False),
        RSA.key.as_pem(private=False).strip(),
        RSA.key.as_der(private=False),
        json.dumps(RSA.published()).encode(),
        str(RSA.published()["n"]).encode(),
        b"",
    ]
    for algorithm in ("HS256", "hs256", "HS512"):
        for secret in forms:
            assert refused(_with_secret({"alg": algorithm, "kid": "rsa"}, secret)) is Cause.JWT_ALGORITHM


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None, 256, ["RS256"], {"a": 1}, "ES256K"])
def test_no_algorithm_or_an_unknown_one_is_refused(algorithm: object) -> None:
    for signature in ("", base64url(b"x" * 64)):
        token = f"{encoded({'alg': algorithm, 'kid': 'ec'})}.{encoded(good_claims())}.{signature}"
        assert refused(token) in {Cause.JWT_ALGORITHM, Cause.JWT_SHAPE}


def test_a_key_signs_by_its_own_algorithm_only() -> None:
    """What the token says does not count against what the key is for."""
    assert refused(SigningKey("rsa", "PS256", RSA.key).token()) is Cause.JWT_ALGORITHM
    assert refused(SigningKey("ec", "RS256", RSA.key).token()) is Cause.JWT_ALGORITHM


def test_algorithms_that_the_settings_leave_out_are_refused() -> None:
    rules = JwtRules(ISSUER, AUDIENCE, frozenset({"RS256"}), "sub", "", 30.0)
    assert refused(EC.token(), rules=rules) is Cause.JWT_ALGORITHM
    assert proven(RSA.token(), rules=rules).principal == "line 7"


# Keys.


def test_a_key_that_the_token_brings_along_or_points_at_is_not_looked_at() -> None:
    own = ec_key("own")
    for header in (
        {"jwk": own.published()},
        {"jku": "http://127.0.0.1:1/jwks.json"},
        {"x5u": "http://127.0.0.1:1/cert.pem"},
        {"x5c": ["MIIB"]},
    ):
        assert refused(own.token(header={**header, "kid": "ec"})) is Cause.JWT_SIGNATURE
        with pytest.raises(UnknownKey):
            proven(own.token(header=header))


@pytest.mark.parametrize("key_id", ["../../etc/passwd", "ec\0", "EC", "ec ", "' OR 1=1 --", "http://evil.test/k"])
def test_a_key_id_is_a_name_and_nothing_else(key_id: str) -> None:
    with pytest.raises(UnknownKey):
        proven(EC.token(header={"kid": key_id}))


@pytest.mark.parametrize("key_id", ["", 7, ["ec"], {"a": "ec"}, True, "k" * 257])
def test_a_key_id_that_is_not_a_short_text_is_refused(key_id: object) -> None:
    assert refused(EC.token(header={"kid": key_id})) is Cause.JWT_SHAPE


def test_without_a_key_id_there_must_be_one_key_only() -> None:
    alone = read_key_set(key_set(EC))
    assert proven(EC.token(header={"kid": None}), alone).principal == "line 7"
    assert refused(EC.token(header={"kid": None})) is Cause.JWT_KEY
    assert refused(RSA.token(header={"kid": None}), alone) is Cause.JWT_KEY


def test_another_key_of_the_same_name_does_not_help() -> None:
    assert refused(ec_key("ec").token()) is Cause.JWT_SIGNATURE


def test_of_two_keys_of_one_name_each_is_tried() -> None:
    """As while an issuer changes to another key and keeps the name."""
    second = ec_key("ec")
    keys = read_key_set(key_set(EC, second))
    assert proven(EC.token(), keys).key != proven(second.token(), keys).key


def test_a_key_that_was_rotated_out_signs_no_more() -> None:
    with pytest.raises(UnknownKey):
        proven(EC.token(), read_key_set(key_set(RSA)))


@pytest.mark.parametrize(
    "entry",
    [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "s"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "short"},
        {"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-256", "x": 5, "y": None},
        {"kty": "XX"},
        {"kty": ["RSA"]},
        "RSA",
        None,
        EC.published(use="enc"),
        EC.published(key_ops=["sign"]),
        EC.published(key_ops="verify"),
        EC.published(alg="HS256"),
        EC.published(kid=7),
        EC.published(kid="k" * 257),
        RSA.published(n=base64url(b"\xff" * 128)),
        RSA.published(n=base64url(b"\xff" * 2_048)),
    ],
)
def test_a_key_that_cannot_be_used_is_left_out_and_the_others_stay(entry: object) -> None:
    keys = read_key_set(json.dumps({"keys": [entry, RSA.published()]}).encode())
    assert ([one.key_id for one in keys.keys], keys.left_out) == (["rsa"], 1)


def test_of_a_private_key_that_is_published_by_mistake_only_the_public_part_is_taken() -> None:
    (key,) = read_key_set(json.dumps({"keys": [EC.key.as_dict(private=True) | {"kid": "ec"}]}).encode()).keys
    assert not key.key.is_private


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense",
        b"[]",
        b'{"keys": {}}',
        b"{}",
        b'{"keys": [], "keys": []}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"keys": ' + b"[" * 100_000,
        json.dumps({"keys": [EC.published()] * 101}).encode(),
    ],
)
def test_what_is_not_a_key_set_is_told_from_an_empty_one(data: bytes) -> None:
    with pytest.raises(BadKeySet):
        read_key_set(data)
    assert read_key_set(b'{"keys": []}') == KeySet()


# Shape.


@pytest.mark.parametrize(
    "token",
    [
        "..",
        "a..",
        "a.b.c",
        "eyJ.eyJ.x",
        f"{encoded([])}.{encoded({})}.AAAA",
        f"{encoded(b'nonsense')}.{encoded({})}.AAAA",
        f"{encoded(b'[' * 3_000)}.{encoded({})}.AAAA",
        "\u212a.\u212a.\u212a",
        "=.=.=",
        "AAAA .AAAA.AAAA",
    ],
)
def test_what_only_looks_like_a_token_is_refused(token: str) -> None:
    assert refused(token) is Cause.JWT_SHAPE


def test_a_huge_token_is_refused_before_it_is_looked_at() -> None:
    token = EC.token(extra="x" * CHARACTERS_MAX)
    begun = time.process_time()
    assert refused(token) is Cause.JWT_SHAPE
    assert refused("A" * 10_000_000 + ".A.A") is Cause.JWT_SHAPE
    assert time.process_time() - begun < 0.1
    assert len(EC.token(extra="x" * 5_000)) < CHARACTERS_MAX
    assert proven(EC.token(extra="x" * 5_000)).principal == "line 7"


def test_a_part_can_be_written_in_one_way_only() -> None:
    """Else one token had many forms, and a list of refused ones could be gone round."""
    header, payload, signature = EC.token().split(".")
    for wrong in (signature + "=", signature[:-1] + " ", signature.replace("-", "+") + "+", signature + "\n"):
        assert refused(f"{header}.{payload}.{wrong}") is Cause.JWT_SHAPE
    last = signature[-1]
    twin = next(
        c
        for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        if c != last
        and base64.urlsafe_b64decode(signature[:-1] + c + "==") == base64.urlsafe_b64decode(signature + "==")
    )
    assert refused(f"{header}.{payload}.{signature[:-1]}{twin}") is Cause.JWT_SHAPE


@pytest.mark.parametrize(
    "header", [{"crit": ["exp"], "exp": 1}, {"crit": []}, {"b64": False, "crit": ["b64"]}, {"b64": True}]
)
def test_extensions_that_must_be_understood_are_refused(header: dict[str, Any]) -> None:
    assert refused(EC.token(header=header)) is Cause.JWT_SHAPE


@pytest.mark.parametrize("kind", ["logout+jwt", "dpop+jwt", "secevent+jwt", 7, ""])
def test_tokens_for_something_else_let_nobody_in(kind: object) -> None:
    assert refused(EC.token(header={"typ": kind})) is Cause.JWT_SHAPE


@pytest.mark.parametrize("kind", ["JWT", "jwt", "at+jwt", "application/at+jwt", None])
def test_access_tokens_by_any_of_their_types_are_taken(kind: object) -> None:
    assert proven(EC.token(header={"typ": kind})).principal == "line 7"


def test_a_token_within_a_token_is_refused() -> None:
    """Nested: the inner one is good, the outer one is signed, too."""
    token = EC.signed({"alg": "ES256", "kid": "ec", "cty": "JWT"}, EC.token().encode())
    assert refused(token) is Cause.JWT_CLAIMS
    assert not looks_like_jwt("eyJ.a.b.c.d")  # an encrypted one is not the issuer's to prove


def test_a_changed_byte_anywhere_is_refused() -> None:
    parts = EC.token().split(".")
    for number, part in enumerate(parts):
        for place in range(0, len(part), 7):
            changed = part[:place] + ("A" if part[place] != "A" else "B") + part[place + 1 :]
            token = ".".join([*parts[:number], changed, *parts[number + 1 :]])
            with pytest.raises((NotAdmitted, UnknownKey)):
                proven(token)


def test_an_empty_signature_and_one_of_zeros_are_refused() -> None:
    header, payload, _ = EC.token().split(".")
    assert refused(f"{header}.{payload}.") is Cause.JWT_SHAPE
    assert refused(f"{header}.{payload}.{base64url(bytes(64))}") is Cause.JWT_SIGNATURE
    assert refused(f"{header}.{payload}.{base64url(b'x' * 5_000)}") is Cause.JWT_SIGNATURE


def test_stored_tokens_are_not_taken_for_those_of_an_issuer() -> None:
    assert not any(looks_like_jwt(new_token()) for _ in range(200))
    assert looks_like_jwt(EC.token())


# Claims.


def test_a_claim_that_stands_twice_is_refused() -> None:
    """Readers differ in which of them counts."""
    claims = json.dumps(good_claims())
    for twice in ('"sub": "admin"', '"exp": 9999999999', '"aud": "lotkeeper"', '"more": {"a": 1, "a": 2}'):
        payload = (claims[:-1] + ", " + twice + "}").encode()
        assert refused(EC.signed({"alg": "ES256", "kid": "ec"}, payload)) is Cause.JWT_CLAIMS
    head = b'{"alg": "ES256", "kid": "ec", "kid": "rsa"}'
    assert refused(EC.signed(head, good_claims())) is Cause.JWT_SHAPE


@pytest.mark.parametrize("audience", [AUDIENCE, [AUDIENCE], ["other", AUDIENCE]])
def test_the_audience_is_one_or_among_several(audience: object) -> None:
    assert proven(EC.token(aud=audience)).principal == "line 7"


@pytest.mark.parametrize(
    "audience", ["other", ["other"], [], None, "", "lotkeeper2", "Lotkeeper", [[AUDIENCE]], [AUDIENCE, 7], {"a": 1}, 7]
)
def test_another_audience_is_refused_as_text_and_as_list(audience: object) -> None:
    assert refused(EC.token(aud=audience)) is Cause.JWT_AUDIENCE


@pytest.mark.parametrize("issuer", [None, "", ISSUER + "/", ISSUER.upper(), [ISSUER], "https://evil.test", 7])
def test_another_issuer_is_refused(issuer: object) -> None:
    assert refused(EC.token(iss=issuer)) is Cause.JWT_ISSUER


def test_a_token_that_never_expires_is_refused() -> None:
    assert refused(EC.token(exp=None)) is Cause.JWT_NO_EXPIRY


def test_an_expired_one_is_refused_once_the_leeway_is_over() -> None:
    now = time.time()
    assert refused(EC.token(exp=now - 31)) is Cause.JWT_EXPIRED
    assert refused(EC.token(exp=0)) is Cause.JWT_EXPIRED
    assert proven(EC.token(exp=now - 20)).principal == "line 7"
    exact = JwtRules(ISSUER, AUDIENCE, frozenset(ALGORITHMS), "sub", "", 0.0)
    assert refused(EC.token(exp=now - 1), rules=exact) is Cause.JWT_EXPIRED


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_one_of_the_future_is_refused_beyond_the_leeway(claim: str) -> None:
    now = time.time()
    assert refused(EC.token(**{claim: now + 60})) is Cause.JWT_NOT_YET
    assert proven(EC.token(**{claim: now + 20})).principal == "line 7"


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", ["9999999999", True, [9], -1, 10**12, 10**400, 1e300, {"a": 1}])
def test_a_time_is_a_number_of_seconds_that_a_calendar_knows(claim: str, value: object) -> None:
    assert refused(EC.token(**{claim: value})) is Cause.JWT_CLAIMS


def test_numbers_that_are_none_are_refused() -> None:
    for value in (math.inf, math.nan):
        assert refused(EC.token(exp=value)) is Cause.JWT_CLAIMS


@pytest.mark.parametrize(
    "principal",
    ["", None, 7, ["a"], " a", "a ", "a\nb", "a\x00b", "\x1b[2J", "a\u202eb", "a\u200bb", "\ud800", "x" * 256],
)
def test_a_principal_that_is_not_a_name_is_refused(principal: object) -> None:
    assert refused(EC.token(sub=principal)) is Cause.JWT_PRINCIPAL


def test_a_principal_has_the_form_that_names_have_everywhere() -> None:
    assert proven(EC.token(sub="Mu\u0308ller\u00a07")).principal == "M\u00fcller 7"


def test_the_principal_may_be_another_claim() -> None:
    rules = JwtRules(ISSUER, AUDIENCE, frozenset(ALGORITHMS), "https://plant.test/name", "", 30.0)
    assert proven(EC.token(**{"https://plant.test/name": "dock"}), rules=rules).principal == "dock"
    assert refused(EC.token(), rules=rules) is Cause.JWT_PRINCIPAL


@pytest.mark.parametrize(
    ("claim", "claims", "roles"),
    [
        ("roles", {}, ()),
        ("roles", {"roles": None}, ()),
        ("roles", {"roles": []}, ()),
        ("roles", {"roles": ["b", "a"]}, ("a", "b")),
        ("scope", {"scope": "read  write"}, ("read", "write")),
        ("realm_access.roles", {"realm_access": {"roles": ["a"]}}, ("a",)),
        ("realm_access.roles", {"realm_access": 7}, ()),
        ("https://plant.test/roles", {"https://plant.test/roles": ["a"]}, ("a",)),
        ("", {"": ["admin"], "roles": ["admin"]}, ()),
    ],
)
def test_roles_are_named_by_a_claim(claim: str, claims: dict[str, Any], roles: tuple[str, ...]) -> None:
    rules = JwtRules(ISSUER, AUDIENCE, frozenset(ALGORITHMS), "sub", claim, 30.0)
    assert proven(EC.token(**claims), rules=rules).roles == roles


@pytest.mark.parametrize("roles", [7, {"admin": True}, [7], [["admin"]], ["a"] * 1_001])
def test_roles_that_are_not_names_are_refused(roles: object) -> None:
    assert refused(EC.token(roles=roles)) is Cause.JWT_CLAIMS


def test_only_what_a_good_signature_vouches_for_is_told() -> None:
    """Whoever tries tokens must not learn which key, algorithm or claim was nearly right."""
    with pytest.raises(NotAdmitted) as told:
        proven(EC.token(exp=1))
    assert told.value.refusal.metadata == {"cause": "EXPIRED"}
    assert "it has expired" in told.value.refusal.message
    header, payload, _ = EC.token(exp=1).split(".")
    for token in (f"{header}.{payload}.{base64url(bytes(64))}", "a.b.c", EC.token(header={"alg": "HS256"})):
        with pytest.raises(NotAdmitted) as silent:
            proven(token)
        assert silent.value.refusal.metadata == {}
        assert silent.value.refusal.message == "A valid token is needed: authorization: Bearer TOKEN."
