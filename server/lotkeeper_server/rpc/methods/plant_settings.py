"""GetPlantSettings: what a client must know about the plant."""

from lotkeeper.inventory.v1 import master_data_service_pb2 as pb

from lotkeeper_server.rpc.gate.call import Call


class PlantSettings:
    """Answers any caller."""

    def __init__(self, time_zone: str) -> None:
        """Answers by the server's settings.

        Args:
            time_zone: the plant's, an IANA name.
        """
        self._answer = pb.GetPlantSettingsResponse(time_zone=time_zone)

    async def GetPlantSettings(  # noqa: N802 - named as in the contract
        self, _request: pb.GetPlantSettingsRequest, _call: Call
    ) -> pb.GetPlantSettingsResponse:
        """Says it."""
        return self._answer
