"""New ids of one process, whichever of its threads asks."""

from concurrent.futures import ThreadPoolExecutor

from lotkeeper_server.engine.clock import IdSource


def test_ids_never_decrease_and_none_comes_twice() -> None:
    """Within a thread in order; among four at once all different."""
    source = IdSource()
    with ThreadPoolExecutor(4) as threads:
        taken = list(threads.map(lambda _: [source() for _ in range(20_000)], range(4)))
    assert all(ids == sorted(ids) for ids in taken)
    assert len({identifier for ids in taken for identifier in ids}) == 80_000
