"""Roles, tokens and grants on the wire, and what requests of AccessService say of them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lotkeeper.inventory.v1 import access_service_pb2 as pb

from lotkeeper_server.access.allowance import NAMES
from lotkeeper_server.access.managing.tokens import AskedToken
from lotkeeper_server.access.roles import GivenRole, Role
from lotkeeper_server.access.tokens import TokenEntry
from lotkeeper_server.catalog.naming import NamedEntity
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.identifiers import Id, format_id, parse_id
from lotkeeper_server.domain.refusals import Fault
from lotkeeper_server.rpc.wire.record_message import timestamp
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.access.places import paths_of
from lotkeeper_server.store.db.snapshot import Snapshot

LOCATIONS_FIELD: Final = "location_ids_or_paths"


def role_message(snapshot: Snapshot, name: str, role: Role) -> pb.Role:
    """A role as a message, with the paths that its locations have now."""
    locations = sorted(role.locations)
    paths = paths_of(snapshot, locations)
    return pb.Role(
        name=name,
        permissions=role.permissions,
        location_ids=[format_id(one) for one in locations],
        location_paths=[paths.get(one, "") for one in locations],
        limits=pb.RoleLimits(**{limit: value for limit, value in role.limits.items() if value is not None}),
        created_date=timestamp(role.created_millis) if role.created_millis else None,
        version=role.version,
    )


def token_message(entry: TokenEntry, now_millis: int) -> pb.AccessToken:
    """A token as a message."""
    times = (entry.expires_millis, entry.revoked_millis, entry.last_used_millis)
    expires, revoked, last_used = (None if millis is None else timestamp(millis) for millis in times)
    return pb.AccessToken(
        id=format_id(entry.id),
        principal=entry.principal,
        roles=entry.roles,
        created_date=timestamp(entry.created_millis),
        expires_date=expires,
        revoked_date=revoked,
        last_used_date=last_used,
        live=entry.is_live(now_millis),
    )


def grant_message(given: GivenRole) -> pb.RoleGrant:
    """A grant as a message."""
    return pb.RoleGrant(principal=given.principal, role=given.role, created_date=timestamp(given.created_millis))


def read_required_name(shape: Shape, field: str, text: str) -> str:
    """A name that must be given."""
    name = shape.name(field, text)
    if name is None:
        shape.fault(field, Fault.required())
    return name or ""


def read_role_version(shape: Shape, version: int) -> int:
    """The version that the caller read; 0 for any."""
    if version < 0:
        shape.fault("version", Fault.out_of_range(f"{version} is below 0"))
    return version


def read_permissions(shape: Shape, given: Sequence[str], known: frozenset[str]) -> list[str]:
    """What a role is to grant: at least one permission, and only such as there are."""
    if not _counted(shape, "permissions", given, limits.ROLE_PERMISSIONS_MAX):
        return []
    for index, permission in enumerate(given):
        if permission not in known:
            shape.fault(
                f"permissions[{index}]",
                Fault.unknown("is not a permission of the contract, what stands above one, or *"),
            )
    return list(given)


def read_locations(shape: Shape, given: Sequence[str]) -> list[NamedEntity]:
    """Where a role is to hold; none for everywhere."""
    if len(given) > limits.ROLE_LOCATIONS_MAX:
        shape.fault(
            LOCATIONS_FIELD, Fault.out_of_range(f"has {len(given)}; at most {limits.ROLE_LOCATIONS_MAX} are allowed")
        )
        return []
    named = []
    for index, text in enumerate(given):
        field = f"{LOCATIONS_FIELD}[{index}]"
        location = shape.id_or_path(field, text)
        if location is None:
            shape.fault(field, Fault.required())
        else:
            named.append(NamedEntity("location", location, field))
    return named


def read_role_limits(shape: Shape, given: pb.RoleLimits) -> Mapping[str, int | None]:
    """Every limit of a role; None leaves one to the server's settings."""
    read: dict[str, int | None] = dict.fromkeys(NAMES)
    for name in NAMES:
        if given.HasField(name):  # type: ignore[arg-type]  # one of the four
            value: int = getattr(given, name)
            if not 0 <= value <= limits.ROLE_LIMIT_MAX:
                shape.fault(
                    f"limits.{name}", Fault.out_of_range(f"{value} is not between 0 and {limits.ROLE_LIMIT_MAX}")
                )
            read[name] = value
    return read


def read_token(shape: Shape, request: pb.CreateTokenRequest) -> AskedToken:
    """What a token is to be."""
    principal = read_required_name(shape, "principal", request.principal)
    roles: list[str] = []
    if _counted(shape, "roles", request.roles, limits.TOKEN_ROLES_MAX):
        roles = [read_required_name(shape, f"roles[{index}]", name) for index, name in enumerate(request.roles)]
    return AskedToken(principal, tuple(sorted(set(roles))), *_read_end(shape, request))


def read_token_id(shape: Shape, text: str) -> Id:
    """Which token is meant. What was given may be a secret by mistake, so it is not shown."""
    token_id = parse_id(text)
    if token_id is None:
        wrong = Fault.malformed if text else Fault.required
        shape.fault("token_id", wrong("must be the ULID of a token, as ListTokens shows it"))
    return token_id or Id(bytes(16))


def read_successor(shape: Shape, request: pb.RotateTokenRequest) -> AskedToken:
    """What a token is to be that takes another one's place, of which it has its principal and roles."""
    return AskedToken("", (), *_read_end(shape, request))


def _read_end(shape: Shape, request: Any) -> tuple[int | None, bool, str | None]:
    given = request.expires_date_millis if request.HasField("expires_date_millis") else None
    if given is not None and request.never_expires:
        shape.fault("never_expires", Fault.conflicting("contradicts expires_date_millis"))
    expires_millis = shape.millis("expires_date_millis", given)
    return expires_millis, request.never_expires, shape.request_id("request_id", request.request_id)


def _counted(shape: Shape, field: str, given: Sequence[str], count_max: int) -> bool:
    if not given:
        shape.fault(field, Fault.required())
    elif len(given) > count_max:
        shape.fault(field, Fault.out_of_range(f"has {len(given)}; at most {count_max} are allowed"))
    return 0 < len(given) <= count_max
