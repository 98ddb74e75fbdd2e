"""What a refusal is in the Connect protocol: an HTTP status and a JSON object."""

from __future__ import annotations

from typing import Any, Final

HTTP_STATUSES: Final = {
    "canceled": 499,
    "unknown": 500,
    "invalid_argument": 400,
    "deadline_exceeded": 504,
    "not_found": 404,
    "already_exists": 409,
    "permission_denied": 403,
    "resource_exhausted": 429,
    "failed_precondition": 400,
    "aborted": 409,
    "out_of_range": 400,
    "unimplemented": 501,
    "internal": 500,
    "unavailable": 503,
    "data_loss": 500,
    "unauthenticated": 401,
}
"""Connect's codes: those of gRPC, by their names there, with the HTTP status of each."""
ERROR_SCHEMAS: Final[dict[str, Any]] = {
    "connect.error": {
        "type": "object",
        "description": "A call that was refused or failed.",
        "required": ["code"],
        "properties": {
            "code": {"type": "string", "enum": list(HTTP_STATUSES), "description": "The code of gRPC by its name."},
            "message": {"type": "string", "description": "A sentence for people."},
            "details": {
                "type": "array",
                "description": "Of a refusal: google.rpc.ErrorInfo with its reason and metadata, and as needed "
                "google.rpc.BadRequest with the wrong fields and google.rpc.RetryInfo. The reasons are those of "
                "ErrorReason and FieldReason.",
                "items": {"$ref": "#/components/schemas/connect.error_detail"},
            },
        },
        "additionalProperties": True,
    },
    "connect.error_detail": {
        "type": "object",
        "required": ["type", "value"],
        "properties": {
            "type": {"type": "string", "examples": ["google.rpc.ErrorInfo"], "description": "The message's full name."},
            "value": {"type": "string", "description": "The message: its bytes in base 64, without padding."},
            "debug": {
                "type": "object",
                "description": "The same as JSON, for people and for programs without protobuf.",
                "additionalProperties": True,
                "examples": [
                    {
                        "reason": "INSUFFICIENT_INVENTORY",
                        "domain": "lotkeeper",
                        "metadata": {"lot": "MILK-0815", "location": "DairyCo/Plant1/Silo1", "available": "2"},
                    }
                ],
            },
        },
        "additionalProperties": True,
    },
}
RESPONSES: Final[dict[str, Any]] = {
    "Refused": {
        "description": "Refused or failed. The HTTP status follows from the code: "
        + ", ".join(f"{code} {status}" for code, status in HTTP_STATUSES.items())
        + ".",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/connect.error"}}},
    }
}
"""What a unary call may answer beside 200."""
