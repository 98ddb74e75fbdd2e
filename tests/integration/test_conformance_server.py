"""The scripted server of the suite for clients, seen from the other end of its connection."""

from __future__ import annotations

import socket

import h2.config
import h2.connection
import h2.events
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

from clients.conformance.http2 import Call, ScriptedServer
from clients.conformance.scenarios.answers import EXECUTION, OPERATION_ID, answer_to

PATH = "/lotkeeper.inventory.v1.InventoryOperationService/ExecuteInventoryOperation"


def events_of(server: ScriptedServer, *, goes_away: bool) -> list[h2.events.Event]:
    """What comes to a client that calls once, and perhaps says GOAWAY right behind its call."""
    connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    request = pb.ExecuteInventoryOperationRequest(inventory_operation_id=OPERATION_ID, primary_lot_id_or_name="M")
    request.exact_quantity.value = EXECUTION["quantity"]
    data = request.SerializeToString()
    host, _, port = server.address.partition(":")
    events: list[h2.events.Event] = []
    with socket.create_connection((host, int(port)), timeout=30) as peer:
        connection.initiate_connection()
        headers = [(":method", "POST"), (":scheme", "http"), (":authority", server.address), (":path", PATH)]
        connection.send_headers(1, [*headers, ("content-type", "application/grpc"), ("te", "trailers")])
        connection.send_data(1, b"\x00" + len(data).to_bytes(4, "big") + data, end_stream=True)
        peer.sendall(connection.data_to_send())
        if goes_away:  # by hand: to h2 its own end would be closed, too
            peer.sendall(b"\x00\x00\x08\x07\x00\x00\x00\x00\x00" + b"\x00" * 8)
        while not any(isinstance(event, h2.events.StreamEnded) for event in events):
            received = peer.recv(65_536)
            assert received, "the server hung up"
            events += connection.receive_data(received)
    return events


def test_a_client_that_goes_away_still_gets_the_answer_to_its_call() -> None:
    def answers_late(call: Call) -> None:
        server.wait(0.3)  # so that the GOAWAY is there before the answer
        call.answer(answer_to(call.request))

    server = ScriptedServer(answers_late)
    try:
        for goes_away in (False, True):
            events = events_of(server, goes_away=goes_away)
            (trailers,) = (event for event in events if isinstance(event, h2.events.TrailersReceived))
            assert ("grpc-status", "0") in (trailers.headers or [])
        assert server.faults == []
    finally:
        server.close()
