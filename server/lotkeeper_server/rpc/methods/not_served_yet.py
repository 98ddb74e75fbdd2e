"""Methods that the contract has and this server does not serve yet."""

from lotkeeper.inventory.v1 import inventory_service_pb2, trace_service_pb2

from lotkeeper_server.rpc.gate.call import Call


class NotServedYet:
    """Answers INTERNAL."""

    async def SummarizeInventory(  # noqa: N802 - named as in the contract
        self, _request: inventory_service_pb2.SummarizeInventoryRequest, _call: Call
    ) -> inventory_service_pb2.SummarizeInventoryResponse:
        """Sums stock."""
        raise NotImplementedError

    async def HoldTracedLots(  # noqa: N802 - named as in the contract
        self, _request: trace_service_pb2.HoldTracedLotsRequest, _call: Call
    ) -> trace_service_pb2.HoldTracedLotsResponse:
        """Holds what a trace reaches."""
        raise NotImplementedError
