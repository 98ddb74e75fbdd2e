"""An auditor of a store on PostgreSQL or MariaDB: adds up what lies in its tables, with no code of the server's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import psycopg
import pymysql
from sqlalchemy import make_url

MILLIONTHS = 1_000_000
# A change at a record's source, at its destination, and of a split's or merge's secondary lot at its source.
_DIFFERENCES = """
    SELECT location_id, lot_id, SUM(stored), SUM(summed) FROM (
        SELECT location_id, lot_id, quantity AS stored, 0 AS summed FROM inventory
        UNION ALL
        SELECT source_location_id, lot_id, 0, source_quantity_change FROM inventory_lot_record WHERE status = 3
        UNION ALL
        SELECT destination_location_id, lot_id, 0, destination_quantity_change FROM inventory_lot_record
         WHERE status = 3
        UNION ALL
        SELECT source_location_id, secondary_lot_id, 0, -source_quantity_change FROM inventory_lot_record
         WHERE status = 3 AND lot_record_type IN (5, 6)) AS both_books
     WHERE location_id IS NOT NULL GROUP BY location_id, lot_id HAVING SUM(stored) <> SUM(summed)
"""
_RUNS = """
    SELECT r.operation_id, r.status, r.current_record_id FROM inventory_operation_run AS r
      LEFT JOIN inventory_lot_record AS l ON l.id = r.current_record_id AND l.status = 2
     WHERE (r.status = 2) <> (l.id IS NOT NULL)
    UNION ALL
    SELECT l.inventory_operation_id, l.status, l.id FROM inventory_lot_record AS l
      LEFT JOIN inventory_operation_run AS r ON r.operation_id = l.inventory_operation_id AND r.current_record_id = l.id
     WHERE l.status = 2 AND r.operation_id IS NULL
"""
_RECORDS = "SELECT request_id, COUNT(*) FROM inventory_lot_record WHERE request_id <> '' GROUP BY 1"
_REQUESTS = "SELECT request_id, octet_length(record_ids) / 16 FROM request"


class Auditor:
    """Reads one store, over a session of its own."""

    def __init__(self, database_url: str) -> None:
        """Opens nothing yet.

        Args:
            database_url: as the server has it.
        """
        self._url = database_url
        self.conninfo = database_url.replace("+psycopg", "")

    def connect(self) -> psycopg.Connection:
        """A session of PostgreSQL in autocommit, to be closed by the caller."""
        return psycopg.connect(self.conninfo, autocommit=True, connect_timeout=5)

    def rows(self, text: str) -> Sequence[Sequence[Any]]:
        """What a SELECT finds; on Galera all that any node has answered."""
        url = make_url(self._url)
        if url.get_backend_name() == "postgresql":
            with self.connect() as session:
                return session.execute(text.encode()).fetchall()
        with (
            pymysql.connect(
                host=url.host, port=url.port or 3306, user=url.username, database=url.database, autocommit=True
            ) as other,
            other.cursor() as cursor,
        ):
            cursor.execute("SET SESSION wsrep_sync_wait = 1")
            cursor.execute(text)
            return cursor.fetchall()

    def check_books(self) -> None:
        """Fails where stock is not the sum of the completed records, or a run has no record or a record no run."""
        differences = self.rows(_DIFFERENCES)
        assert not differences, f"stock and sum of records differ: {differences}"
        runs = self.rows(_RUNS)
        assert not runs, f"runs without a running record, or the reverse: {runs}"

    def records_by_request(self) -> Counter[str]:
        """How many records there are of each request id."""
        return Counter({str(row[0]): int(row[1]) for row in self.rows(_RECORDS)})

    def check_answers(self, acknowledged: Collection[str], refused: Collection[str], unknown: Collection[str]) -> int:
        """Fails unless each acknowledged call counts once, a refused one never, one of unknown end at most once.

        Args:
            acknowledged: request ids that were answered with success.
            refused: those that were answered with a refusal for good.
            unknown: those that got no answer.

        Returns:
            How many of unknown end took effect.
        """
        stored = self.records_by_request()
        lost = [one for one in acknowledged if stored[one] == 0]
        assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged calls are lost: {lost[:3]}"
        kept = {str(row[0]): int(row[1]) for row in self.rows(_REQUESTS)}
        wrong = {one: count for one, count in stored.items() if kept.get(one) != count}
        assert not wrong, f"{len(wrong)} calls left other records than their own: {dict(list(wrong.items())[:3])}"
        done = [one for one in refused if stored[one]]
        assert not done, f"{len(done)} refused calls took effect: {done[:3]}"
        return sum(1 for one in unknown if stored[one])

    def completed(self) -> int:
        """How many completed records there are."""
        ((count,),) = self.rows("SELECT COUNT(*) FROM inventory_lot_record WHERE status = 3")
        return int(count)

    def stock(self) -> dict[tuple[str, str], float]:
        """What lies where: by path of the location and name of the lot, but for zero."""
        rows = self.rows(
            "SELECT p.path, l.name, i.quantity FROM inventory AS i JOIN location AS p ON p.id = i.location_id "
            "JOIN inventory_lot AS l ON l.id = i.lot_id WHERE i.quantity <> 0"
        )
        return {(path, lot): quantity / MILLIONTHS for path, lot, quantity in rows}
