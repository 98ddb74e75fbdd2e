"""The timeline of a row against sums that are done one by one."""

from hypothesis import given, settings
from hypothesis import strategies as st
from lotkeeper_server.domain.model import timeline as timelines
from lotkeeper_server.domain.model.identifiers import RecordId
from lotkeeper_server.domain.model.timeline import Timeline

MOMENTS = st.integers(1, 400)
CHANGES = st.integers(-50, 50)


def stock_at(changes: dict[int, int], present: int, moment: int) -> int:
    """The present stock less what came later."""
    return present - sum(change for at, change in changes.items() if at > moment)


def check(timeline: Timeline, changes: dict[int, int], present: int, end: int, quantity: int) -> None:
    moments = [end, *sorted(at for at in changes if at > end)]
    stocks = [stock_at(changes, present, at) for at in moments]
    least = timeline.least(present, end)
    assert (least.millionths, least.stock_then) == (min(stocks), stocks[0])
    below = [at for at, stock in zip(moments, stocks, strict=True) if stock < quantity]
    assert timeline.first_below(present, end, quantity) == (below[0] if below else None)
    assert timeline.change_after(end) == sum(change for at, change in changes.items() if at > end)
    assert len(timeline) == len(changes)
    assert timeline.latest_millis == max(changes, default=timeline.since_millis)


@given(
    loaded=st.dictionaries(MOMENTS, CHANGES),
    earlier=st.dictionaries(st.integers(-100, 0), CHANGES),
    put=st.lists(st.tuples(MOMENTS, st.one_of(CHANGES, st.none()))),
    present=CHANGES,
    ends=st.lists(st.integers(-100, 410), min_size=1),
    quantity=CHANGES,
)
@settings(deadline=None)
def test_a_timeline_says_what_sums_say_whatever_is_put_and_taken_out(
    loaded: dict[int, int],
    earlier: dict[int, int],
    put: list[tuple[int, int | None]],
    present: int,
    ends: list[int],
    quantity: int,
) -> None:
    """In blocks so small that there are many, which split and vanish."""
    size, timelines.BLOCK_MOMENTS = timelines.BLOCK_MOMENTS, 4  # type: ignore[misc]
    try:
        known = dict(loaded)
        timeline = Timeline(0, sorted(known.items()), [])
        for moment, change in put:
            if change is not None:
                known[moment] = timeline[moment] = change
            elif moment in known:
                del known[moment], timeline[moment]
            assert timeline.get(moment, None) == known.get(moment)
        for end in ends:
            check(timeline, known, present, max(end, 0), quantity)
        timeline.extend_back(-101, sorted(earlier.items()), [])
        known |= earlier
        for end in ends:
            check(timeline, known, present, end, quantity)
    finally:
        timelines.BLOCK_MOMENTS = size  # type: ignore[misc]


def test_the_first_later_count_is_found() -> None:
    """Strictly later."""
    one, two = RecordId(b"1" * 16), RecordId(b"2" * 16)
    timeline = Timeline(0, [], [(one, 5), (two, 9)])
    assert timeline.first_count_after(4) == (one, 5)
    assert timeline.first_count_after(5) == (two, 9)
    assert timeline.first_count_after(9) is None
