"""Methods that the contract has and this server does not serve yet."""

from lotkeeper.inventory.v1 import trace_service_pb2

from lotkeeper_server.rpc.gate.call import Call


class NotServedYet:
    """Answers INTERNAL."""

    async def HoldTracedLots(  # noqa: N802 - named as in the contract
        self, _request: trace_service_pb2.HoldTracedLotsRequest, _call: Call
    ) -> trace_service_pb2.HoldTracedLotsResponse:
        """Holds what a trace reaches."""
        raise NotImplementedError
