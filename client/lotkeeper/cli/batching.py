"""`lotkeeper batch`: the requests of a file of any length, some at a time."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from tempfile import SpooledTemporaryFile
from typing import IO, BinaryIO, Final

import click

from lotkeeper._errors import DeadlineExceeded, LotkeeperError, Unavailable, error_of_status
from lotkeeper._json import to_dict
from lotkeeper.cli.columns import Row, text
from lotkeeper.cli.json_lines import messages_of_lines
from lotkeeper.cli.options import VALIDATE_ONLY
from lotkeeper.cli.refusing import EXIT_REFUSED, refusal_of, said, without_path
from lotkeeper.cli.session import Session
from lotkeeper.cli.showing import FORM
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb
from lotkeeper.progress import Progress, progress
from lotkeeper.visible_text import visible

REQUESTS_MAX: Final = 1_000
"""How many one call takes."""
CALL_BYTES_MAX: Final = 1_000_000
"""A call is well below what a server takes."""
_MEMORY_BYTES_MAX: Final = 10_000_000
"""A longer standard input is kept on disk while it is checked."""
_COLUMNS: Final = [text(name.upper(), name, rank=0) for name in ("line", "result", "records", "reason", "message")]
Numbered = tuple[int, pb.ExecuteInventoryOperationRequest]


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option("--all-or-nothing", is_flag=True, help=f"One refusal undoes all; FILE has {REQUESTS_MAX:,} at most.")
@VALIDATE_ONLY
@FORM
@click.pass_obj
def batch(session: Session, /, file: BinaryIO, all_or_nothing: bool, validate_only: bool) -> None:
    """Run the Execute requests of FILE, one JSON object on each line ('-' for standard input).

    Up to 1,000 at a time are one transaction; a longer file is several. A line that is no request is found before
    anything is done. The exit status is 1 if any was refused.

    The fields are those of ExecuteInventoryOperationRequest, with the names that --json shows. An operation is given by
    its id only; a lot also by name, where the operation or materialIdOrPath says its material. A line, such as:

    \b
    {"inventoryOperationId": "01KYJ…", "primaryLotIdOrName": "MILK-0815", "exactQuantity": "0.1", "requestId": "scan-1"}
    """  # noqa: D301 - click keeps the lines below a backspace
    with _rewindable(file) as lines:
        with progress("reading", unit="lines") as shown:
            count = _checked(lines, shown)
        if all_or_nothing and count > REQUESTS_MAX:
            raise click.UsageError(f"--all-or-nothing takes {REQUESTS_MAX:,} requests at most; the file has {count:,}")
        running = _Running(session, count, all_or_nothing=all_or_nothing, validate_only=validate_only)
        running.run(lines)
    session.output.say_if_validated(validate_only)
    if running.refused:
        sys.exit(EXIT_REFUSED)


def done(ids: Sequence[str], *, validate_only: bool) -> str:
    """What was done, or would be, in words."""
    if not ids:
        return "nothing to write"
    return "would be done" if validate_only else f"done: {' '.join(ids)}"


class _Running:
    """The calls that a file becomes."""

    def __init__(self, session: Session, count: int, *, all_or_nothing: bool, validate_only: bool) -> None:
        self.refused = 0
        self._client = session.client
        self._output = session.output
        self._count = count
        self._all_or_nothing = all_or_nothing
        self._validate_only = validate_only

    def run(self, lines: IO[bytes]) -> None:
        """Makes the calls, and shows what came of each request."""
        lines.seek(0)
        on_screen = sys.stdout.isatty()  # where a bar would stand between the lines
        with nullcontext() if on_screen else progress("running", self._count, "requests") as shown:
            pieces = self._results(_calls(lines), shown)
            if self._output.for_people:
                for piece in pieces:
                    click.echo("\n".join(map(self._line, piece)))
            elif self._output.form == "csv":
                self._output.raw_rows((list(map(self._cells, piece)) for piece in pieces), _COLUMNS)
            else:
                self._output.raw_rows((list(map(self._object, piece)) for piece in pieces), ())

    def _results(
        self, calls: Iterator[list[Numbered]], shown: Progress | None
    ) -> Iterator[list[tuple[int, pb.BatchExecuteResult]]]:
        for call in calls:
            first, last = call[0][0], call[-1][0]
            requests = [request for _, request in call]
            try:
                results = self._client.batch_execute_inventory_operations(
                    requests, all_or_nothing=self._all_or_nothing, validate_only=self._validate_only
                )
            except LotkeeperError as error:
                self._tell_where(error, first, last)
                raise
            if shown is not None:
                shown.done += len(call)
            self.refused += sum(result.HasField("status") for result in results)
            yield [(number, result) for (number, _), result in zip(call, results, strict=True)]

    def _tell_where(self, error: LotkeeperError, first: int, last: int) -> None:
        """What is known of the lines where the file ends early."""
        if isinstance(error, Unavailable | DeadlineExceeded):
            self._output.note(f"whether lines {first} to {last} were run is not known; later ones were not")
        elif first > 1:
            self._output.note(f"line {first} and later ones were not run")

    def _line(self, numbered: tuple[int, pb.BatchExecuteResult]) -> str:
        number, result = numbered
        if result.HasField("status"):
            return f"{number}: refused: {said(_error(result))}"
        ids = [visible(record.id) for record in result.response.inventory_lot_records]
        return f"{number}: {done(ids, validate_only=self._validate_only)}"

    @staticmethod
    def _object(numbered: tuple[int, pb.BatchExecuteResult]) -> Row:
        _, result = numbered
        return {"refused": refusal_of(_error(result))} if result.HasField("status") else to_dict(result.response)

    def _cells(self, numbered: tuple[int, pb.BatchExecuteResult]) -> Row:
        number, result = numbered
        row = {"line": number, "result": "validated" if self._validate_only else "done", "reason": "", "message": ""}
        if result.HasField("status"):
            error = _error(result)
            return row | {"result": "refused", "records": "", "reason": error.reason, "message": error.message}
        return row | {"records": " ".join(record.id for record in result.response.inventory_lot_records)}


def _error(result: pb.BatchExecuteResult) -> LotkeeperError:
    return without_path(error_of_status(result.status))


def _rewindable(file: BinaryIO) -> IO[bytes]:
    """A file that can be read twice: itself, or a copy of a pipe."""
    if file.seekable():
        return file
    copy = SpooledTemporaryFile(_MEMORY_BYTES_MAX)  # noqa: SIM115 - the caller closes it
    while piece := file.read(64 * 1024):
        copy.write(piece)
    copy.seek(0)
    return copy


def _checked(lines: IO[bytes], shown: Progress) -> int:
    """How many requests there are, each of which can be read."""
    count = 0
    for _ in _requests(lines):
        count += 1
        shown.done = count
    return count


def _calls(lines: IO[bytes]) -> Iterator[list[Numbered]]:
    """The requests in order, as many together as one call takes."""
    call: list[Numbered] = []
    size = 0
    for numbered in _requests(lines):
        request_bytes = numbered[1].ByteSize()
        if call and (len(call) == REQUESTS_MAX or size + request_bytes > CALL_BYTES_MAX):
            yield call
            call, size = [], 0
        call.append(numbered)
        size += request_bytes
    if call:
        yield call


def _requests(lines: IO[bytes]) -> Iterator[Numbered]:
    """The requests, with the numbers of their lines."""
    return messages_of_lines(lines, pb.ExecuteInventoryOperationRequest)
