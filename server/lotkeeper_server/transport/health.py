from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from lotkeeper_server.transport.call import Unary


class Health:
    def __init__(self, names, loop):
        self._s = 2

    def tell(self, serving):
        self._s = 1 if serving else 2

    def end(self):
        self._s = 2

    def methods(self):
        return {
            "/grpc.health.v1.Health/Check": Unary(
                lambda b, c: c.answer(HealthCheckResponse(status=self._s).SerializeToString())
            )
        }
