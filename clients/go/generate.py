"""Generates the Go messages and stubs from the contract, or proves that the committed ones are current.

python clients/go/generate.py PLUGINS            writes clients/go/lotkeeper/inventory/v1/*.pb.go
python clients/go/generate.py --check PLUGINS    exits 1 and names the files that differ

PLUGINS is the folder of protoc-gen-go and protoc-gen-go-grpc. What the contract imports of googleapis is that of the
Python package googleapis-common-protos; its Go twin is google.golang.org/genproto.
"""

import argparse
import filecmp
import subprocess
import sys
import tempfile
from pathlib import Path

import google.rpc

HERE = Path(__file__).parent
PROTOS = HERE.parents[1] / "protos"
PACKAGE = Path("lotkeeper/inventory/v1")
MODULE = "github.com/lotkeeper/lotkeeper/clients/go"


def generate(plugins: Path, target: Path) -> None:
    """Writes the code of every .proto of the package below `target`."""
    googleapis = Path(google.rpc.__path__[0]).parents[1]
    sources = sorted(str(path.relative_to(PROTOS)) for path in (PROTOS / PACKAGE).glob("*.proto"))
    subprocess.run(  # noqa: S603 - our own files, our own tools
        [
            sys.executable,
            "-m",
            "grpc_tools.protoc",
            f"--proto_path={PROTOS}",
            f"--proto_path={googleapis}",
            f"--plugin=protoc-gen-go={plugins / 'protoc-gen-go'}",
            f"--plugin=protoc-gen-go-grpc={plugins / 'protoc-gen-go-grpc'}",
            f"--go_out={target}",
            f"--go_opt=module={MODULE}",
            f"--go-grpc_out={target}",
            f"--go-grpc_opt=module={MODULE}",
            *sources,
        ],
        check=True,
    )


def differing(plugins: Path) -> list[str]:
    """The names of the committed files that are not what the contract gives now."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        generate(plugins, fresh)
        names = {path.name for path in (fresh / PACKAGE).iterdir()}
        committed = {path.name for path in (HERE / PACKAGE).iterdir()}
        return sorted(
            name
            for name in names | committed
            if name not in names & committed
            or not filecmp.cmp(fresh / PACKAGE / name, HERE / PACKAGE / name, shallow=False)
        )


def main() -> int:
    """Runs the command line; the exit status is 1 if the code is not current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("plugins", type=Path)
    arguments = parser.parse_args()
    if not arguments.check:
        for old in (HERE / PACKAGE).glob("*.pb.go"):
            old.unlink()
        generate(arguments.plugins.resolve(), HERE)
        return 0
    names = differing(arguments.plugins.resolve())
    if names:
        print("the Go code is not current, run `make clients-go`:", *names, sep="\n  ", file=sys.stderr)
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())
