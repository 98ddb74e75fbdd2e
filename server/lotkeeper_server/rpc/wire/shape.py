"""Step 2: the shape of a request. Reads fields into domain values, and reports all faults together."""

import hashlib

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.identifiers import Id, parse_id
from lotkeeper_server.domain.model.quantity import QuantityOutOfRange, UnusableQuantity, millionths_of, millionths_said
from lotkeeper_server.domain.model.text import name_fault, name_form, path_fault, text_fault, unnameable
from lotkeeper_server.domain.refusals import Fault, FieldViolation, InvalidArgument, Refused


class Shape:
    """Reads the fields of one request. `prefix` goes before every field path (`requests[3].`)."""

    __slots__ = ("_prefix", "_violations")

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        self._violations: list[FieldViolation] = []

    def fault(self, field: str, fault: Fault) -> None:
        """Notes a fault of a field."""
        self._violations.append(FieldViolation.of(self._prefix + field, fault))

    @property
    def has_faults(self) -> bool:
        """Whether there are any."""
        return bool(self._violations)

    def refusal(self) -> InvalidArgument | None:
        """All faults at once, if there are any."""
        return InvalidArgument.of(tuple(self._violations)) if self._violations else None

    def check(self) -> None:
        """Raises Refused with all faults at once, if there are any."""
        if refusal := self.refusal():
            raise Refused(refusal)

    def required_id(self, field: str, text: str) -> Id:
        """An id that must be given; sixteen zeros if it is wrong."""
        identifier = parse_id(text) if text else None
        if identifier is None:
            self.fault(field, Fault.malformed(f"{_shown(text)} is not a ULID") if text else Fault.required())
            return bytes(16)
        return identifier

    def id(self, field: str, text: str) -> Id | None:
        """An id that may be absent."""
        return self.required_id(field, text) if text else None

    def id_or_name(self, field: str, text: str) -> Id | str | None:
        """An id as bytes, else a name as text; None where absent."""
        if not text:
            return None
        text = name_form(text)
        identifier = parse_id(text)
        if identifier is not None:
            return identifier
        if fault := name_fault(text):
            self.fault(field, fault)
        return text

    def id_or_path(self, field: str, text: str) -> Id | str | None:
        """An id as bytes, else a path as text without a leading slash; None where absent."""
        if not text:
            return None
        form = name_form(text, limits.PATH_CODE_POINTS_MAX)
        identifier = parse_id(form)
        if identifier is not None:
            return identifier
        path = form.removeprefix("/")
        if fault := path_fault(path):
            self.fault(field, fault)
        return path

    def name(self, field: str, text: str) -> str | None:
        """A name in its one form; None where absent."""
        if not text:
            return None
        form = name_form(text)
        if fault := name_fault(form):
            self.fault(field, fault)
        return form

    def beginning(self, field: str, text: str) -> str:
        """How a name begins, in the one form of names; empty where absent."""
        form = name_form(text)
        if len(form) > limits.NAME_CODE_POINTS_MAX:
            self.fault(field, Fault.too_long(f"is longer than {limits.NAME_CODE_POINTS_MAX} code points"))
        elif fault := unnameable(form):
            self.fault(field, fault)
        return form

    def text(self, field: str, text: str, code_points_max: int = limits.TEXT_CODE_POINTS_MAX) -> str:
        """Free text, tab and line feed allowed; empty where absent."""
        if text and (fault := text_fault(text, code_points_max)):
            self.fault(field, fault)
        return text

    def quantity(self, field: str, value: float | None) -> int | None:
        """Millionths; zero, or a number that rounds to zero, stays zero: a later step decides whether it may be."""
        if value is None:
            return None
        try:
            return millionths_of(value)
        except QuantityOutOfRange:
            self.fault(field, Fault.out_of_range(f"{value!r} is not a quantity: a number from 0 to below 9.2e12"))
            return None

    def exact_quantity(
        self, field: str, text: str, double: float | None, *, may_be_negative: bool = False
    ) -> int | None:
        """Millionths of an exact text, which must be the same double as the one beside it, if that is given."""
        try:
            return millionths_said(text, double, may_be_negative=may_be_negative)
        except UnusableQuantity as error:
            self.fault(field, error.fault)
            return None

    def millis(self, field: str, value: int | None) -> int | None:
        """Milliseconds since the epoch, years 1970 to 9999."""
        if value is not None and not limits.MILLIS_MIN <= value <= limits.MILLIS_MAX:
            self.fault(field, Fault.out_of_range(f"{value} is outside the years 1970 to 9999"))
            return None
        return value

    def request_id(self, field: str, text: str) -> str | None:
        """1 to 128 printable ASCII characters; None where absent."""
        if not text:
            return None
        characters_max = limits.REQUEST_ID_CHARACTERS_MAX
        if len(text) > characters_max or not (text.isascii() and text.isprintable()):
            wrong = Fault.too_long if len(text) > characters_max else Fault.malformed
            self.fault(field, wrong(f"must be 1 to {characters_max} printable ASCII characters"))
        return text


def fingerprint(method: str, *fields: object) -> bytes:
    """SHA-256 of a method and the meaning of its fields: two requests with the same one are the same request."""
    return hashlib.sha256(repr((method, *fields)).encode()).digest()


def _shown(text: str) -> str:
    shown = limits.REFUSAL_SHOWN_CODE_POINTS_MAX
    return text if len(text) <= shown else text[:shown] + "…"
