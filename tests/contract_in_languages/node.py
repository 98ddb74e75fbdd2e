"""TypeScript, for Connect and for grpc-js."""

from __future__ import annotations

import shutil
from typing import Final

from tests.contract_in_languages.workshop import Workshop

PROTOBUF_ES: Final = "2.10.0"
TS_PROTO: Final = "2.18.0"
GRPC_JS: Final = "1.14.7"


def typescript(workshop: Workshop) -> str:
    """Compiled, as Connect-ES takes it."""
    workshop.needs("npm", "mvn")
    modules = workshop.tools / "node"
    modules.mkdir(exist_ok=True)
    if not (modules / "node_modules/@bufbuild/protoc-gen-es").exists():
        wanted = [f"@bufbuild/{name}@{PROTOBUF_ES}" for name in ("protoc-gen-es", "protobuf")]
        workshop.run(
            "npm", "install", "--no-audit", "--no-fund", "--prefix", modules, *wanted, "typescript@5", cwd=modules
        )
    room = modules / "made"
    shutil.rmtree(room, ignore_errors=True)
    room.mkdir()
    plugin = modules / "node_modules/.bin/protoc-gen-es"
    # There is no package of Google's files for it: they are made, too, and nowhere else.
    google = [f"google/{name}.proto" for name in (
        "api/field_behavior", "rpc/code", "rpc/error_details", "rpc/status", "type/decimal"
    )]  # fmt: skip
    workshop.protoc(f"--plugin=protoc-gen-es={plugin}", f"--es_out={room}", "--es_opt=target=ts", *google)
    (room / "tsconfig.json").write_text(
        '{"compilerOptions": {"strict": true, "target": "es2022", "module": "nodenext", "noEmit": true}}'
    )
    workshop.run(modules / "node_modules/.bin/tsc", "-p", room, cwd=modules)
    return "compiled"


def grpc_js(workshop: Workshop) -> str:
    """Compiled, as ts-proto makes it for grpc-js."""
    workshop.needs("npm", "mvn")
    modules = workshop.tools / "grpc-js"
    modules.mkdir(exist_ok=True)
    if not (modules / "node_modules/ts-proto").exists():
        protobuf = f"@bufbuild/protobuf@{PROTOBUF_ES}"
        wanted = [
            f"ts-proto@{TS_PROTO}",
            f"@grpc/grpc-js@{GRPC_JS}",
            protobuf,
            "typescript@5",
            "@types/node@20",
        ]
        workshop.run("npm", "install", "--no-audit", "--no-fund", "--prefix", modules, *wanted, cwd=modules)
    room = modules / "made"
    shutil.rmtree(room, ignore_errors=True)
    room.mkdir()
    plugin = modules / "node_modules/.bin/protoc-gen-ts_proto"
    options = "outputServices=grpc-js,env=node,esModuleInterop=true,importSuffix=.js,forceLong=bigint"
    workshop.protoc(f"--plugin=protoc-gen-ts_proto={plugin}", f"--ts_proto_out={room}", f"--ts_proto_opt={options}")
    (room / "package.json").write_text('{"type": "module"}')
    (room / "tsconfig.json").write_text(
        '{"compilerOptions": {"strict": true, "target": "es2022", "module": "nodenext", "noEmit": true,'
        ' "types": ["node"]}}'
    )
    workshop.run(modules / "node_modules/.bin/tsc", "-p", room, cwd=modules)
    return "compiled"
