"""The bytes of a document as plain trees, YAML or JSON, with a limit for everything that comes from outside.

The field decides what an unquoted word means: `erp_id: 007` keeps its zeros, and a lot may be named `no`.
"""

from typing import Final

from lotkeeper_server.catalog.breathing import Breath, Stopped
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.enumerations import ExportFormat
from lotkeeper_server.plant.json_reading import read_json
from lotkeeper_server.plant.tree import Tree, TreeBuilder, Unreadable
from lotkeeper_server.plant.yaml_reading import read_yaml

STEPS_BETWEEN_BREATHS: Final = 128
"""Values that are read in a millisecond or less."""


def read_tree(
    data: bytes | bytearray,
    document_format: ExportFormat,
    breath: Breath,
    bytes_max: int = limits.PLANT_UNFOLDED_BYTES_MAX,
) -> Tree:
    """The tree in the bytes. A quoted text is a `str`, an unquoted value is a `Plain`.

    Args:
        data: the document.
        document_format: YAML or JSON.
        breath: called often.
        bytes_max: what the tree, and what is made of it, may take in memory.

    Raises:
        Unreadable: where there is none, or it is beyond a limit.
        Stopped: once nobody waits any more.
    """
    if len(data) > limits.PLANT_BYTES_MAX:
        raise Unreadable(f"is longer than {limits.PLANT_BYTES_MAX} bytes")
    read = read_yaml if document_format is ExportFormat.YAML else read_json
    builder = TreeBuilder(bytes_max)
    try:
        read(data, builder, breath.with_steps_between(STEPS_BETWEEN_BREATHS))
    except (Unreadable, Stopped):
        builder.let_go()
        raise
    return builder.root
