"""The contract as descriptors, with comments and JSON names, and what it depends on.

python protos/descriptors.py FILE    writes it as a FileDescriptorSet: what grpcurl calls a protoset
"""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from google.protobuf import descriptor_pb2
from googleapis import include_folder

PROTOS: Final = Path(__file__).parent
PACKAGE: Final = "lotkeeper.inventory.v1"


def sources() -> list[str]:
    """The files of the contract, by their paths in it."""
    return sorted(str(path.relative_to(PROTOS)) for path in (PROTOS / PACKAGE.replace(".", "/")).glob("*.proto"))


def protoc(*arguments: str) -> None:
    """Compiles the contract.

    Raises:
        subprocess.CalledProcessError: protoc has said why not.
    """
    paths = (f"--proto_path={PROTOS}", f"--proto_path={include_folder()}")
    command = [sys.executable, "-m", "grpc_tools.protoc", *paths, *arguments, *sources()]
    subprocess.run(command, check=True)  # noqa: S603 - our own files, our own tools


def descriptor_set() -> descriptor_pb2.FileDescriptorSet:
    """The contract and all that it imports, each file after those that it needs; ours with comments."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "contract.binpb"
        protoc("--include_imports", "--include_source_info", f"--descriptor_set_out={target}")
        return descriptor_pb2.FileDescriptorSet.FromString(target.read_bytes())


def files() -> Sequence[descriptor_pb2.FileDescriptorProto]:
    """The contract's own files."""
    return [one for one in descriptor_set().file if one.package == PACKAGE]


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(descriptor_set().SerializeToString())
