"""Generates the Python stubs from the contract, or proves that the committed ones are current.

python protos/generate.py DIR            writes DIR/lotkeeper/inventory/v1/*_pb2*.py[i]
python protos/generate.py --check DIR    exits 1 and names the files that differ
"""

import argparse
import filecmp
import re
import sys
import tempfile
from pathlib import Path

from descriptors import protoc

PACKAGE = Path("lotkeeper/inventory/v1")

# Those that lotkeeper/_protobuf stands for, so that messages have types where protobuf has none.
UNTYPED = "message|timestamp_pb2|field_mask_pb2|decimal_pb2|status_pb2|containers|enum_type_wrapper"
IMPORT_OF_UNTYPED = re.compile(
    rf"^from google\.(?:protobuf|protobuf\.internal|type|rpc) import ({UNTYPED}) as ", re.MULTILINE
)


def generate(target: Path) -> None:
    """Writes the stubs of every .proto of the package below `target`."""
    binaries = Path(sys.executable).parent
    protoc(
        f"--plugin=protoc-gen-mypy={binaries / 'protoc-gen-mypy'}",
        f"--plugin=protoc-gen-mypy_grpc={binaries / 'protoc-gen-mypy_grpc'}",
        f"--python_out={target}",
        f"--grpc_python_out={target}",
        f"--mypy_out=quiet:{target}",
        f"--mypy_grpc_out=quiet:{target}",
    )
    for stub in (target / PACKAGE).glob("*_pb2.pyi"):
        stub.write_text(IMPORT_OF_UNTYPED.sub(r"from lotkeeper._protobuf import \1 as ", stub.read_text()))
    for folder in (PACKAGE.parent, PACKAGE):
        (target / folder / "__init__.py").write_text('"""Generated from the contract; see protos/."""\n')


def main() -> int:
    """Runs the command line; the exit status is 1 if stubs are not current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    if not arguments.check:
        generate(arguments.target)
        return 0
    with tempfile.TemporaryDirectory() as fresh:
        generate(Path(fresh))
        names = {path.name for path in (Path(fresh) / PACKAGE).iterdir() if path.is_file()}
        committed = {path.name for path in (arguments.target / PACKAGE).iterdir() if path.is_file()}
        differing = sorted(
            name
            for name in names | committed
            if name not in names & committed
            or not filecmp.cmp(Path(fresh) / PACKAGE / name, arguments.target / PACKAGE / name, shallow=False)
        )
    if differing:
        print("stubs are not current, run `make protos`:", *differing, sep="\n  ", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
