"""What a server must have before it starts: `serve` refuses by it, `doctor` tells of it, in the same words."""

from importlib import import_module
from pathlib import Path
from typing import Final

PACKAGES: Final = {
    "jwt_issuer": ("lotkeeper_server.access.jwt.issuer", "access"),
    "tls_client_ca_file": ("lotkeeper_server.access.certificates", "access"),
    "http_listen": ("lotkeeper_server.http.http_server", "http"),
    "traces_endpoint": ("lotkeeper_server.observability.traces.sending", "traces"),
}
"""Settings that need packages which a server does not need otherwise: what imports these, and the extra with them."""
PLAINTEXT_RISK: Final = "anybody on the way can read tokens and change what is sent"


def missing_package(setting: str, module: str, extra: str) -> str | None:
    """Imports what a setting needs; says what is missing and how to get it, None where nothing is."""
    try:
        import_module(module)
    except ImportError as error:
        return f"{setting}: {error.name} is not installed; run: pip install 'lotkeeper[{extra}]'"
    return None


def served_by_another(path: Path, other: object) -> str:
    """An embedded store has one server at a time."""
    return f"{path.absolute()} is served already, by {other}: end that first, or give --database-url another store"


def unguarded(listen: str) -> str:
    """Others can reach the server, and nobody has anything to show."""
    return (
        f"{listen} can be reached from other machines, but the store has no token: make one first with "
        "lotkeeper-server token create --name NAME --role admin"
    )


def unencrypted(listen: str) -> str:
    """Others can reach the server, and it has no certificate."""
    return (
        f"{listen} can be reached from other machines; without TLS anybody on the way can read tokens: "
        "give tls_certificate_file and tls_key_file, or allow_plaintext = true"
    )
