"""The settings that say how callers are known, beside the tokens in the store; docs/access.md explains them."""

from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from lotkeeper.development import is_loopback
from pydantic import AfterValidator, BaseModel, Field

from lotkeeper_server.access.jwt.rules import ALGORITHMS, JwtRules
from lotkeeper_server.setting_sources import SettingsFault

DEFAULT_ALGORITHMS: Final = "RS256,PS256,ES256,EdDSA"
_CLAIM_CHARACTERS_MAX: Final = 255


def _known_algorithms(given: str) -> str:
    names = [name.strip() for name in given.split(",")]
    for name in names:
        if name not in ALGORITHMS:
            raise ValueError(f"{name!r} is not an algorithm with a public key; there are {' '.join(ALGORITHMS)}")
    return ",".join(names)


def is_url(jwt_jwks: str) -> bool:
    """Whether keys are fetched from a URL; else the setting is a file's path."""
    return "://" in jwt_jwks


def _safe_source(given: str) -> str:
    if not is_url(given):
        return given
    try:
        parts = urlsplit(given)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        raise ValueError("it is not a URL") from None
    if not host or parts.username is not None or parts.fragment:
        raise ValueError("it is not the URL of a key set: https://HOST/PATH")
    if parts.scheme == "http" and not is_loopback(f"[{host}]:0" if ":" in host else f"{host}:0"):
        raise ValueError("keys that come without TLS can be anybody's: give an https URL, or a file")
    if parts.scheme not in {"http", "https"}:
        raise ValueError("give an https URL, or a file")
    return given


class AccessSettings(BaseModel):
    """How callers are known. A description is the help of its flag."""

    jwt_issuer: Annotated[
        str | None, Field(min_length=1, description="Take JSON Web Tokens whose `iss` is this, exactly.")
    ] = None
    jwt_audience: Annotated[
        str | None, Field(min_length=1, description="Whom they must be meant for: their `aud` is it, or has it.")
    ] = None
    jwt_jwks: Annotated[
        str | None,
        Field(min_length=1, description="The issuer's public keys, a JSON Web Key Set: an https URL, or a file."),
        AfterValidator(lambda given: None if given is None else _safe_source(given)),
    ] = None
    jwt_jwks_refresh_seconds: Annotated[
        float, Field(ge=5, le=86_400, description="How often the keys are fetched; a file is looked at each second.")
    ] = 300
    jwt_algorithms: Annotated[
        str,
        AfterValidator(_known_algorithms),
        Field(description="The algorithms of signatures that are accepted, with commas between them."),
    ] = DEFAULT_ALGORITHMS
    jwt_principal_claim: Annotated[
        str, Field(min_length=1, max_length=_CLAIM_CHARACTERS_MAX, description="The claim that is the principal.")
    ] = "sub"
    jwt_roles_claim: Annotated[
        str | None,
        Field(
            max_length=_CLAIM_CHARACTERS_MAX,
            description="The claim that names roles, such as roles or realm_access.roles. [default: none does]",
        ),
    ] = None
    jwt_leeway_seconds: Annotated[
        float, Field(ge=0, le=300, description="How much the clocks of the issuer and of the server may differ.")
    ] = 30
    tls_client_ca_file: Annotated[
        Path | None,
        Field(description="PEM file; callers need a certificate that one of these authorities has made."),
    ] = None
    tls_client_principal: Annotated[
        Literal["cn", "dns", "uri", "email"],
        Field(
            description="What of a client certificate is the principal of callers without a token: cn, the common name;"
            " dns, uri or email, the alternative name of that kind."
        ),
    ] = "cn"

    token_expiry_days: Annotated[
        float,
        Field(ge=0, le=36_500, description="When tokens expire that `token create` makes without --expires; 0: never."),
    ] = 0
    token_warning_days: Annotated[
        float, Field(ge=0, le=3_650, description="So long before a token expires the log warns of it; 0: never.")
    ] = 14

    def jwt_rules(self) -> JwtRules | None:
        """What tokens of the issuer must be like; None where none are taken."""
        if self.jwt_issuer is None or self.jwt_audience is None:
            return None
        return JwtRules(
            issuer=self.jwt_issuer,
            audience=self.jwt_audience,
            algorithms=frozenset(self.jwt_algorithms.split(",")),
            principal_claim=self.jwt_principal_claim,
            roles_claim=self.jwt_roles_claim or "",
            leeway_seconds=self.jwt_leeway_seconds,
        )

    def check_together(self) -> None:
        """Looks whether what belongs together is given together.

        Raises:
            SettingsFault: where it is not.
        """
        belonging = {name: getattr(self, name) for name in ("jwt_issuer", "jwt_audience", "jwt_jwks")}
        missing = [name for name, value in belonging.items() if value is None]
        if missing and len(missing) < len(belonging):
            raise SettingsFault(
                f"jwt_issuer, jwt_audience and jwt_jwks belong together: {', '.join(missing)} is missing"
            )
