"""Google's common .proto files, which the contract imports and does not keep: from the installed package.

python protos/googleapis.py DIR    makes DIR/google/..., the folder that buf.yaml has beside the contract

protoc takes `include_folder()` as an include path. Callers in other languages have these files, and what is made of
them, from libraries of their own: nothing of Google's is generated or published with the contract.
"""

import shutil
import sys
from pathlib import Path
from typing import Final

from google.rpc import status_pb2

FOLDERS: Final = ("api", "rpc", "type")


def include_folder() -> Path:
    """Where `google/rpc/status.proto` and the others lie: googleapis-common-protos has them beside its modules."""
    return Path(str(status_pb2.__file__)).parents[2]


def copy_to(folder: Path) -> None:
    """Makes a folder with the same files and nothing else."""
    shutil.rmtree(folder / "google", ignore_errors=True)
    for name in FOLDERS:
        target = folder / "google" / name
        target.mkdir(parents=True)
        for source in sorted((include_folder() / "google" / name).glob("*.proto")):
            shutil.copyfile(source, target / source.name)


if __name__ == "__main__":
    copy_to(Path(sys.argv[1]))
