"""A token is made, rotated, revoked by a caller.

An answer with a secret may be lost. The request id makes the token's id, so that the same request finds what its first
attempt has made, and gives it another secret: there is one token, and the secret that nobody knows lets nobody in.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import Final

from lotkeeper_server.access.effects import made_token_effect, token_effect
from lotkeeper_server.access.managing.authority import Authority, check_somebody_left
from lotkeeper_server.access.roles import Role
from lotkeeper_server.access.tokens import (
    TokenEntry,
    add_token,
    digest_of,
    find_token,
    new_token,
    revoke_tokens,
    rotate_token,
)
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.identifiers import Id, format_id
from lotkeeper_server.domain.refusals import Fault, InvalidArgument, NotFound, Refused, RequestIdReused
from lotkeeper_server.store.access.tokens import count_unrevoked, replace_digest, token_ids
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.state.definition_changes import note_access_change

_TIME_BYTES: Final = 6
"""Of an id, before what is random in it, or comes from a request id."""
_MILLIS_PER_SECOND: Final = 1_000
_NOTHING: Final = Role((), {})


@dataclass(frozen=True, slots=True)
class AskedToken:
    """What a token is to be.

    Attributes:
        principal: its holder.
        roles: the names of its roles.
        expires_millis: when it expires; None where `never_expires`, or where it is not said.
        never_expires: whether it never does.
        request_id: of the call; None for none.
    """

    principal: str
    roles: tuple[str, ...]
    expires_millis: int | None
    never_expires: bool
    request_id: str | None

    def ends_millis(self, usual: int | None) -> int | None:
        """When it expires, where it usually expires then."""
        return None if self.never_expires else usual if self.expires_millis is None else self.expires_millis


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A new token, and its text, which is told once."""

    entry: TokenEntry
    text: str


def create_token(tx: Transaction, authority: Authority, asked: AskedToken, usual_millis: int | None) -> MadeToken:
    """Makes a token.

    Args:
        tx: the transaction.
        authority: the caller's.
        asked: what it is to be.
        usual_millis: for how long tokens are good where nothing is said; None for ever.

    Raises:
        Refused: ROLE_NOT_FOUND, PERMISSION_DENIED, REQUEST_ID_REUSED; INVALID_ARGUMENT for an expiry in the past, or
            where there are too many.
    """
    for index, name in enumerate(asked.roles):
        authority.named(tx.connection, name, f"roles[{index}]")
    authority.check_principal(tx.connection, asked.principal, tx.now_millis)
    token_id = _id_for(tx, authority, "CreateToken", asked)
    if (first := _of_first_attempt(tx, token_id, asked)) is not None:
        return _with_another_secret(tx, first, asked)
    usual = None if usual_millis is None else tx.now_millis + usual_millis
    entry = _entry(tx, token_id, asked, usual)
    made = MadeToken(entry, new_token())
    add_token(tx.connection, made.text, entry)
    tx.effects.append(made_token_effect(entry)._replace(request_id=asked.request_id or ""))
    return made


def rotate(tx: Transaction, authority: Authority, old_id: Id, asked: AskedToken, overlap_seconds: int) -> MadeToken:
    """Makes a token in the place of another.

    Args:
        tx: the transaction.
        authority: the caller's.
        old_id: of the one that it takes the place of.
        asked: when the new one expires; principal and roles are those of the old one.
        overlap_seconds: how long that goes on.

    Raises:
        Refused: TOKEN_NOT_FOUND, PERMISSION_DENIED, REQUEST_ID_REUSED, INVALID_ARGUMENT as for `create_token`.
    """
    old = _managed(tx, authority, old_id)
    authority.check_principal(tx.connection, old.principal, tx.now_millis)
    asked = replace(asked, principal=old.principal, roles=old.roles)
    token_id = _id_for(tx, authority, f"RotateToken {format_id(old_id)}", asked)
    if (first := _of_first_attempt(tx, token_id, asked)) is not None:
        return _with_another_secret(tx, first, asked)
    if not old.is_live(tx.now_millis):
        raise authority.missing(tx.connection, NotFound(entity="token", id=format_id(old_id)), "token_id")
    usual = None if old.expires_millis is None else tx.now_millis + old.expires_millis - old.created_millis
    entry = _entry(tx, token_id, asked, usual)
    made = MadeToken(entry, new_token())
    ends_millis = tx.now_millis + overlap_seconds * _MILLIS_PER_SECOND
    rotate_token(tx.connection, made.text, entry, old, ends_millis)
    tx.effects.append(made_token_effect(entry, old)._replace(request_id=asked.request_id or ""))
    return made


def revoke_token(tx: Transaction, authority: Authority, token_id: Id) -> TokenEntry:
    """Ends a token; one that was revoked before stays as it is.

    Raises:
        Refused: TOKEN_NOT_FOUND, PERMISSION_DENIED, ADMIN_STAYS.
    """
    entry = _managed(tx, authority, token_id)
    if entry.revoked_millis is not None:
        return entry
    revoke_tokens(tx.connection, [token_id], tx.now_millis)
    check_somebody_left(tx.connection, authority, tx.now_millis)
    tx.effects.append(token_effect(entry, "revoked"))
    return replace(entry, revoked_millis=tx.now_millis)


def _managed(tx: Transaction, authority: Authority, token_id: Id) -> TokenEntry:
    """A token all of whose roles are within the caller's rights."""
    entry = find_token(tx.connection, token_id)
    if entry is None:
        raise authority.missing(tx.connection, NotFound(entity="token", id=format_id(token_id)), "token_id")
    if not entry.roles:  # they were deleted, after it was revoked: it has no place
        authority.check(tx.connection, _NOTHING, "token_id")
    for name in entry.roles:
        authority.named(tx.connection, name, "token_id")
    return entry


def _entry(tx: Transaction, token_id: Id, asked: AskedToken, usual: int | None) -> TokenEntry:
    if count_unrevoked(tx.connection) >= limits.TOKENS_MAX:
        text = f"there are {limits.TOKENS_MAX} tokens that are not revoked; no more are made by a call"
        raise Refused(InvalidArgument.on("principal", Fault.not_allowed(text)))
    ends = asked.ends_millis(usual)
    if ends is not None and not tx.now_millis < ends <= limits.MILLIS_MAX:
        raise Refused(
            InvalidArgument.on(
                "expires_date_millis", Fault.out_of_range(f"{ends} is not in the future, or after the year 9999")
            )
        )
    return TokenEntry(token_id, asked.principal, asked.roles, False, tx.now_millis, ends, None)


def _id_for(tx: Transaction, authority: Authority, method: str, asked: AskedToken) -> Id:
    """The id of the token that a request makes; the part that is random otherwise is that of the request id."""
    new_id = tx.new_id()
    if asked.request_id is None:
        return new_id
    meaning = repr((method, authority.admission.principal, asked.request_id)).encode()
    return Id(new_id[:_TIME_BYTES] + hashlib.sha256(meaning).digest()[: len(new_id) - _TIME_BYTES])


def _of_first_attempt(tx: Transaction, token_id: Id, asked: AskedToken) -> TokenEntry | None:
    """The token that the same request has made before.

    Raises:
        Refused: REQUEST_ID_REUSED where another one has, or the token is in use, so that its secret is known.
    """
    if asked.request_id is None:
        return None
    suffix = token_id[_TIME_BYTES:]
    same = next((one for one in token_ids(tx.connection) if one[_TIME_BYTES:] == suffix), None)
    first = None if same is None else find_token(tx.connection, same)
    if first is None:
        return None
    is_same = (
        (first.principal, first.roles) == (asked.principal, asked.roles)
        and asked.expires_millis in {None, first.expires_millis}
        and not (asked.never_expires and first.expires_millis is not None)
    )
    if not is_same or first.last_used_millis is not None or not first.is_live(tx.now_millis):
        raise Refused(RequestIdReused(request_id=asked.request_id).at("request_id"))
    return first


def _with_another_secret(tx: Transaction, first: TokenEntry, asked: AskedToken) -> MadeToken:
    made = MadeToken(first, new_token())
    replace_digest(tx.connection, first.id, digest_of(made.text))
    note_access_change(tx.connection)
    tx.effects.append(token_effect(first, "another secret")._replace(request_id=asked.request_id or ""))
    return made
