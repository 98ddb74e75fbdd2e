"""The closed vocabularies, numbered as in the contract (a test compares both)."""

from enum import IntEnum


class InventoryOperationType(IntEnum):
    """What an operation does to stock."""

    CONSUME = 1
    UNCONSUME = 2
    PRODUCE = 3
    SCRAP = 4
    SCRAP_ALL = 5
    RETURN = 6
    RECEIVE = 7
    RECEIVE_AND_CONSUME = 8
    SHIP = 9


class LotRecordType(IntEnum):
    """What a record says was done."""

    CONSUME = 1
    UNCONSUME = 2
    PRODUCE = 3
    MOVE = 4
    SPLIT = 5
    MERGE = 6
    SCRAP = 7
    RETURN = 8
    STATUS_CHANGE = 9
    EDIT = 10
    RECEIVE = 11
    SHIP = 12


class LotStatus(IntEnum):
    """What may be done with a lot; OPEN and AVAILABLE are usable."""

    OPEN = 1
    AVAILABLE = 2
    QA_HOLD = 3
    EXPIRED = 4
    SHIPPED = 5
    CLOSED = 6


class Status(IntEnum):
    """How far an operation, a record or a production order is."""

    IDLE = 1
    RUNNING = 2
    COMPLETED = 3
    FAULTED = 4
    CANCELLED = 5
    UNKNOWN = 6
    PAUSED = 7


class LocationType(IntEnum):
    """Level in the equipment hierarchy."""

    ENTERPRISE = 1
    COMPANY = 2
    SITE = 3
    AREA = 4
    LINE = 5
    CELL_GROUP = 6
    CELL = 7
    UNIT = 8


class ProcessType(IntEnum):
    """How a location works."""

    STORAGE = 1
    CONTINUOUS = 2
    BATCH = 3
    DISCRETE = 4
    NONE = 5


class LotStorageStrategy(IntEnum):
    """What happens when stock rises where another lot is in stock."""

    ALLOW_MULTIPLE = 1
    ALLOW_SINGLE_OR_THROW = 2
    MERGE_INTO_PREVIOUS = 3
    MERGE_INTO_NEW = 4
    NO_STORAGE = 5


class LotUseStrategy(IntEnum):
    """The order in which a pick takes lots."""

    FIFO = 1
    LIFO = 2
    FEFO = 3


class LotResolutionStrategy(IntEnum):
    """Where the lot comes from when the call names none."""

    AUTO_GENERATE = 1
    MANUAL = 2
    EXPRESSION = 3
    FROM_LOCATION = 4


class MaterialSource(IntEnum):
    """Where the material comes from."""

    STATIC = 1
    MANUAL = 2
    EXPRESSION = 3
    PARENT = 4


class InventoryNameResolutionStrategy(IntEnum):
    """Where the inventory name comes from when the call gives none."""

    STATIC = 1
    MANUAL = 2
    EXPRESSION = 3
    AUTO_GENERATE = 4


class UnitOfMeasureResolutionStrategy(IntEnum):
    """Where the unit comes from."""

    STATIC = 1
    FROM_CONTEXT = 2


class TriggerSource(IntEnum):
    """What starts an operation, for a future trigger engine."""

    EXPRESSION = 1
    MANUAL = 2
    PARENT = 3


class TriggerType(IntEnum):
    """The edge of an expression that triggers."""

    RISING_EDGE = 1
    FALLING_EDGE = 2
    CHANGE = 3


class QuantitySource(IntEnum):
    """Where the quantity comes from, for a future trigger engine."""

    EXPRESSION = 1
    MANUAL = 2


class QuantityCalcType(IntEnum):
    """How a trigger engine reads a counter."""

    DELTA = 1
    DIRECT = 2


class InventoryActionType(IntEnum):
    """What an action does to stock; the first nine are what operations do."""

    CONSUME = 1
    UNCONSUME = 2
    PRODUCE = 3
    SCRAP = 4
    SCRAP_ALL = 5
    RETURN = 6
    RECEIVE = 7
    RECEIVE_AND_CONSUME = 8
    SHIP = 9
    MOVE = 10
    SPLIT = 11
    MERGE = 12
    EDIT = 13
    STATUS_CHANGE = 14


class TraceDirection(IntEnum):
    """The direction of a trace: towards what went into a lot, towards what it went into, or both."""

    INPUT = 1
    OUTPUT = 2
    BOTH = 3


class InventoryGroupBy(IntEnum):
    """By what a summary of stock groups."""

    MATERIAL = 1
    LOT = 2
    LOCATION = 3
    LOT_STATUS = 4


class ExportFormat(IntEnum):
    """The format of a file of an import or an export."""

    CSV = 1
    JSON = 2
    YAML = 3


class AuditResult(IntEnum):
    """What came of something that an event tells of: it was done, or the caller was not let do it."""

    DONE = 1
    PERMISSION_DENIED = 2
    UNAUTHENTICATED = 3
