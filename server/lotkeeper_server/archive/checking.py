"""Proves that files and store agree: every record is in one place, and the opening balance is the sum of the files."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lotkeeper_server.archive import files
from lotkeeper_server.archive.balances import Balance
from lotkeeper_server.domain.model.identifiers import format_id
from lotkeeper_server.store.archive.balances import UNCOUNTED_TABLES, Amounts, BalanceKey, stored_sums
from lotkeeper_server.store.archive.files import (
    NotedFile,
    count_archived,
    file_numbers,
    files_before_orders,
    noted_files,
)
from lotkeeper_server.store.archive.records import RecordRow, read_candidates
from lotkeeper_server.store.db.snapshot import Snapshot

FAULTS_SHOWN_MAX: Final = 1_000


@dataclass(slots=True)
class ArchiveCheck:
    """What was read, and what was wrong: at most the first thousand faults.

    Attributes:
        files: known to the store.
        records: in them.
        faults: one line each.
        leftovers: files that the store does not know, from an archive that was stopped or is running: the next one
            removes them.
    """

    files: int = 0
    records: int = 0
    faults: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)

    def fault(self, text: str) -> None:
        """Notes a fault, if there is room."""
        if len(self.faults) < FAULTS_SHOWN_MAX:
            self.faults.append(text)


def check_archive(snapshot: Snapshot, folders: Sequence[Path]) -> ArchiveCheck:
    """Reads every file, one at a time.

    Args:
        snapshot: of a store, which may serve and be archived at the same time.
        folders: where its files are.
    """
    check, balance = ArchiveCheck(), Balance()
    noted, older_files = noted_files(snapshot), files_before_orders(snapshot)
    places = {name: folder for folder in reversed(folders) for name in files.names_in(folder)}
    for file in noted:
        check.files += 1
        folder = places.pop(file.name, None)
        if folder is None:
            check.fault(f"{file.name}: the file does not exist")
            continue
        for row in _checked_rows(snapshot, check, file, folder):
            balance.add(row, has_edges_of_orders=file.number > older_files)
            check.records += 1
    check.leftovers = sorted(places)
    archived = count_archived(snapshot)
    if archived != sum(file.records for file in noted):
        check.fault(f"{archived} records are archived, their files have {sum(file.records for file in noted)}")
    for table_name, summed in balance.sums.items():
        _compare(snapshot, check, table_name, summed)
    return check


def _checked_rows(snapshot: Snapshot, check: ArchiveCheck, file: NotedFile, folder: Path) -> list[RecordRow]:
    """The records of a file, as many as can be read."""
    try:
        content = (folder / file.name).read_bytes()
        if files.digest_of(content) != file.sha256:
            check.fault(f"{file.name}: it was changed after it was written: its SHA-256 differs")
        rows = list(files.read_rows(content))
    except (files.UnreadableFile, OSError) as error:
        check.fault(f"{file.name}: it cannot be read: {error}")
        return []
    ids = {row["id"] for row in rows}
    moments = [row["moment_millis"] for row in rows]
    if len(ids) != len(rows) or len(rows) != file.records:
        check.fault(f"{file.name}: it holds {len(ids)} records, the store says {file.records}")
    if (min(moments, default=None), max(moments, default=None)) != (file.from_millis, file.to_millis):
        check.fault(f"{file.name}: its records are not from the time that the store says")
    for record in read_candidates(snapshot, ids):
        check.fault(f"{file.name}: record {format_id(record.id)} is in the store, too")
    numbers = file_numbers(snapshot, ids)
    for identifier in sorted(ids):
        if numbers.get(identifier) != file.number:
            check.fault(f"{file.name}: record {format_id(identifier)} does not belong to this file, says the store")
    return rows


def _compare(snapshot: Snapshot, check: ArchiveCheck, table_name: str, summed: dict[BalanceKey, Amounts]) -> None:
    """Compares what the store kept of archived records with the sums of the files; empties the latter."""
    for key, stored in stored_sums(snapshot, table_name):
        found = summed.pop(key, None)
        if found is None and table_name in UNCOUNTED_TABLES and not any(stored):
            continue  # what is left where records were put back
        if found != tuple(map(int, stored)):
            check.fault(f"{table_name} of {_shown(key)}: {stored} is stored, the files say {found}")
    for key, found in summed.items():
        check.fault(f"{table_name} of {_shown(key)}: nothing is stored, the files say {found}")


def _shown(key: BalanceKey) -> str:
    return " ".join(format_id(part) if isinstance(part, bytes) else str(part) for part in key)
