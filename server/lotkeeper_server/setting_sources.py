"""Where settings come from: each source may name a file that holds a secret in place of the secret itself."""

from pathlib import Path
from typing import Any, Final

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

_SECRET_BYTES_MAX: Final = 8_192
_BYTE_ORDER_MARK: Final = "\ufeff"


class SettingsFault(ValueError):
    """A setting that is unknown or has a bad value; the text names it, and does not show what is in it."""


class WithSecretFiles(PydanticBaseSettingsSource):
    """A source, with what is in the file `NAME_file` as `NAME`; so that flags still win over the environment."""

    def __init__(self, settings_class: type[BaseSettings], source: PydanticBaseSettingsSource, name: str) -> None:
        super().__init__(settings_class)
        self._source = source
        self._name = name

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self._source.get_field_value(field, field_name)

    def __call__(self) -> dict[str, Any]:
        values = self._source()
        file_name = f"{self._name}_file"
        if not (path := values.get(file_name)):
            return values
        if self._name in values:
            raise SettingsFault(f"{self._name} and {file_name} say the same: give one of them")
        return {**values, self._name: read_secret(Path(path), file_name)}


def read_secret(path: Path, setting: str) -> str:
    """What is in a file: one line, without the white space around it, and without UTF-8's byte order mark.

    Args:
        path: of the file.
        setting: that names it.

    Raises:
        SettingsFault: where the file cannot be read, or holds more than a line.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_SECRET_BYTES_MAX + 1).decode().removeprefix(_BYTE_ORDER_MARK).strip()
    except OSError as error:
        raise SettingsFault(f"{setting}: {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:  # its text repeats a part
        raise SettingsFault(f"{setting}: {path} is not UTF-8") from None
    if not text:
        raise SettingsFault(f"{setting}: {path} is empty")
    if len(text) > _SECRET_BYTES_MAX or not text.isprintable():
        raise SettingsFault(f"{setting}: {path} must hold one line without control characters")
    return text
