"""The settings that say whether calls have spans, and who takes them; docs/traces.md explains them."""

import re
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import unquote, urlsplit

from lotkeeper.development import is_loopback
from pydantic import AfterValidator, BaseModel, Field

from lotkeeper_server.setting_sources import SettingsFault, read_secret

_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_FORM: Final = "give http://HOST:PORT or https://HOST:PORT, such as http://127.0.0.1:4318"


def _receiver_url(given: str) -> str:
    try:
        parts = urlsplit(given)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        raise ValueError(f"it is not a URL; {_FORM}") from None
    is_plain = given.isascii() and given.isprintable() and " " not in given
    if parts.scheme not in {"http", "https"} or not host or parts.username is not None or parts.query or parts.fragment:
        raise ValueError(f"it is not the URL of a receiver; {_FORM}")
    if not is_plain:
        raise ValueError(f"it has characters that a URL cannot have; {_FORM}")
    return given


class TraceSettings(BaseModel):
    """Whether calls have spans, and who takes them. A description is the help of its flag."""

    traces_endpoint: Annotated[
        str | None,
        Field(
            max_length=2_048,
            description="Send spans of calls to this receiver of OpenTelemetry's protocol by HTTP, such as "
            "http://127.0.0.1:4318; a URL without a path gets /v1/traces. [default: none]",
        ),
        AfterValidator(lambda given: None if given is None else _receiver_url(given)),
    ] = None
    traces_sample_ratio: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Which share of calls has a span; where the caller sends a traceparent, its word counts.",
        ),
    ] = 0.1
    traces_headers_file: Annotated[
        Path | None,
        Field(description="A file with a line NAME=VALUE,NAME=VALUE: headers for the receiver, such as a key."),
    ] = None
    traces_ca_file: Annotated[
        Path | None,
        Field(description="PEM file; the receiver's certificate must be of one of these authorities."),
    ] = None

    def trace_headers(self) -> dict[str, str]:
        """What is sent with each request to the receiver.

        Raises:
            SettingsFault: where the file cannot be read, or is not of its form; without what is in it.
        """
        if self.traces_headers_file is None:
            return {}
        text = read_secret(self.traces_headers_file, "traces_headers_file")
        headers = {}
        for entry in text.split(","):
            name, equals, value = entry.partition("=")
            value = unquote(value.strip())
            if not equals or not _HEADER_NAME.fullmatch(name.strip()) or not (value.isascii() and value.isprintable()):
                raise SettingsFault(f"traces_headers_file: {self.traces_headers_file} is not NAME=VALUE,NAME=VALUE")
            headers[name.strip()] = value
        return headers

    def check_traces(self) -> None:
        """Looks whether what belongs together is given together.

        Raises:
            SettingsFault: where it is not.
        """
        if self.traces_endpoint is None:
            for name in ("traces_headers_file", "traces_ca_file"):
                if getattr(self, name) is not None:
                    raise SettingsFault(f"{name} needs traces_endpoint")
            return
        parts = urlsplit(self.traces_endpoint)
        if parts.scheme == "https":
            return
        if self.traces_ca_file is not None:
            raise SettingsFault("traces_ca_file needs a traces_endpoint that begins with https://")
        host = parts.hostname or ""
        if self.traces_headers_file is not None and not is_loopback(f"[{host}]:0" if ":" in host else f"{host}:0"):
            raise SettingsFault(
                "traces_headers_file: anybody on the way could read it; give traces_endpoint an https URL"
            )
