"""The metrics of a server's methods, by the names that other gRPC servers use, and those of refusals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lotkeeper_server.observability.catalogue import OF_THE_SERVER
from lotkeeper_server.observability.layout import Histogram, Layout, Metric, values_of

CODES: Final = (
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
)
"""gRPC's codes as other servers' metrics write them, in the order of their numbers."""
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
METHOD_LABELS: Final = ("grpc_type", "grpc_service", "grpc_method")
UNKNOWN: Final = ("unary", "unknown", "unknown")
"""The labels of all calls to paths that the server does not have."""


@dataclass(frozen=True, slots=True)
class MethodMetrics:
    """What is counted of each method.

    Attributes:
        labels: of each method, by its path.
        started: calls.
        handled: their ends, by code.
        seconds: what they took.
        refusals: calls that were refused, by reason.
    """

    labels: Mapping[str, tuple[str, str, str]]
    started: Metric
    handled: Metric
    seconds: Histogram
    refusals: Metric

    @property
    def all(self) -> tuple[Metric, ...]:
        """Those four."""
        return self.started, self.handled, self.seconds, self.refusals


def method_metrics(types: Mapping[str, str], reasons: Sequence[str]) -> MethodMetrics:
    """The metrics of a server.

    Args:
        types: of each method, unary, client_stream, server_stream or bidi_stream, by its path.
        reasons: with which calls may be refused.
    """
    labels = {path: (kind, *path.removeprefix("/").split("/", 1)) for path, kind in types.items()}
    of_method = tuple(dict.fromkeys([*((kind, service, method) for kind, service, method in labels.values()), UNKNOWN]))
    return MethodMetrics(
        {path: (one[0], one[1], one[2]) for path, one in labels.items()},
        Metric(
            "grpc_server_started_total",
            "counter",
            "Calls that have begun.",
            "",
            METHOD_LABELS,
            of_method,
            is_sparse=True,
        ),
        Metric(
            "grpc_server_handled_total",
            "counter",
            "Calls that have ended, by the code of their status; Canceled and DeadlineExceeded also where they left, "
            "Canceled where their connection was ended.",
            "Internal, Unknown, Unavailable: the server's fault, see call_failed in the log. ResourceExhausted: a "
            "limit. Others: what callers ask for cannot be done.",
            (*METHOD_LABELS, "grpc_code"),
            tuple((*one, code) for one in of_method for code in CODES),
            is_sparse=True,
        ),
        Histogram(
            "grpc_server_handling_seconds",
            "histogram",
            "From a call's announcement to its end, whatever its code; of streams as long as they last.",
            "Slow: call_slow in the log says where the time went, lotkeeper_phase_seconds the same of all.",
            METHOD_LABELS,
            of_method,
            is_sparse=True,
            bounds=SECONDS,
        ),
        Metric(
            "lotkeeper_refusals_total",
            "counter",
            "Calls that were refused, by reason (docs/errors.md).",
            "",
            ("reason",),
            values_of(reasons),
            is_sparse=True,
        ),
    )


def layout_of(methods: MethodMetrics) -> Layout:
    """The layout of all metrics."""
    return Layout((*methods.all, *OF_THE_SERVER))
