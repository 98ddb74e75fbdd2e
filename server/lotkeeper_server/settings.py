"""Settings: flags, environment, a TOML file, defaults, in this order; the same names everywhere."""

import os
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from lotkeeper_server.access_settings import AccessSettings
from lotkeeper_server.http_origins import known_origins
from lotkeeper_server.known_variables import unknown_variable
from lotkeeper_server.limit_settings import LimitSettings
from lotkeeper_server.setting_sources import SettingsFault, WithSecretFiles
from lotkeeper_server.time_zones import known_time_zone
from lotkeeper_server.trace_settings import TraceSettings

_PORT_MAX = 65_535
DEFAULT_FOLDER = Path("data")
DEFAULT_DATABASE_URL = f"sqlite:///{DEFAULT_FOLDER}/lotkeeper.db"
"""In the current folder; the folder is made if this default is used."""


class Settings(LimitSettings, AccessSettings, TraceSettings, BaseSettings):
    """The settings of a server. In the environment each name is in capitals after `LOTKEEPER_`.

    A field's description is the help of its flag.
    """

    model_config = SettingsConfigDict(
        env_prefix="LOTKEEPER_", env_ignore_empty=True, extra="forbid", frozen=True, hide_input_in_errors=True
    )
    config_file: ClassVar[Path | None] = None

    database_url: Annotated[
        str,
        Field(
            repr=False,  # a password may stand in it
            description="The store: sqlite:///FILE, postgresql+psycopg://USER@HOST/DATABASE or "
            "mariadb+pymysql://USER@HOST/DATABASE. Other users of the machine can read a password here: give "
            "--database-url-file. [default: sqlite:///data/lotkeeper.db]",
        ),
    ] = DEFAULT_DATABASE_URL
    database_url_file: Annotated[
        Path | None, Field(description="A file that holds the URL of the store, in place of --database-url.")
    ] = None
    listen: Annotated[
        str, Field(pattern=r"^.+:\d{1,5}$", description="HOST:PORT to listen on; port 0 takes a free one.")
    ] = "127.0.0.1:50051"
    transport: Annotated[
        Literal["core", "aio"],
        Field(description="core: gRPC's completion queue; aio: grpc.aio, which is slower."),
    ] = "core"
    processes: Annotated[
        int,
        Field(ge=1, le=256, description="How many processes serve, on a server database; take one for each core."),
    ] = 1
    end_date_future_hours: Annotated[
        float, Field(ge=0, le=8_760, description="How far in the future the end of a record may lie.")
    ] = 24
    end_date_past_days: Annotated[
        float, Field(ge=0, le=36_500, description="How far in the past the end of a record may lie.")
    ] = 7
    backdating_tolerance_seconds: Annotated[
        float,
        Field(
            ge=0,
            le=86_400,
            description="A fall or a count that ended less than this before the latest end of its stock is looked at "
            "as if it came after: the clocks of callers differ.",
        ),
    ] = 60
    request_id_days: Annotated[float, Field(gt=0, le=3_650, description="How long request ids are kept.")] = 30
    audit_days: Annotated[
        float,
        Field(ge=0, le=36_500, description="How many days of events stay in the store when `audit archive` is run."),
    ] = 400
    temporary_folder: Annotated[
        Path | None,
        Field(
            description="A folder for temporary files, on a local disk. A folder that only the server's user can enter "
            "is made in it. [default: the system's]"
        ),
    ] = None
    time_zone: Annotated[
        str,
        AfterValidator(known_time_zone),
        Field(description="The plant's time zone, an IANA name such as Europe/Vienna: what a written day means."),
    ] = "UTC"
    reflection: Annotated[bool, Field(description="Whether tools may ask for the contract.")] = True
    tls_certificate_file: Annotated[Path | None, Field(description="PEM file; serves with TLS.")] = None
    tls_key_file: Annotated[Path | None, Field(description="PEM file of the certificate's key.")] = None
    allow_plaintext: Annotated[
        bool, Field(description="Whether to serve without TLS where other machines can reach the server.")
    ] = False
    shutdown_seconds: Annotated[
        float, Field(gt=0, le=60, description="How long calls in progress may still take at shutdown.")
    ] = 8
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="debug, info, warning or error.")
    ] = "info"
    log_format: Annotated[Literal["json", "console"], Field(description="json or console.")] = "json"

    slow_call_seconds: Annotated[
        float,
        Field(ge=0.001, le=3_600, description="A call with one request and one answer that takes longer is logged."),
    ] = 1.0
    metrics_listen: Annotated[
        str | None,
        Field(
            pattern=r"^.+:\d{1,5}$",
            description="HOST:PORT for /metrics, /healthz and /readyz by HTTP, without tokens. [default: none]",
        ),
    ] = None
    http_listen: Annotated[
        str | None,
        Field(
            pattern=r"^.+:\d{1,5}$",
            description="HOST:PORT for the same methods by HTTP: JSON, Connect and gRPC-Web; and for /docs. "
            "[default: none]",
        ),
    ] = None
    http_allowed_origins: Annotated[
        str,
        AfterValidator(known_origins),
        Field(
            description="The sites whose pages may call by HTTP, with commas between them, such as "
            "https://plant.example.com; * for all. [default: none]"
        ),
    ] = ""

    @property
    def http_origins(self) -> tuple[str, ...]:
        """The sites whose pages may call."""
        return tuple(filter(None, self.http_allowed_origins.split(",")))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, then the environment, then the file."""
        sources = (init_settings, env_settings, TomlConfigSettingsSource(settings_cls, cls.config_file))
        return tuple(WithSecretFiles(settings_cls, source, "database_url") for source in sources)


def _check_readable(config_file: Path) -> None:
    try:
        if not config_file.is_file():
            raise SettingsFault(f"there is no settings file {config_file}")
        config_file.open("rb").close()
    except OSError as error:
        raise SettingsFault(f"the settings file {config_file} cannot be read: {error.strerror}") from None


def _fault_text(error: ErrorDetails) -> str:
    """What is wrong with a setting, in words that do not need pydantic's manual."""
    name = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        meant = get_close_matches(name, Settings.model_fields, 1)
        advice = f"did you mean {meant[0]}?" if meant else "lotkeeper-server serve --help names all"
        return f"{name} is not a setting: {advice}"
    if name == "listen" and error["type"] == "string_pattern_mismatch":
        return "listen: give HOST:PORT, such as 127.0.0.1:50051"
    return f"{name}: {error['msg']}"


def settings_fault(error: ValidationError) -> SettingsFault:
    """Everything that is wrong with settings, in one line."""
    return SettingsFault("; ".join(map(_fault_text, error.errors())))


def read_settings(flags: dict[str, Any], config_file: Path | None) -> Settings:
    """The settings in force.

    Args:
        flags: what the command line gave; None for what it did not give.
        config_file: a TOML file, or None.

    Raises:
        SettingsFault: for an unknown name, a bad value or an unreadable file, naming it.
    """
    if config_file is not None:
        _check_readable(config_file)
    if unknown := unknown_variable((name for name, value in os.environ.items() if value), Settings.model_fields):
        raise SettingsFault(unknown)
    sourced = type("Settings", (Settings,), {"config_file": config_file, "__annotations__": {"config_file": ClassVar}})
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        settings: Settings = sourced(**given)
    except ValidationError as error:
        raise settings_fault(error) from None
    except SettingsFault:
        raise
    except ValueError as error:
        raise SettingsFault(f"the settings file {config_file} is not TOML: {error}") from None
    for name in ("listen", "metrics_listen", "http_listen"):
        address = getattr(settings, name)
        if address is not None and int(port := address.rpartition(":")[2]) > _PORT_MAX:
            raise SettingsFault(f"{name}: {port} is not a port; the largest is {_PORT_MAX}")
    if settings.processes > 1 and settings.database_url.startswith("sqlite"):
        raise SettingsFault(
            "processes: more than one needs a server database; the embedded store has one writer at a time"
        )
    if (settings.tls_certificate_file is None) != (settings.tls_key_file is None):
        raise SettingsFault("tls_certificate_file and tls_key_file must be given together or not at all")
    if settings.tls_client_ca_file is not None and settings.tls_certificate_file is None:
        raise SettingsFault("tls_client_ca_file needs tls_certificate_file and tls_key_file")
    settings.check_together()
    settings.check_traces()
    return settings
