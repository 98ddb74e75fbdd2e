"""Which records are moved next: the oldest ones that may be, in the order of the index of their moments."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from lotkeeper_server.archive.request_ids import RequestIds
from lotkeeper_server.domain.model.enumerations import Status
from lotkeeper_server.domain.model.identifiers import ID_BYTES, RecordId
from lotkeeper_server.store.archive.records import Candidate, next_candidates, read_candidates
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.feed.numbering import pending_records

PAGES_MAX: Final = 20
"""How many records one transaction walks over, whether or not any of them may be moved."""
_SMALLEST_PAGE: Final = 16
_OVER: Final = frozenset({Status.COMPLETED, Status.CANCELLED})


class Place(NamedTuple):
    """The place after one record of the walk."""

    moment_millis: int
    id: bytes


BEGINNING: Final = Place(-1, bytes(ID_BYTES))


@dataclass(slots=True)
class Choice:
    """The result of a walk.

    Attributes:
        records: those that may be moved, each with the other half of its reversal.
        end: how far it walked.
        left: how many of the records that it passed have to stay.
        more: whether it ended before the moment after which everything stays.
    """

    end: Place
    records: list[Candidate] = field(default_factory=list)
    left: int = 0
    more: bool = True


def choose(snapshot: Snapshot, requests: RequestIds, before_millis: int, after: Place, records_max: int) -> Choice:
    """Finds the next records that may be moved.

    Args:
        snapshot: of now.
        requests: the ids that are kept.
        before_millis: records from this moment on stay.
        after: where the last walk ended.
        records_max: at most so many, including halves of reversals.
    """
    choice = Choice(after)
    chosen: set[RecordId] = set()
    unnumbered = pending_records(snapshot)
    for _ in range(PAGES_MAX):
        size = (records_max - len(choice.records)) // 2  # each may come with its other half
        if size < _SMALLEST_PAGE:
            break
        page = next_candidates(snapshot, choice.end.moment_millis, choice.end.id, before_millis, size)
        for record in _that_may_go(snapshot, requests, before_millis, unnumbered, page):
            if record.id not in chosen:
                chosen.add(record.id)
                choice.records.append(record)
        choice.left += sum(record.id not in chosen for record in page)
        if page:
            choice.end = Place(page[-1].moment_millis, page[-1].id)
        choice.more = len(page) == size
        if not choice.more:
            break
    return choice


def _that_may_go(
    snapshot: Snapshot,
    requests: RequestIds,
    before_millis: int,
    unnumbered: Collection[RecordId],
    page: Sequence[Candidate],
) -> list[Candidate]:
    """The records of a page that may be moved, with the other halves of reversals if these may be moved, too.

    A record that is not in the feed yet has to stay: a watch would not know that it missed it.
    """
    known = {record.id: record for record in page}
    partners = {partner for record in page if (partner := record.partner_id) is not None} - known.keys()
    known |= {record.id: record for record in read_candidates(snapshot, partners)}
    kept = requests.referred_among(snapshot, list(known.values())).union(unnumbered)

    def may(record: Candidate) -> bool:
        return record.status in _OVER and record.moment_millis < before_millis and record.id not in kept

    going: list[Candidate] = []
    for record in page:
        halves = [record, *(known[one] for one in (record.partner_id,) if one is not None)]
        if all(may(half) for half in halves):
            going += halves
    return going
