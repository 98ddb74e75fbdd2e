"""An auditor of a PostgreSQL store: adds up what lies in its tables, with no code of the server's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import psycopg

MILLIONTHS = 1_000_000
# A change at a record's source, at its destination, and of a split's or merge's secondary lot at its source.
_DIFFERENCES = """
    WITH change (location_id, lot_id, quantity) AS (
        SELECT source_location_id, lot_id, source_quantity_change FROM inventory_lot_record WHERE status = 3
        UNION ALL
        SELECT destination_location_id, lot_id, destination_quantity_change FROM inventory_lot_record WHERE status = 3
        UNION ALL
        SELECT source_location_id, secondary_lot_id, -source_quantity_change FROM inventory_lot_record
         WHERE status = 3 AND lot_record_type IN (5, 6)),
    summed AS (SELECT location_id, lot_id, SUM(quantity) AS quantity FROM change
                WHERE location_id IS NOT NULL AND quantity <> 0 GROUP BY 1, 2)
    SELECT location_id, lot_id, COALESCE(i.quantity, 0), COALESCE(s.quantity, 0)
      FROM inventory AS i FULL JOIN summed AS s USING (location_id, lot_id)
     WHERE COALESCE(i.quantity, 0) <> COALESCE(s.quantity, 0)
"""
_RUNS = """
    SELECT r.operation_id, r.status, r.current_record_id FROM inventory_operation_run AS r
      FULL JOIN (SELECT * FROM inventory_lot_record WHERE status = 2) AS l
        ON l.inventory_operation_id = r.operation_id AND l.id = r.current_record_id
     WHERE (r.status = 2) IS DISTINCT FROM (l.id IS NOT NULL)
"""
_DOUBLED = "SELECT request_id, COUNT(*) FROM inventory_lot_record WHERE request_id <> '' AND status <> 4 GROUP BY 1"


class Auditor:
    """Reads one store, over a session of its own."""

    def __init__(self, database_url: str) -> None:
        """Opens nothing yet.

        Args:
            database_url: as the server has it.
        """
        self.conninfo = database_url.replace("+psycopg", "")

    def connect(self) -> psycopg.Connection:
        """A session in autocommit, to be closed by the caller."""
        return psycopg.connect(self.conninfo, autocommit=True, connect_timeout=5)

    def check_books(self) -> None:
        """Fails where stock is not the sum of the completed records, or a run has no record or a record no run."""
        with self.connect() as session:
            differences = session.execute(_DIFFERENCES).fetchall()
            assert not differences, f"stock and sum of records differ: {differences}"
            runs = session.execute(_RUNS).fetchall()
            assert not runs, f"runs without a running record, or the reverse: {runs}"

    def records_by_request(self) -> Counter[str]:
        """How many records there are of each request id."""
        with self.connect() as session:
            return Counter({str(row[0]): int(row[1]) for row in session.execute(_DOUBLED)})

    def check_answers(
        self, acknowledged: Collection[str], refused: Collection[str], unknown: Collection[str], each: int = 1
    ) -> int:
        """Fails unless each acknowledged call counts once, a refused one never, one of unknown end at most once.

        Args:
            acknowledged: request ids that were answered with success.
            refused: those that were answered with a refusal for good.
            unknown: those that got no answer.
            each: how many records a call makes.

        Returns:
            How many of unknown end took effect.
        """
        stored = self.records_by_request()
        lost = [one for one in acknowledged if stored[one] == 0]
        assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged calls are lost: {lost[:3]}"
        wrong = {one: count for one, count in stored.items() if count != each}
        assert not wrong, f"{len(wrong)} calls count more than once: {dict(list(wrong.items())[:3])}"
        done = [one for one in refused if stored[one]]
        assert not done, f"{len(done)} refused calls took effect: {done[:3]}"
        return sum(1 for one in unknown if stored[one])

    def stock(self) -> dict[tuple[str, str], float]:
        """What lies where: by path of the location and name of the lot, but for zero."""
        with self.connect() as session:
            rows = session.execute(
                "SELECT p.path, l.name, i.quantity FROM inventory AS i JOIN location AS p ON p.id = i.location_id "
                "JOIN inventory_lot AS l ON l.id = i.lot_id WHERE i.quantity <> 0"
            ).fetchall()
        return {(path, lot): quantity / MILLIONTHS for path, lot, quantity in rows}
