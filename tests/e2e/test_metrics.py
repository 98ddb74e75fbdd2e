"""What Prometheus reads of a server, and what an orchestrator asks it: right, bounded, and of all its processes."""

from __future__ import annotations

import os
import signal
import socket
import sys
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest
from lotkeeper import Client, LotkeeperError
from lotkeeper_server.observability.http_server import CONNECTIONS_MAX

from tests.logged import lines_about
from tests.plants import ServedPlant
from tests.postgresql import PostgresServer
from tests.scraped import LISTENS, awaited_page, awaited_scrape, metrics_address, page, scraped
from tests.server_process import ServerProcess
from tests.two_processes import migrated
from tests.workers import workers_of

EXECUTE = {"grpc_type": "unary", "grpc_method": "ExecuteInventoryOperation"}
LIST_PERMISSIONS = "/lotkeeper.inventory.v1.InventoryOperationService/ListPermissions"
HANDLED = "grpc_server_handled_total"


def test_nothing_listens_for_metrics_unless_it_is_wanted(tmp_path: Path) -> None:
    """Whoever upgrades has no new port open."""
    with ServerProcess(tmp_path) as server:
        server.terminate()
        assert lines_about(server, "metrics_served") == []


def test_calls_are_counted_by_method_and_code_with_what_they_took(tmp_path: Path) -> None:
    """By the names that dashboards for other gRPC servers use."""
    with ServerProcess(tmp_path, LISTENS) as server, Client(server.address, token=server.token) as client:
        address = metrics_address(server)
        plant = ServedPlant(client)
        receive, consume = plant.operation("RECEIVE"), plant.operation("CONSUME")
        for number in range(7):
            client.execute_inventory_operation(receive.id, f"LOT-{number}", 5.0, request_id=f"once-{number}")
        client.execute_inventory_operation(receive.id, "LOT-0", 5.0, request_id="once-0")
        for _ in range(3):
            with pytest.raises(LotkeeperError):
                client.execute_inventory_operation(consume.id, "NO-SUCH-LOT", 1.0)
        found = awaited_scrape(address, lambda one: one.sum("grpc_server_handling_seconds_count", **EXECUTE) == 11)

    assert found.sum(HANDLED, **EXECUTE, grpc_code="OK") == 8
    assert found.sum(HANDLED, **EXECUTE, grpc_code="NotFound") == 3
    assert found.sum("grpc_server_started_total", **EXECUTE) == 11
    assert found.sum("grpc_server_handling_seconds_bucket", **EXECUTE, le="+Inf") == 11
    assert 0 < found.sum("grpc_server_handling_seconds_sum", **EXECUTE) < 60
    assert found.sum("lotkeeper_refusals_total", reason="NOT_FOUND") == 3
    assert found.sum("lotkeeper_request_id_replays_total") == 1
    assert found.sum("lotkeeper_batch_calls_sum") >= 11
    assert found.sum("lotkeeper_call_waiting_seconds_count") == found.sum("lotkeeper_batch_calls_sum")
    phases = {one.labels["phase"]: one.value for one in found.all("lotkeeper_phase_seconds_count")}
    assert phases == dict.fromkeys(("load", "decide", "commit"), found.sum("lotkeeper_batch_calls_count"))
    assert found.sum("lotkeeper_work_seconds_count") >= 5  # the plant was saved
    assert found.sum("lotkeeper_read_seconds_count") >= 1
    assert found.sum("lotkeeper_definitions_cached") > 0


def test_who_is_not_let_in_and_who_passes_a_limit_is_counted(tmp_path: Path) -> None:
    """By cause, and by limit."""
    flags = (*LISTENS, "--principal-commands-per-second-max", "1")
    with ServerProcess(tmp_path, flags) as server:
        address = metrics_address(server)
        with Client(server.address, token="lk_wrong") as stranger, pytest.raises(LotkeeperError):
            stranger.list_permissions()
        with grpc.insecure_channel(server.address) as channel, pytest.raises(grpc.RpcError):
            _list_permissions_often(channel, server.token)
        found = awaited_scrape(address, lambda one: one.sum("lotkeeper_limits_hit_total") > 0)

    assert found.sum("lotkeeper_callers_refused_total", cause="unknown") == 1
    assert found.sum("lotkeeper_limits_hit_total", limit="principal_rate") == 1
    assert found.sum("lotkeeper_refusals_total", reason="OVERLOADED") == 1


def test_a_process_says_what_it_takes_of_the_machine(tmp_path: Path) -> None:
    """Memory, processor time, descriptors, the store's file and the room that is left."""
    with ServerProcess(tmp_path, LISTENS) as server:
        found = awaited_scrape(
            metrics_address(server), lambda one: one.sum("process_resident_memory_bytes", process="0") > 1e6
        )
        assert server.process is not None
        assert found.sum("lotkeeper_process_id", process="0") == server.process.pid

    assert found.sum("process_cpu_seconds_total") > 0
    assert 0 < found.sum("process_open_fds") < found.sum("process_max_fds")
    assert found.sum("lotkeeper_store_bytes") > 0
    assert found.sum("lotkeeper_disk_free_bytes") > 0
    assert found.sum("lotkeeper_store_usable") == 1


def test_it_is_ready_while_the_store_is_there_and_lives_also_while_it_is_not(tmp_path: Path) -> None:
    """An orchestrator sends no calls to it then, and does not kill it either."""
    with PostgresServer() as database:
        server = ServerProcess(tmp_path, LISTENS, database_url=migrated(database))
        with server:
            address = metrics_address(server)
            awaited_page(address, "/readyz", 200)
            database.kill()
            assert "store" in awaited_page(address, "/readyz", 503)
            assert page(address, "/healthz") == (200, "ok\n")
            assert scraped(address).sum("lotkeeper_store_usable") == 0
            database.start()
            awaited_page(address, "/readyz", 200)


def test_one_scrape_tells_of_all_processes_and_counters_never_fall(tmp_path: Path) -> None:
    """Also when one of them is killed: what it had counted stays."""
    program = (sys.executable, "-m", "tests.many_processes")
    flags = (*LISTENS, "--processes", "2")
    with ServerProcess(tmp_path, flags, program=program) as server, ExitStack() as clients:
        address = metrics_address(server)
        made = [
            clients.enter_context(
                Client(server.address, token=server.token, channel_options=[("grpc.use_local_subchannel_pool", 1)])
            )
            for _ in range(8)
        ]
        for client in made:
            client.list_permissions()
        listed = {"grpc_method": "ListPermissions", "grpc_code": "OK"}
        before = awaited_scrape(address, lambda one: one.sum(HANDLED, **listed) == 8)
        assert {one.labels["process"] for one in before.all("process_open_fds")} == {"0", "1"}
        assert before.sum("lotkeeper_process_starts_total") == 2

        assert server.process is not None
        victim = min(workers_of(server.process.pid))
        os.kill(victim, signal.SIGKILL)
        after = awaited_scrape(address, lambda one: one.sum("lotkeeper_process_starts_total") == 3)

    assert after.sum(HANDLED, **listed) >= 8
    pids = {one.value for one in after.all("lotkeeper_process_id")}
    assert victim not in pids


def test_a_second_server_cannot_take_the_address_of_the_metrics(tmp_path: Path) -> None:
    """It says so, in one line, and does not start."""
    with ServerProcess(tmp_path, LISTENS) as server:
        address = metrics_address(server)
        (tmp_path / "second").mkdir()
        second = ServerProcess(tmp_path / "second")
        done = second.run("serve", "--listen", "127.0.0.1:0", "--metrics-listen", address)
    assert done.returncode == 1
    assert f"{address} cannot be listened on: it is in use" in done.stderr.splitlines()[-1]


def test_rubbish_and_slow_callers_are_cut_off_and_keep_nobody_out(tmp_path: Path) -> None:
    """Whoever opens connections and says nothing holds them for some seconds, and others are served after that."""
    with ServerProcess(tmp_path, LISTENS) as server, ExitStack() as sockets:
        address = metrics_address(server)
        host, _, port = address.rpartition(":")
        assert page(address, "/nothing")[0] == 404
        assert _answer_to(host, int(port), b"POST /metrics HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 405 ")
        assert _answer_to(host, int(port), b"\x16\x03\x01\x02\x00\n\n").startswith(b"HTTP/1.1 400 ")
        assert _answer_to(host, int(port), b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 3_000).startswith(b"HTTP/1.1 431 ")
        head = _answer_to(host, int(port), b"HEAD /metrics HTTP/1.0\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert head.endswith(b"\r\n\r\n")
        silent = [
            sockets.enter_context(socket.create_connection((host, int(port)), timeout=30))
            for _ in range(CONNECTIONS_MAX * 2)
        ]
        assert all(one.recv(1) == b"" for one in silent)  # the second half at once, the first after some seconds
        assert page(address, "/healthz")[0] == 200
        with Client(server.address, token=server.token) as client:
            client.list_permissions()


def _answer_to(host: str, port: int, request: bytes) -> bytes:
    with socket.create_connection((host, port), timeout=30) as connection:
        connection.sendall(request)
        answer = b""
        try:
            while piece := connection.recv(65_536):
                answer += piece
        except ConnectionResetError:  # it closed with our bytes unread; what it said has come
            pass
        return answer


def _list_permissions_often(channel: grpc.Channel, token: str) -> None:
    """Without the client, which waits and tries again."""
    for _ in range(50):
        channel.unary_unary(LIST_PERMISSIONS)(b"", metadata=[("authorization", f"Bearer {token}")])
