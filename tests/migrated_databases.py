"""Migrated stores on MariaDB, made once and used again: each table that is made there takes Galera all its nodes."""

from __future__ import annotations

from collections.abc import Callable

import pymysql
from pymysql.cursors import Cursor


class MigratedDatabases:
    """Stores with a schema and nothing in them but what a new one has."""

    def __init__(
        self,
        create: Callable[[str], str],
        connect: Callable[[str], pymysql.Connection[Cursor]],
        new_name: Callable[[], str],
        migrate: Callable[[str], None],
    ) -> None:
        """Makes nothing yet.

        Args:
            create: makes an empty database of that name; its URL.
            connect: a session in the one of that name, in autocommit.
            new_name: makes names that no other store has.
            migrate: brings the store at an URL to the newest schema.
        """
        self._create = create
        self._connect = connect
        self._new_name = new_name
        self._migrate = migrate
        self._free: list[str] = []
        self._urls: dict[str, str] = {}
        self._template = ""
        self._tables: dict[str, str] = {}

    def take(self) -> str:
        """The URL of one that nobody uses."""
        return self._urls[self.take_name()]

    def take_name(self) -> str:
        """The name of one, for who wants it at another node, too."""
        return self._free.pop() if self._free else self._copy()

    def give_back(self, url: str) -> None:
        """Empties one that nobody uses any more."""
        name = url.rpartition("/")[2]
        with self._connect(name) as session, session.cursor() as cursor:
            cursor.execute("SET SESSION foreign_key_checks = 0")
            session.begin()
            for table in self._tables:
                cursor.execute(f"DELETE FROM `{table}`")  # noqa: S608 - the schema's own names
                self._fill(cursor, table)
            session.commit()
        self._free.append(name)

    def _copy(self) -> str:
        if not self._template:
            self._template = self._new_name()
            self._migrate(self._create(self._template))
            self._read_tables()
        name = self._new_name()
        self._urls[name] = self._create(name)
        with self._connect(name) as session, session.cursor() as cursor:
            cursor.execute("SET SESSION foreign_key_checks = 0")
            for table, text in self._tables.items():
                cursor.execute(text)
                self._fill(cursor, table)
        return name

    def _fill(self, cursor: Cursor, table: str) -> None:
        cursor.execute(f"INSERT INTO `{table}` SELECT * FROM `{self._template}`.`{table}`")  # noqa: S608

    def _read_tables(self) -> None:
        with self._connect(self._template) as session, session.cursor() as cursor:
            cursor.execute("SHOW TABLES")
            for (table,) in cursor.fetchall():
                cursor.execute(f"SHOW CREATE TABLE `{table}`")
                ((_, text),) = cursor.fetchall()
                self._tables[str(table)] = str(text)
