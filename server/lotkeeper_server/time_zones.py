"""Time zones by their IANA names: of the system, or of the package tzdata where the system has none."""

from zoneinfo import ZoneInfo


def known_time_zone(name: str) -> str:
    """The name of a time zone, if it is one.

    Raises:
        ValueError: there is no such zone.
    """
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not found, a folder's name, a path, a file that is no zone
        raise ValueError(f"{name} is not a time zone such as Europe/Vienna") from None
    return name
