"""Callers with tokens of an issuer, at a real server that fetches the issuer's keys."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from click.testing import CliRunner, Result
from lotkeeper import Client, LotkeeperError, PermissionDenied, Unauthenticated
from lotkeeper._errors import error_of
from lotkeeper.inventory.v1 import inventory_service_pb2 as inventory_pb
from lotkeeper.inventory.v1 import inventory_service_pb2_grpc as inventory_grpc
from lotkeeper_server.cli.main import main

from tests import stores
from tests.abuse.tokens import add_role_of, give, metadata_of, take, token_of
from tests.issuer import TestIssuer, ec_key, rsa_key
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

SOON_SECONDS = 20
OLD, NEW = ec_key("2026-10"), rsa_key("2026-11")


@pytest.fixture(scope="module")
def issuer() -> Iterator[TestIssuer]:
    with TestIssuer([OLD, NEW]) as running:
        yield running


@pytest.fixture(scope="module")
def server(issuer: TestIssuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    flags = issuer.flags("--jwt-roles-claim", "roles", "--jwt-jwks-refresh-seconds", "5")
    with ServerProcess(tmp_path_factory.mktemp("server"), flags=flags) as process:
        add_role_of(process, "reader", "INVENTORY.READ", "UNIT.READ")
        add_role_of(process, "nothing much", "LOT.READ")
        yield process
    stores.give_back(process.database_url)


def may_read(server: ServerProcess, token: str) -> bool:
    with Client(server.address, token=token) as client:
        list(client.list_units_of_measure())
    return True


def refusal(server: ServerProcess, token: str) -> LotkeeperError:
    with pytest.raises(LotkeeperError) as refused:
        may_read(server, token)
    return refused.value


def command(server: ServerProcess, *arguments: str) -> Result:
    """`lotkeeper-server`, in this process: it is another one than that of the server all the same."""
    return CliRunner().invoke(main, [*arguments, "--database-url", server.database_url])


def run(server: ServerProcess, *arguments: str) -> str:
    done = command(server, *arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


def within_a_second(happens: Callable[[], bool]) -> None:
    """A little more, on a busy machine."""
    end_seconds = time.monotonic() + 5
    while not happens():
        assert time.monotonic() < end_seconds
        time.sleep(0.05)


def test_a_token_of_the_issuer_has_the_roles_that_its_claims_name(server: ServerProcess) -> None:
    assert may_read(server, OLD.token(roles=["reader", "no such role"]))
    assert may_read(server, NEW.token(roles="reader"))
    denied = refusal(server, OLD.token(roles=["no such role"]))
    assert isinstance(denied, PermissionDenied)
    assert denied.metadata == {"permission": "UNIT.READ"}


def test_who_calls_is_in_what_is_written(server: ServerProcess) -> None:
    with Client(server.address, token=OLD.token(sub="Müller 7", roles=["admin"])) as client:
        plant = ServedPlant(client, prefix="Jwt")
        record = client.execute_inventory_operation(plant.operation("PRODUCE").id, "L1", 5.0)
    assert record.created_by == "Müller 7"


def test_a_principal_has_the_roles_that_it_was_granted_by_name_at_once_and_no_longer(server: ServerProcess) -> None:
    token = OLD.token(sub="line 9")
    assert isinstance(refusal(server, token), PermissionDenied)
    assert run(server, "grant", "line 9", "reader") == "line 9 has the role reader\n"
    assert run(server, "grant", "line 9", "reader") == "line 9 has the role reader already\n"
    assert may_read(server, token)
    listed = [json.loads(line) for line in run(server, "grants", "list", "--json").splitlines()]
    assert [(one["principal"], one["role"]) for one in listed] == [("line 9", "reader")]
    assert "line 9\treader\tsince " in run(server, "grants", "list")
    assert "so many principals" in command(server, "role", "delete", "reader").stderr
    assert run(server, "revoke", "line 9", "reader") == "line 9 has the role reader no more\n"
    assert isinstance(refusal(server, token), PermissionDenied)
    assert "does not have the role" in command(server, "revoke", "line 9", "reader").stderr
    assert "there is no role" in command(server, "grant", "line 9", "no such").stderr
    assert command(server, "grant", "line\n9", "reader").exit_code == 2


def test_what_is_granted_by_name_is_not_for_stored_tokens_of_that_name(server: ServerProcess) -> None:
    """They have the roles that they were made with."""
    token = token_of(server, "line 10", role="nothing much")
    give(server, "line 10", "reader")
    assert isinstance(refusal(server, token), PermissionDenied)
    assert may_read(server, OLD.token(sub="line 10"))


def test_refusals_say_what_the_holder_may_know(server: ServerProcess) -> None:
    expired = refusal(server, OLD.token(exp=1))
    assert isinstance(expired, Unauthenticated)
    assert expired.metadata == {"cause": "EXPIRED"}
    assert refusal(server, OLD.token(aud=["other"])).metadata == {"cause": "AUDIENCE"}
    for token in (OLD.token()[:-8] + "AAAAAAAA", "a.b.c", ec_key("2026-10").token(), OLD.token(header={"alg": "none"})):
        wrong = refusal(server, token)
        assert (wrong.reason, wrong.metadata) == ("UNAUTHENTICATED", {})
    within_a_second(lambda: '"jwt_signature"' in server.log())
    assert OLD.token()[:20] not in server.log()


def test_an_expired_token_ends_what_is_under_way(server: ServerProcess) -> None:
    """The leeway is part of its life."""
    with grpc.insecure_channel(server.address) as channel:
        token = OLD.token(roles=["reader"], exp=int(time.time()) - 24)
        watch = inventory_grpc.InventoryServiceStub(channel).WatchInventoryLotRecords(
            inventory_pb.WatchInventoryLotRecordsRequest(), metadata=metadata_of(token)
        )
        next(watch)
        assert ended(watch) == "UNAUTHENTICATED"


def ended(watch: Any) -> str:
    """The reason with which a watch ends."""
    over = threading.Event()
    if watch.add_callback(over.set):
        assert over.wait(SOON_SECONDS), "it goes on"
    with pytest.raises(grpc.RpcError) as refused:
        for _ in watch:
            pass
    return error_of(refused.value).reason


def test_a_watch_ends_when_the_roles_of_its_principal_are_revoked(server: ServerProcess) -> None:
    give(server, "watcher", "reader")
    with grpc.insecure_channel(server.address) as channel:
        watch = inventory_grpc.InventoryServiceStub(channel).WatchInventoryLotRecords(
            inventory_pb.WatchInventoryLotRecordsRequest(), metadata=metadata_of(OLD.token(sub="watcher"))
        )
        next(watch)
        take(server, "watcher", "reader")
        assert ended(watch) == "PERMISSION_DENIED"


def test_keys_are_rotated_under_load_and_a_watch_of_a_withdrawn_key_ends(
    server: ServerProcess, issuer: TestIssuer
) -> None:
    """The next key is published, then used, then the old one is withdrawn: nobody with the right token is refused."""
    later = ec_key("2026-12")
    refused: list[str] = []
    stop = threading.Event()
    token = [NEW.token(roles=["reader"])]

    def calls() -> None:
        with grpc.insecure_channel(server.address) as channel:
            stub = inventory_grpc.InventoryServiceStub(channel)
            while not stop.is_set():
                try:
                    stub.ListInventory(inventory_pb.ListInventoryRequest(), metadata=metadata_of(token[0]), timeout=30)
                except grpc.RpcError as error:
                    refused.append(error_of(error).reason)

    callers = [threading.Thread(target=calls) for _ in range(3)]
    for one in callers:
        one.start()
    with grpc.insecure_channel(server.address) as channel:
        old = OLD.token(roles=["reader"])
        watch = inventory_grpc.InventoryServiceStub(channel).WatchInventoryLotRecords(
            inventory_pb.WatchInventoryLotRecordsRequest(), metadata=metadata_of(old)
        )
        next(watch)
        issuer.keys = [OLD, NEW, later]
        token[0] = later.token(roles=["reader"])  # known to nobody: it waits for the keys
        assert may_read(server, later.token(roles=["reader"], sub="other"))
        issuer.keys = [NEW, later]
        assert ended(watch) == "UNAUTHENTICATED"
        assert isinstance(refusal(server, old), Unauthenticated)
    stop.set()
    for one in callers:
        one.join()
    assert refused == []
    issuer.keys = [OLD, NEW]


def test_while_the_issuer_is_away_good_tokens_are_good(server: ServerProcess, issuer: TestIssuer) -> None:
    assert may_read(server, NEW.token(roles=["reader"], jti="1"))
    issuer.answer = lambda request: request.send_error(503)
    try:
        within_away = server.log().count("jwt_keys_not_loaded")
        asked = issuer.asked
        end_seconds = time.monotonic() + SOON_SECONDS
        while issuer.asked <= asked:
            assert time.monotonic() < end_seconds
            time.sleep(0.1)
        assert may_read(server, NEW.token(roles=["reader"], jti="2"))
        within_a_second(lambda: server.log().count("jwt_keys_not_loaded") > within_away)
    finally:
        issuer.answer = None


def test_a_server_serves_before_the_issuer_answers(tmp_path: Path, issuer: TestIssuer) -> None:
    """Stored tokens need no issuer."""
    issuer.answer = lambda _request: time.sleep(2)
    try:
        with ServerProcess(tmp_path, flags=issuer.flags()) as process:
            assert may_read(process, process.token)
    finally:
        issuer.answer = None


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (("--jwt-issuer", "x"), "belong together"),
        (("--jwt-issuer", "x", "--jwt-audience", "y", "--jwt-jwks", "http://example.com/k"), "jwt_jwks"),
        (("--jwt-issuer", "x", "--jwt-audience", "y", "--jwt-jwks", "ftp://example.com/k"), "jwt_jwks"),
        (("--jwt-issuer", "x", "--jwt-audience", "y", "--jwt-jwks", "https://u:p@example.com/k"), "jwt_jwks"),
        (("--jwt-algorithms", "HS256"), "jwt_algorithms"),
        (("--jwt-algorithms", "RS256,none"), "jwt_algorithms"),
        (("--jwt-algorithms", ""), "jwt_algorithms"),
        (("--jwt-leeway-seconds", "100000"), "jwt_leeway_seconds"),
        (("--tls-client-ca-file", "/x"), "tls_certificate_file"),
    ],
)
def test_settings_that_would_let_anybody_in_are_refused(tmp_path: Path, flags: tuple[str, ...], named: str) -> None:
    where = ("--listen", "127.0.0.1:0", "--database-url", f"sqlite:///{tmp_path}/store.db")
    done = CliRunner().invoke(main, ["serve", *where, *flags])
    assert done.exit_code == 2
    assert named in done.stderr
