"""Go."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.contract_in_languages.workshop import Workshop

PROTOBUF: Final = "v1.36.10"
GRPC: Final = "v1.77.0"
GRPC_PLUGIN: Final = "v1.6.0"
GO_MODULE: Final = "github.com/lotkeeper/lotkeeper/clients/go"


def go(workshop: Workshop) -> str:
    """Compiled, and run beside Google's own packages: two files of one name stop a program at its start."""
    workshop.needs("go", "mvn")
    programs, room = workshop.tools / "bin", workshop.room("go")
    for name, version in (
        ("google.golang.org/protobuf/cmd/protoc-gen-go", PROTOBUF),
        ("google.golang.org/grpc/cmd/protoc-gen-go-grpc", GRPC_PLUGIN),
    ):
        if not (programs / Path(name).name).exists():
            workshop.run("go", "install", f"{name}@{version}", GOBIN=str(programs))
    outs = [f"--{kind}_out={room}" for kind in ("go", "go-grpc")]
    options = [f"--{kind}_opt=module={GO_MODULE}" for kind in ("go", "go-grpc")]
    plugins = [f"--plugin=protoc-gen-{kind}={programs / f'protoc-gen-{kind}'}" for kind in ("go", "go-grpc")]
    workshop.protoc(*plugins, *outs, *options)
    (room / "main.go").write_text(f"""package main

import (
	"fmt"

	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"

	inventoryv1 "{GO_MODULE}/lotkeeper/inventory/v1"
)

func main() {{
	values := inventoryv1.ErrorReason_ERROR_REASON_UNSPECIFIED.Descriptor().Values()
	value := values.ByName("ERROR_REASON_LOT_NOT_FOUND")
	info := proto.GetExtension(value.Options(), inventoryv1.E_ReasonInfo).(*inventoryv1.ReasonInfo)
	fmt.Print(info.GetCode(), " ", (&status.Status{{Code: 5}}).GetCode())
}}
""")
    workshop.run("go", "mod", "init", GO_MODULE, cwd=room)
    workshop.run("go", "get", f"google.golang.org/grpc@{GRPC}", cwd=room)
    workshop.run("go", "mod", "tidy", cwd=room)
    workshop.run("go", "vet", "./...", cwd=room)
    said = workshop.run("go", "run", ".", cwd=room)
    assert said == "NOT_FOUND 5", said
    return "compiled and run"
