"""Which methods a server has, for its metrics: known before any of them is served, and before processes are forked."""

from typing import Final

from google.protobuf.descriptor import MethodDescriptor
from lotkeeper.development import PROVE_PATH

from lotkeeper_server.domain import refusals
from lotkeeper_server.domain.refusals import NotFound, Refusal
from lotkeeper_server.observability.method_metrics import MethodMetrics, method_metrics
from lotkeeper_server.observability.server_metrics import NOT_FOUND
from lotkeeper_server.rpc.server import SERVICES

_BESIDE_THE_CONTRACT: Final = {
    "/grpc.health.v1.Health/Check": "unary",
    "/grpc.health.v1.Health/List": "unary",
    "/grpc.health.v1.Health/Watch": "server_stream",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": "bidi_stream",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo": "bidi_stream",
    "/lotkeeper.bench.v1.Bench/Echo": "unary",
    PROVE_PATH: "unary",
}


def methods_served() -> MethodMetrics:
    """The metrics of all methods, and of all reasons with which their calls may be refused."""
    types = {
        f"/{service.full_name}/{method.name}": _type_of(method) for service in SERVICES for method in service.methods
    }
    return method_metrics(types | _BESIDE_THE_CONTRACT, refusal_reasons())


def refusal_reasons() -> list[str]:
    """Every reason of a refusal, in alphabetical order; NOT_FOUND for all that say what was not found."""
    classes = [one for name in refusals.__all__ if isinstance(one := getattr(refusals, name), type)]
    reasons = [one.reason for one in classes if issubclass(one, Refusal) and one not in {Refusal, NotFound}]
    return sorted([*reasons, NOT_FOUND])


def _type_of(method: MethodDescriptor) -> str:
    match method.client_streaming, method.server_streaming:
        case False, False:
            return "unary"
        case True, False:
            return "client_stream"
        case False, True:
            return "server_stream"
        case _:
            return "bidi_stream"
