"""The files that the server proves itself with, and those by which it knows callers."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from lotkeeper_server.access_settings import is_url
from lotkeeper_server.cli.doctor.finding import Finding, fault, ok, warning
from lotkeeper_server.cli.start_conditions import PACKAGES, missing_package
from lotkeeper_server.rpc.tls_files import TlsFiles, UnusableTls
from lotkeeper_server.settings import Settings

EXPIRES_SOON_DAYS: Final = 14
_SECONDS_PER_DAY: Final = 86_400
_ROUNDS_MAX: Final = 8
_GIVE: Final = "give a certificate and the key that belongs to it, both PEM, without a password"
_RENEW: Final = "renew it: a server takes over what stands in the same file"


def check_certificates(settings: Settings, now_seconds: float) -> Iterator[Finding]:
    """Looks at the TLS files, the authorities of callers, and the keys of the issuer.

    Args:
        settings: in force.
        now_seconds: since the epoch.
    """
    for setting, (module, extra) in PACKAGES.items():
        if getattr(settings, setting) is not None and (missing := missing_package(setting, module, extra)) is not None:
            yield fault("packages", missing)
            return
    if settings.tls_certificate_file is not None and settings.tls_key_file is not None:
        yield from _of_pair(
            TlsFiles(settings.tls_certificate_file, settings.tls_key_file, settings.tls_client_ca_file), now_seconds
        )
    if settings.jwt_jwks is not None:
        yield _of_issuer(settings.jwt_jwks)


def _of_pair(files: TlsFiles, now_seconds: float) -> Iterator[Finding]:
    try:
        files.read()
    except UnusableTls as error:
        yield fault("tls", str(error), _GIVE)
        return
    yield _of_certificate(files.certificate, files.key, now_seconds)
    if files.client_authorities is not None:
        for authority in _authorities(files.client_authorities):
            name, until_seconds = _name(authority), ssl.cert_time_to_seconds(authority["notAfter"])
            yield _of_end("tls_client_ca", f"the authority {name}", until_seconds, now_seconds)


def _of_certificate(certificate: Path, key: Path, now_seconds: float) -> Finding:
    try:
        shown = _shown_to_callers(certificate, key)
    except ssl.SSLCertVerificationError as error:
        return fault("tls", f"callers refuse {certificate}: {error.verify_message}", _RENEW)
    except ssl.SSLError as error:
        return fault("tls", f"callers cannot use {certificate}: {error.reason or error}", _RENEW)
    return _of_end("tls", str(certificate), ssl.cert_time_to_seconds(shown["notAfter"]), now_seconds)


def _of_end(check: str, what: str, until_seconds: float, now_seconds: float) -> Finding:
    left_days = (until_seconds - now_seconds) / _SECONDS_PER_DAY
    day = datetime.fromtimestamp(until_seconds, UTC).date().isoformat()
    if left_days <= 0:
        return fault(check, f"{what} has expired on {day}", _RENEW)
    if left_days <= EXPIRES_SOON_DAYS:
        return warning(check, f"{what} expires on {day}, in {left_days:.1f} days", _RENEW)
    return ok(check, f"{what} is good until {day}")


def _shown_to_callers(certificate: Path, key: Path) -> dict[str, Any]:
    """What a caller gets who takes this certificate for an authority: a handshake in memory.

    Raises:
        ssl.SSLError: where there is none.
    """
    serves = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serves.load_cert_chain(certificate, key, password="")
    calls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    calls.check_hostname = False
    calls.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    calls.load_verify_locations(certificate)
    to_server, to_caller = ssl.MemoryBIO(), ssl.MemoryBIO()
    caller = calls.wrap_bio(to_caller, to_server)
    server = serves.wrap_bio(to_server, to_caller, server_side=True)
    for _ in range(_ROUNDS_MAX):
        if all([_has_shaken_hands(caller), _has_shaken_hands(server)]):
            break
    return dict(caller.getpeercert() or {})


def _has_shaken_hands(side: ssl.SSLObject) -> bool:
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def _authorities(path: Path) -> list[dict[str, Any]]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_verify_locations(path)
    return [dict(one) for one in context.get_ca_certs()]


def _name(authority: dict[str, Any]) -> str:
    parts = [value for group in authority.get("subject", ()) for _, value in group]
    return str(parts[-1]) if parts else "without a name"


def _of_issuer(jwks: str) -> Finding:
    from lotkeeper_server.access.jwt.key_source import KeyFile, KeyUrl, NoKeys  # noqa: PLC0415 - needs an extra
    from lotkeeper_server.access.jwt.keys import BadKeySet, read_key_set  # noqa: PLC0415

    source = KeyUrl(jwks) if is_url(jwks) else KeyFile(Path(jwks))
    try:
        keys = read_key_set(source.read()).keys
    except (NoKeys, BadKeySet) as error:
        return warning("jwt_jwks", f"{jwks}: {error}", "until it can be read, tokens of the issuer are refused")
    if not keys:
        return warning("jwt_jwks", f"{jwks} has no key that can be used", "docs/access.md says which can")
    return ok("jwt_jwks", f"{jwks} has {len(keys)} keys")
