"""Callers with client certificates at a real server, by both of its transports; and files of TLS that change."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from lotkeeper import Client
from lotkeeper._errors import error_of
from lotkeeper.inventory.v1 import inventory_service_pb2 as inventory_pb
from lotkeeper.inventory.v1 import inventory_service_pb2_grpc as inventory_grpc

from tests import stores
from tests.abuse.tokens import add_role_of, give, metadata_of, take
from tests.authorities import Authority, Pair
from tests.server_process import ServerProcess

SOON_SECONDS = 30
NO_NAMES: tuple[x509.GeneralName, ...] = ()


@dataclass
class Site:
    """A server that asks for certificates of one authority.

    Attributes:
        server: running.
        authority: who makes the certificates, the server's, too.
        folder: with the files of TLS.
    """

    server: ServerProcess
    authority: Authority
    folder: Path

    def answer(self, caller: Pair | None, token: str = "") -> str:
        """What a read is answered with: OK, the reason of a refusal, or the status where no connection comes about."""
        with grpc.secure_channel(self.server.address, self.authority.credentials(caller)) as channel:
            stub = inventory_grpc.InventoryServiceStub(channel)
            metadata = metadata_of(token) if token else ()
            try:
                stub.ListInventory(inventory_pb.ListInventoryRequest(), metadata=metadata, timeout=SOON_SECONDS)
            except grpc.RpcError as error:
                return error_of(error).reason or str(error.code())
        return "OK"

    def caller(
        self, common_name: str | None, *names: x509.GeneralName, good_for: timedelta = timedelta(days=1)
    ) -> Pair:
        """A certificate that the server's authority has made."""
        return self.authority.pair(common_name, names, good_for)


def site(folder: Path, *flags: str) -> Site:
    """Not started yet."""
    authority = Authority()
    certificate, key = authority.pair().write(folder)
    authorities = folder / "clients.pem"
    authorities.write_bytes(authority.pem)
    tls = ("--tls-certificate-file", certificate, "--tls-key-file", key, "--tls-client-ca-file", authorities)
    server = ServerProcess(folder, flags=(*map(str, tls), *flags))
    return Site(server, authority, folder)


@pytest.fixture(scope="module", params=["core", "aio"])
def plant(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = site(tmp_path_factory.mktemp("server"), "--transport", request.param)
    with made.server:
        add_role_of(made.server, "reader", "INVENTORY.READ")
        for principal in ("line 7", "M\u00fcller"):
            give(made.server, principal, "reader")
        yield made
    stores.give_back(made.server.database_url)


def until(happens: Callable[[], bool]) -> None:
    end_seconds = time.monotonic() + SOON_SECONDS
    while not happens():
        assert time.monotonic() < end_seconds
        time.sleep(0.05)


def test_a_certificate_names_a_principal_that_has_the_roles_it_was_given(plant: Site) -> None:
    assert plant.answer(plant.caller("line 7")) == "OK"
    assert plant.answer(plant.caller("line 8")) == "PERMISSION_DENIED"
    assert plant.answer(plant.caller("Mu\u0308ller")) == "OK"  # in the one form of names


def test_a_token_counts_before_the_certificate(plant: Site) -> None:
    assert plant.answer(plant.caller("line 8"), plant.server.token) == "OK"
    assert plant.answer(plant.caller("line 7"), "wrong") == "UNAUTHENTICATED"


def test_a_certificate_cannot_be_remembered_as_a_token(plant: Site) -> None:
    """What is kept in memory of one is never found by the other."""
    assert plant.answer(plant.caller("line 7")) == "OK"
    for token in ("line 7", "Identity(principal='line 7')"):
        assert plant.answer(plant.caller("line 8"), token) == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    "name", ["line\n7", "line\x007", "line 7\x00", "\x1b[2Jline", "line\u202e7", " line 7", "line 7 "]
)
def test_a_name_that_cannot_be_one_is_refused(plant: Site, name: str) -> None:
    assert plant.answer(plant.caller(name)) == "UNAUTHENTICATED"


def test_a_certificate_without_the_name_that_is_looked_for_is_refused(plant: Site) -> None:
    assert plant.answer(plant.caller(None, x509.DNSName("line 7"))) == "UNAUTHENTICATED"


def test_other_authorities_expired_certificates_and_none_do_not_get_a_connection(plant: Site) -> None:
    foreign = Authority()  # of the same name
    own_made = foreign.pair("line 7", NO_NAMES)
    expired = plant.caller("line 7", good_for=timedelta(days=-1))
    later = plant.caller("line 7")
    for caller in (own_made, expired, None, Pair(later.certificate, own_made.key)):
        assert plant.answer(caller) in {"UNAVAILABLE", "StatusCode.UNAVAILABLE"}
        assert plant.answer(caller, plant.server.token) in {"UNAVAILABLE", "StatusCode.UNAVAILABLE"}
    assert plant.answer(later) == "OK"


def test_a_certificate_that_expires_ends_what_is_under_way(plant: Site) -> None:
    give(plant.server, "brief", "reader")
    brief = plant.caller("brief", good_for=timedelta(seconds=6))
    with grpc.secure_channel(plant.server.address, plant.authority.credentials(brief)) as channel:
        stub = inventory_grpc.InventoryServiceStub(channel)
        watch = stub.WatchInventoryLotRecords(inventory_pb.WatchInventoryLotRecordsRequest())
        next(watch)
        with pytest.raises(grpc.RpcError) as ended:
            for _ in watch:
                pass
        assert error_of(ended.value).reason == "UNAUTHENTICATED"
        with pytest.raises(grpc.RpcError) as again:  # on the same connection
            stub.ListInventory(inventory_pb.ListInventoryRequest(), timeout=SOON_SECONDS)
        assert error_of(again.value).reason in {"UNAUTHENTICATED", "UNAVAILABLE"}


def test_what_a_caller_says_in_metadata_is_not_its_certificate(plant: Site) -> None:
    with grpc.secure_channel(plant.server.address, plant.authority.credentials(plant.caller("line 8"))) as channel:
        stub = inventory_grpc.InventoryServiceStub(channel)
        said = (("x509_common_name", "line 7"), ("x-forwarded-client-cert", "Subject=CN=line 7"))
        with pytest.raises(grpc.RpcError) as refused:
            stub.ListInventory(inventory_pb.ListInventoryRequest(), metadata=said, timeout=SOON_SECONDS)
    assert error_of(refused.value).reason == "PERMISSION_DENIED"


def test_a_watch_ends_when_the_roles_of_its_principal_are_revoked(plant: Site) -> None:
    """While a stored token would end by being revoked."""
    give(plant.server, "watcher", "reader")
    with grpc.secure_channel(plant.server.address, plant.authority.credentials(plant.caller("watcher"))) as channel:
        stub = inventory_grpc.InventoryServiceStub(channel)
        watch = stub.WatchInventoryLotRecords(inventory_pb.WatchInventoryLotRecordsRequest())
        next(watch)
        take(plant.server, "watcher", "reader")
        with pytest.raises(grpc.RpcError) as ended:
            for _ in watch:
                pass
    assert error_of(ended.value).reason == "PERMISSION_DENIED"


def test_the_python_client_comes_with_a_certificate_and_without_a_token(plant: Site) -> None:
    credentials = plant.authority.credentials(plant.caller("line 7"))
    with Client(plant.server.address, channel_credentials=credentials) as client:
        assert list(client.list_inventory()) == []
        assert client.list_permissions().granted_permissions == ["INVENTORY.READ"]


@pytest.mark.parametrize(
    ("kind", "names", "principal"),
    [
        ("dns", (x509.DNSName("line7.plant.test"),), "line7.plant.test"),
        ("uri", (x509.UniformResourceIdentifier("spiffe://plant.test/line7"),), "spiffe://plant.test/line7"),
        ("email", (x509.RFC822Name("line7@plant.test"),), "line7@plant.test"),
    ],
)
def test_the_principal_may_be_an_alternative_name(
    tmp_path: Path, kind: str, names: tuple[x509.GeneralName, ...], principal: str
) -> None:
    """Exactly one of the kind: of several its holder could choose."""
    made = site(tmp_path, "--tls-client-principal", kind)
    with made.server:
        add_role_of(made.server, "reader", "INVENTORY.READ")
        give(made.server, principal, "reader")
        give(made.server, "line 7", "reader")
        assert made.answer(made.caller("line 8", *names)) == "OK"
        assert made.answer(made.caller("line 7")) == "UNAUTHENTICATED"
        assert made.answer(made.caller("line 7", *names, *names)) == "UNAUTHENTICATED"
        if kind == "dns":
            for odd in (b"line7\0.plant.test", b"line7.plant.test\0", b"line7\n", b"\xc2\x85"):
                raw = x509.DNSName._init_without_validation(odd.decode("latin-1"))
                assert made.answer(made.caller("line 8", raw)) in {"UNAUTHENTICATED", "StatusCode.UNAVAILABLE"}
    stores.give_back(made.server.database_url)


# Files that change.


def test_tls_files_are_taken_over_when_they_change_without_a_dropped_call(plant: Site) -> None:
    """The server's own certificate, and the authority whose certificates it takes."""
    caller, next_authority = plant.caller("line 7"), Authority("Next CA")
    failed: list[str] = []
    stop = threading.Event()

    def calls() -> None:
        with grpc.secure_channel(plant.server.address, plant.authority.credentials(caller)) as channel:
            stub = inventory_grpc.InventoryServiceStub(channel)
            while not stop.is_set():
                try:
                    stub.ListInventory(inventory_pb.ListInventoryRequest(), timeout=SOON_SECONDS)
                except grpc.RpcError as error:
                    failed.append(f"{error.code()} {error_of(error).reason}")

    callers = [threading.Thread(target=calls) for _ in range(2)]
    for one in callers:
        one.start()
    authorities = plant.folder / "clients.pem"
    new = next_authority.pair("line 7", NO_NAMES)
    assert plant.answer(new) != "OK"
    authorities.write_bytes(plant.authority.pem + next_authority.pem)
    until(lambda: plant.answer(new) == "OK")
    assert plant.answer(caller) == "OK"
    plant.authority.pair().write(plant.folder)
    before = plant.server.log().count("certificate_reloaded")
    until(lambda: plant.server.log().count("certificate_reloaded") > before)
    authorities.write_bytes(next_authority.pem)
    until(lambda: plant.answer(caller) != "OK")
    assert plant.answer(new) == "OK"
    stop.set()
    for one in callers:
        one.join()
    authorities.write_bytes(plant.authority.pem)
    until(lambda: plant.answer(caller) == "OK")
    assert failed == []


def test_files_that_do_not_fit_are_told_of_once_and_the_old_ones_stay(plant: Site) -> None:
    caller = plant.caller("line 7")
    key = plant.folder / "server.key"
    good = key.read_bytes()
    before = plant.server.log().count("certificate_not_reloaded")
    key.write_bytes(Authority().pair().key)
    until(lambda: plant.server.log().count("certificate_not_reloaded") == before + 1)
    assert plant.answer(caller) == "OK"
    (plant.folder / "clients.pem").write_bytes(b"nonsense")
    key.write_bytes(good)
    until(lambda: plant.server.log().count("certificate_not_reloaded") == before + 2)
    assert plant.answer(caller) == "OK"
    (plant.folder / "clients.pem").write_bytes(plant.authority.pem)
    time.sleep(2.5)
    assert plant.server.log().count("certificate_not_reloaded") == before + 2
    assert plant.answer(caller) == "OK"
