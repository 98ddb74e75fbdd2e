"""Documents and files that unfold: what they take is weighed while they are read, and the reader lets others go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import grpc
import pytest
from lotkeeper import Client
from lotkeeper._errors import error_of
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as operations_pb
from lotkeeper.inventory.v1 import master_data_service_pb2 as master_data_pb
from lotkeeper_server.domain import limits

from tests.watched import Watched, watched_server

YAML, JSON, CSV = enums_pb2.EXPORT_FORMAT_YAML, enums_pb2.EXPORT_FORMAT_JSON, enums_pb2.EXPORT_FORMAT_CSV
Format: TypeAlias = enums_pb2.ExportFormat.ValueType
PIECE_BYTES = 1 << 20
IMPORT_MASTER_DATA = "/lotkeeper.inventory.v1.MasterDataService/ImportMasterData"
IMPORT_OPERATIONS = "/lotkeeper.inventory.v1.InventoryOperationService/ImportInventoryOperations"
ANSWERED_SECONDS = 60
IDLE_CPU_SECONDS = 0.3
"""A second after its caller has left, a second of a server that reads nothing more; the watchdog takes a part of it."""


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """One server for all attacks, warmed up by a small import."""
    with watched_server(tmp_path_factory.mktemp("server")) as server:
        with Client(server.server.address, token=server.server.token) as client:
            client.import_master_data(b"units_of_measure:\n- {name: kilogram, symbol: kg}\n", export_format=YAML)
        yield server


@pytest.fixture
def channel(watched: Watched) -> Iterator[grpc.Channel]:
    """A bare channel; nothing has held anybody up when the test has ended."""
    with grpc.insecure_channel(watched.server.address) as opened:
        yield opened
    assert watched.held() == []


def pieces(data: bytes) -> Iterator[bytes]:
    """A megabyte each."""
    for begin in range(0, len(data), PIECE_BYTES):
        yield data[begin : begin + PIECE_BYTES]


def plant_of(data: bytes, document_format: Format, *, validate_only: bool = True) -> Iterator[bytes]:
    """The messages of an import of a plant, usually a dry run."""
    for piece in pieces(data):
        request = master_data_pb.ImportMasterDataRequest(
            format=document_format, validate_only=validate_only, data=piece
        )
        yield request.SerializeToString()


def entries_of(count: int, *, of_json: bool = False) -> bytes:
    """Materials with nothing but a name."""
    if of_json:
        return b'{"materials": [' + b",".join(b'{"name": "m%d"}' % number for number in range(count)) + b"]}"
    return b"materials:\n" + b"".join(b"- {name: m%d}\n" % number for number in range(count))


ALIASES = b"materials:\n- &a {name: x, notes: '" + b"n" * 50_000 + b"'}\n" + b"- *a\n" * 11_000
SECTIONS = (
    b"materials: &m\n" + b"- {name: x, erp_id: y}\n" * 20_000 + b"units_of_measure: *m\nlocations: *m\nlots: *m\n"
)
FIELDS = b",".join(b"f%d: 1" % number for number in range(500_000))
JSON_FIELDS = b",".join(b'"f%d":1' % number for number in range(500_000))
FAULTY = b"materials:\n" + (b"- {" + b",".join(b"f%d: 1" % number for number in range(90)) + b"}\n") * 500
DIGITS = b"locations:\n- {name: x, storage_capacity: " + b"1" * 60_000 + b"x}\n"
UNFOLDS = f"unfolds to more than {limits.PLANT_UNFOLDED_BYTES_MAX // 1_000_000} MB"


@pytest.mark.parametrize(
    ("document_format", "make", "why", "growth_bytes_max"),
    [
        (YAML, lambda: ALIASES, "aliases unfold to more than 32 MB", 40_000_000),
        (YAML, lambda: SECTIONS, "aliases unfold to more than 32 MB", 120_000_000),
        (YAML, lambda: b"materials:\n- {" + FIELDS + b"}\n", "line 2, column 694: more than 100 fields", 60_000_000),
        (JSON, lambda: b'{"materials":[{' + JSON_FIELDS + b"}]}", "more than 100 fields", 60_000_000),
        (YAML, lambda: b"materials: {" + FIELDS + b"}\n", "more than 100 fields", 60_000_000),
        (YAML, lambda: FAULTY, "f0: is not a field of material", 60_000_000),
        (YAML, lambda: FAULTY.replace(b"materials", b"inventory"), "f0: is not a field of opening stock", 60_000_000),
        (YAML, lambda: entries_of(200_000), UNFOLDS, 400_000_000),
        (JSON, lambda: entries_of(200_000, of_json=True), UNFOLDS, 400_000_000),
        (YAML, lambda: b"\n" * 60_000_000, "bytes without a value", 180_000_000),
        (YAML, lambda: b"materials: '" + b"x" * 60_000_000 + b"'", "bytes without a value", 180_000_000),
        (JSON, lambda: b" " * 60_000_000, "Expecting value", 180_000_000),
        (JSON, lambda: b'{"materials": "' + b"x" * 60_000_000 + b'"}', "a text is longer than", 180_000_000),
        (JSON, lambda: b"[" * 60_000_000, "is nested more than 8 deep", 180_000_000),
        (YAML, lambda: DIGITS, "storage_capacity: is not a number: it has more than 400 characters", 60_000_000),
        (YAML, lambda: b"".join(b"%%TAG !%d! x\n" % one for one in range(100_000)), "without a value", 40_000_000),
    ],
    ids=[
        "aliases of an entry",
        "aliases of a section",
        "fields in yaml",
        "fields in json",
        "sections",
        "faults in entries",
        "faults in stock",
        "entries in yaml",
        "entries in json",
        "newlines",
        "a text in yaml",
        "white space",
        "a text in json",
        "depth",
        "digits",
        "directives",
    ],
)
def test_a_document_that_unfolds_is_refused_where_it_passes_a_limit(
    watched: Watched,
    channel: grpc.Channel,
    document_format: Format,
    make: Callable[[], bytes],
    why: str,
    growth_bytes_max: int,
) -> None:
    """Much of little: aliases, fields, entries, depth, white space, texts."""
    data = make()
    before = watched.forget_peak()
    with pytest.raises(grpc.RpcError) as refused, watched.others():
        begun(watched, channel, IMPORT_MASTER_DATA, plant_of(data, document_format)).result()
    error = error_of(refused.value)
    assert error.reason == "INVALID_ARGUMENT"
    assert why in error.message
    assert watched.peak_bytes() - before < growth_bytes_max


def test_a_document_of_many_entries_within_the_limit_holds_nobody_up(watched: Watched, channel: grpc.Channel) -> None:
    """Also not while it is given up."""
    with watched.others():
        answer = begun(watched, channel, IMPORT_MASTER_DATA, plant_of(entries_of(20_000), YAML)).result()
    assert master_data_pb.ImportMasterDataResponse.FromString(answer).created == 20_000


@pytest.mark.parametrize("document_format", [YAML, JSON], ids=["yaml", "json"])
def test_a_reader_stops_once_its_caller_has_left(
    watched: Watched, channel: grpc.Channel, document_format: Format
) -> None:
    """Both places, one after the other, ten times; in the end nothing works on."""
    data = b'{"lots": [' + b'"a",' * 1_000_000 + b'"a"]}'
    for _ in range(10):
        call = begun(watched, channel, IMPORT_MASTER_DATA, plant_of(data, document_format))
        time.sleep(0.3)  # it is being read: nothing outside tells so
        call.cancel()
    time.sleep(1.0)
    before = watched.cpu_seconds()
    time.sleep(1.0)
    assert watched.cpu_seconds() - before < IDLE_CPU_SECONDS


@pytest.mark.parametrize("validate_only", [True, False], ids=["dry run", "import"])
def test_an_import_whose_caller_leaves_ends_and_does_nothing(
    watched: Watched, channel: grpc.Channel, validate_only: bool
) -> None:
    """In the middle of its entries, or before."""
    data = entries_of(60_000)
    for seconds in (0.5, 4.0):
        call = begun(watched, channel, IMPORT_MASTER_DATA, plant_of(data, YAML, validate_only=validate_only))
        time.sleep(seconds)
        call.cancel()
    time.sleep(1.0)
    before = watched.cpu_seconds()
    time.sleep(1.0)
    assert watched.cpu_seconds() - before < IDLE_CPU_SECONDS
    with Client(watched.server.address, token=watched.server.token) as client:
        assert list(client.list_materials()) == []


@pytest.mark.parametrize(
    ("file_format", "make", "why"),
    [
        (CSV, lambda: [b"\n" * PIECE_BYTES] * 30, "more than 100000 lines are blank"),
        (JSON, lambda: [b"\r\n" * (PIECE_BYTES // 2)] * 30, "more than 100000 lines are blank"),
        (CSV, lambda: [b"x" * PIECE_BYTES] * 60, "is longer than 1048576 bytes"),
        (JSON, lambda: [b"x" * PIECE_BYTES] * 60, "is longer than 1048576 bytes"),
        (CSV, lambda: [b"," * (PIECE_BYTES - 2) + b"x\n"] * 10, "column 1 has no name"),
        (CSV, lambda: [b"name\n", *[b"," * (PIECE_BYTES - 2) + b"x\n"] * 10], "has 1048575 cells; the header has 1"),
        (CSV, lambda: [b"name\n", *[(b"," * 20 + b"\n") * 40_000] * 4], "100000 lines are blank"),
        (JSON, lambda: [b'{"name":[' + b"{}," * 340_000 + b"1]}\n"] * 10, "has more than 50000 brackets"),
        (
            JSON,
            lambda: [b'{"name":"a","notes":"' + b"x" * 1_000_000 + b'"}\n'] * 100,
            "is longer than 4000 code points",
        ),
        (JSON, lambda: [b'{"name":' + b"1" * 1_000_000 + b"}\n"] * 10, "is not a text"),
        (
            JSON,
            lambda: [b'{"name":"a","quantityOverflowValue":"' + b"1" * 1_000_000 + b'x"}\n'] * 10,
            "is not a number",
        ),
    ],
    ids=[
        "blank lines of csv",
        "blank lines of json",
        "one line of csv",
        "one line of json",
        "columns",
        "cells",
        "rows of nothing",
        "objects",
        "notes",
        "digits",
        "digits in a text",
    ],
)
def test_a_file_of_definitions_is_read_row_by_row_within_limits(
    watched: Watched,
    channel: grpc.Channel,
    file_format: Format,
    make: Callable[[], Iterable[bytes]],
    why: str,
) -> None:
    """Lines without end, lines without anything, rows of a million cells."""
    answer = imported(watched, channel, file_format, make())
    assert why in answer.failed_rows[0].description


def test_a_file_of_wrong_rows_is_given_up(watched: Watched, channel: grpc.Channel) -> None:
    """They are counted, the first are shown, and with a hundred thousand the import ends."""
    with pytest.raises(grpc.RpcError) as refused:
        imported(watched, channel, JSON, [b"1\n" * (PIECE_BYTES // 2)] * 4)
    assert error_of(refused.value).message == f"data: has more than {limits.IMPORT_FAILURES_MAX} wrong rows"
    assert imported(watched, channel, JSON, [b"1\n" * 50_000]).failed == 50_000


def test_empty_pieces_take_no_memory(watched: Watched, channel: grpc.Channel) -> None:
    """And a stream of them ends as an empty file does."""
    assert imported(watched, channel, CSV, [b""] * 5_000).failed_rows[0].description == "has no header"


def imported(
    watched: Watched, channel: grpc.Channel, file_format: Format, data: Iterable[bytes]
) -> operations_pb.ImportInventoryOperationsResponse:
    """The answer to a dry run; little memory is taken for it."""
    requests = (
        operations_pb.ImportInventoryOperationsRequest(
            format=file_format, validate_only=True, data=piece
        ).SerializeToString()
        for piece in data
    )
    before = watched.forget_peak()
    with watched.others():
        answer = begun(watched, channel, IMPORT_OPERATIONS, requests).result()
    assert watched.peak_bytes() - before < 80_000_000
    return operations_pb.ImportInventoryOperationsResponse.FromString(answer)


def begun(watched: Watched, channel: grpc.Channel, path: str, requests: Iterator[bytes]) -> grpc.Future[bytes]:
    """An import in progress, of a caller who may everything."""
    call: grpc.StreamUnaryMultiCallable[bytes, bytes] = channel.stream_unary(path)
    metadata = (("authorization", f"Bearer {watched.server.token}"),)
    return call.future(requests, metadata=metadata, timeout=ANSWERED_SECONDS)
