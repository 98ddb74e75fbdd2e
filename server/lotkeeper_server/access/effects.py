"""What is told of a change of roles, tokens and grants, by the command line as by a call; never a secret."""

from collections.abc import Collection, Mapping

from lotkeeper_server.access.tokens import TokenEntry
from lotkeeper_server.domain.model.audit import Effect
from lotkeeper_server.domain.model.dates import rfc3339
from lotkeeper_server.domain.model.identifiers import format_id

_DEFAULT = "default"


def role_effect(
    name: str,
    permissions: Collection[str] | None = None,
    limits: Mapping[str, int | None] | None = None,
    places: Collection[str] | None = None,
) -> Effect:
    """What is told of a role.

    Args:
        name: of the role.
        permissions: that it grants now; None where they did not change.
        limits: its limits that were set, None for what the server's settings say.
        places: where it holds now, empty for everywhere; None where that did not change.
    """
    said = [f"grants {' '.join(sorted(permissions))}"] if permissions else []
    if places is not None:
        said.append(f"at {' '.join(places)}" if places else "everywhere")
    said += [f"{limit} {_DEFAULT if value is None else value}" for limit, value in (limits or {}).items()]
    return Effect("role", entity_name=name, detail=", ".join(said))


def token_effect(entry: TokenEntry, detail: str) -> Effect:
    """What is told of a token: its id and its holder."""
    return Effect("token", entry.id, entry.principal, detail=detail)


def made_token_effect(entry: TokenEntry, place_of: TokenEntry | None = None) -> Effect:
    """What is told of a new token.

    Args:
        entry: the token.
        place_of: in whose place it was made; None for none.
    """
    begin = f"roles {' '.join(entry.roles)}" if place_of is None else f"in the place of {format_id(place_of.id)}"
    return token_effect(entry, f"{begin}, expires {shown_expiry(entry)}")


def grant_effect(principal: str, role: str, *, given: bool) -> Effect:
    """What is told of a role that was given to a principal by name, or taken from it."""
    return Effect("principal", entity_name=principal, detail=f"{'given' if given else 'taken'} the role {role}")


def shown_expiry(entry: TokenEntry) -> str:
    """When a token expires, for people."""
    return "never" if entry.expires_millis is None else rfc3339(entry.expires_millis)
