"""The contract as others take it: stubs are made of the published descriptors in each language, and compiled.

    python -m tests.contract_in_languages FOLDER [LANGUAGE ...]

FOLDER keeps the generators from run to run. A language whose tools are not there is skipped, with the reason. It asks
the package registries of the languages.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import grpc_tools

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "protos"))

from descriptors import descriptor_set, sources  # noqa: E402 - of protos/, which is no package
from googleapis import include_folder  # noqa: E402 - the same

PROTOC: Final = "31.1"
PROTOBUF_OF: Final = {"go": "v1.36.10", "java": f"4.{PROTOC}", "es": "2.10.0", "rust": "0.14"}
GRPC_OF: Final = {"go": "v1.77.0", "go plugin": "v1.6.0", "java": "1.75.0", "kotlin": "1.5.0", "node": "1.14.7"}
KOTLIN: Final = "2.2.20"
TS_PROTO: Final = "2.18.0"
GO_MODULE: Final = "github.com/lotkeeper/lotkeeper/clients/go"
SECONDS: Final = 600


class Skipped(Exception):
    """Why a language was not looked at."""


class Workshop:
    """Where stubs are made and compiled, and with what.

    Attributes:
        tools: kept from run to run.
        made: emptied before each.
    """

    def __init__(self, folder: Path) -> None:
        self.tools = folder.resolve()
        self.made = self.tools / "made"
        (self.tools / "bin").mkdir(parents=True, exist_ok=True)

    def room(self, language: str) -> Path:
        """An empty folder for a language."""
        room = self.made / language
        shutil.rmtree(room, ignore_errors=True)
        room.mkdir(parents=True)
        return room

    def run(self, *command: str | Path, cwd: Path | None = None, **environment: str) -> str:
        """What a program says.

        Raises:
            SystemExit: where it fails, with all that it said.
        """
        done = subprocess.run(
            list(map(str, command)),
            cwd=cwd or self.tools,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if done.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
        return done.stdout

    def needs(self, *programs: str) -> None:
        """Raises Skipped where one of them is not installed."""
        for name in programs:
            if shutil.which(name) is None:
                raise Skipped(f"there is no {name}")

    def of_maven(self, group: str, name: str, version: str) -> Path:
        """A program that Maven Central has for this machine."""
        self.needs("mvn")
        program = self.tools / "bin" / f"{name}-{version}-linux-x86_64.exe"
        if not program.exists():
            what = f"{group}:{name}:{version}:exe:linux-x86_64"
            self.run("mvn", "-q", "-B", "dependency:copy", f"-Dartifact={what}", f"-DoutputDirectory={program.parent}")
        program.chmod(0o755)
        return program

    def protoc(self, *arguments: str, contract: Path | None = None) -> None:
        """Makes stubs with the generators that protoc has itself, or with a plugin.

        Args:
            arguments: what is to be made, and where.
            contract: the folder of its files, where they are not those of this repository.
        """
        program = self.of_maven("com.google.protobuf", "protoc", f"4.{PROTOC}")
        if contract is not None:
            of_protobuf = Path(grpc_tools.__path__[0]) / "_proto"
            paths = [f"-I{folder}" for folder in (contract, include_folder(), of_protobuf)]
            self.run(program, *paths, *arguments, *sources())
            return
        protoset = self.tools / "lotkeeper.protoset"
        protoset.write_bytes(descriptor_set().SerializeToString())
        self.run(program, f"--descriptor_set_in={protoset}", *arguments, *sources())


def go(workshop: Workshop) -> str:
    """Compiled, and run beside Google's own packages: two files of one name stop a program at its start."""
    workshop.needs("go", "mvn")
    programs, room = workshop.tools / "bin", workshop.room("go")
    for name, version in (
        ("google.golang.org/protobuf/cmd/protoc-gen-go", PROTOBUF_OF["go"]),
        ("google.golang.org/grpc/cmd/protoc-gen-go-grpc", GRPC_OF["go plugin"]),
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
    workshop.run("go", "get", f"google.golang.org/grpc@{GRPC_OF['go']}", cwd=room)
    workshop.run("go", "mod", "tidy", cwd=room)
    workshop.run("go", "vet", "./...", cwd=room)
    said = workshop.run("go", "run", ".", cwd=room)
    assert said == "NOT_FOUND 5", said
    return "compiled and run"


class Jars:
    """What Maven Central has for a language on the JVM, copied once; Google's own classes among it, one of each."""

    def __init__(self, workshop: Workshop, language: str, *artifacts: tuple[str, str, str]) -> None:
        workshop.needs("java", "javac", "mvn")
        self.workshop = workshop
        self.folder = workshop.tools / f"jars-{language}"
        if self.folder.exists():
            return
        dependencies = "".join(
            f"<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId><version>{version}</version></dependency>"
            for group, name, version in artifacts
        )
        project = workshop.room(f"{language}-project")
        (project / "pom.xml").write_text(
            '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>made</groupId>'
            f"<artifactId>made</artifactId><version>1</version><dependencies>{dependencies}</dependencies></project>"
        )
        copy = "dependency:copy-dependencies"
        workshop.run("mvn", "-q", "-B", copy, f"-DoutputDirectory={project / 'jars'}", cwd=project)
        (project / "jars").rename(self.folder)

    def java_classes(self, room: Path) -> Path:
        """Makes the stubs of Java in a room, and compiles them."""
        plugin = self.workshop.of_maven("io.grpc", "protoc-gen-grpc-java", GRPC_OF["java"])
        stubs, classes = room / "java", room / "classes"
        stubs.mkdir()
        self.workshop.protoc(
            f"--plugin=protoc-gen-grpc-java={plugin}", f"--java_out={stubs}", f"--grpc-java_out={stubs}"
        )
        assert not (stubs / "com/google").exists()
        (room / "files").write_text("\n".join(str(path) for path in stubs.rglob("*.java")))
        compiler = ("javac", "-nowarn", "-proc:none", "-cp", f"{self.folder}/*")
        self.workshop.run(*compiler, "-d", classes, f"@{room / 'files'}")
        return classes


OF_JAVA: Final = (
    ("com.google.protobuf", "protobuf-java", PROTOBUF_OF["java"]),
    ("io.grpc", "grpc-stub", GRPC_OF["java"]),
    ("io.grpc", "grpc-protobuf", GRPC_OF["java"]),
)


def java(workshop: Workshop) -> str:
    """Compiled against Google's own classes, of which there is one of each."""
    Jars(workshop, "java", *OF_JAVA).java_classes(workshop.room("java"))
    return "compiled"


def kotlin(workshop: Workshop) -> str:
    """Compiled beside the classes of Java, with a program that makes a request and names both kinds of Status."""
    of_kotlin = (
        ("org.jetbrains.kotlin", "kotlin-compiler-embeddable", KOTLIN),
        ("com.google.protobuf", "protobuf-kotlin", PROTOBUF_OF["java"]),
        ("io.grpc", "grpc-kotlin-stub", GRPC_OF["kotlin"]),
    )
    jars, room = Jars(workshop, "kotlin", *OF_JAVA, *of_kotlin), workshop.room("kotlin")
    name = f"protoc-gen-grpc-kotlin-{GRPC_OF['kotlin']}-jdk8.jar"
    generator = workshop.tools / "bin" / name
    if not generator.exists():
        what = f"io.grpc:protoc-gen-grpc-kotlin:{GRPC_OF['kotlin']}:jar:jdk8"
        workshop.run(
            "mvn", "-q", "-B", "dependency:copy", f"-Dartifact={what}", f"-DoutputDirectory={generator.parent}"
        )
    plugin = room / "protoc-gen-grpckt"
    plugin.write_text(f"#!/bin/sh\nexec java -jar {generator}\n")
    plugin.chmod(0o755)
    stubs = room / "kotlin"
    stubs.mkdir()
    workshop.protoc(f"--plugin=protoc-gen-grpckt={plugin}", f"--kotlin_out={stubs}", f"--grpckt_out={stubs}")
    (
        stubs / "Caller.kt"
    ).write_text("""import com.lotkeeper.inventory.v1.InventoryServiceGrpcKt.InventoryServiceCoroutineStub
import com.lotkeeper.inventory.v1.Status as LotkeeperStatus
import com.lotkeeper.inventory.v1.checkLocationHasCapacityResponse
import com.lotkeeper.inventory.v1.executeInventoryOperationRequest
import io.grpc.Status

suspend fun asked(stub: InventoryServiceCoroutineStub, request: com.lotkeeper.inventory.v1.ListInventoryRequest) =
    stub.listInventory(request).inventoryList

fun main() {
    val request = executeInventoryOperationRequest { quantity = 2.5 }
    val room = checkLocationHasCapacityResponse { hasCapacity = true }
    print("${request.hasQuantity()} ${room.hasStorageCapacity()}")
    print(" ${LotkeeperStatus.STATUS_IDLE} ${Status.Code.NOT_FOUND}")
}
""")
    classes, files = jars.java_classes(room), [str(one) for one in stubs.rglob("*.kt")]
    path = ":".join(map(str, (classes, *sorted(jars.folder.glob("*.jar")))))
    compiler = ("-cp", f"{jars.folder}/*", "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler")
    (room / "arguments").write_text(
        "\n".join(("-no-stdlib", "-no-reflect", "-nowarn", "-cp", path, "-d", f"{room}/of", *files))
    )
    workshop.run("java", "-Xmx1500m", *compiler, f"@{room / 'arguments'}")
    said = workshop.run("java", "-cp", f"{room}/of:{path}", "CallerKt")
    assert said == "true false STATUS_IDLE NOT_FOUND", said
    return "compiled and run"


def typescript(workshop: Workshop) -> str:
    """Compiled, as Connect-ES takes it."""
    workshop.needs("npm", "mvn")
    modules = workshop.tools / "node"
    modules.mkdir(exist_ok=True)
    if not (modules / "node_modules/@bufbuild/protoc-gen-es").exists():
        wanted = [f"@bufbuild/{name}@{PROTOBUF_OF['es']}" for name in ("protoc-gen-es", "protobuf")]
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
        protobuf = f"@bufbuild/protobuf@{PROTOBUF_OF['es']}"
        wanted = [
            f"ts-proto@{TS_PROTO}",
            f"@grpc/grpc-js@{GRPC_OF['node']}",
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


def rust(workshop: Workshop) -> str:
    """Compiled, by prost, which takes the descriptors."""
    workshop.needs("cargo")
    room = workshop.room("rust")
    (room / "src").mkdir()
    (room / "contract.binpb").write_bytes(descriptor_set().SerializeToString())
    prost = PROTOBUF_OF["rust"]
    (room / "Cargo.toml").write_text(
        '[package]\nname = "made"\nversion = "0.1.0"\nedition = "2021"\n\n'
        f'[dependencies]\nprost = "{prost}"\nprost-types = "{prost}"\n\n'
        f'[build-dependencies]\nprost = "{prost}"\nprost-build = "{prost}"\nprost-types = "{prost}"\n'
    )
    (room / "build.rs").write_text(
        "use prost::Message;\n\nfn main() {\n"
        '    let bytes = std::fs::read("contract.binpb").unwrap();\n'
        "    let set = prost_types::FileDescriptorSet::decode(&bytes[..]).unwrap();\n"
        '    prost_build::Config::new().include_file("all.rs").compile_fds(set).unwrap();\n}\n'
    )
    (room / "src/lib.rs").write_text('include!(concat!(env!("OUT_DIR"), "/all.rs"));\n')
    workshop.run("cargo", "check", "--quiet", cwd=room, CARGO_TARGET_DIR=str(workshop.tools / "cargo"))
    return "compiled"


def csharp(workshop: Workshop) -> str:
    """Read by Mono's compiler alone, which sees members of one name; what C# links with is on NuGet only."""
    workshop.needs("mvn")
    room = workshop.room("csharp")
    shutil.copytree(ROOT / "protos/lotkeeper", room / "protos/lotkeeper")
    [mend] = re.findall(r"^sed -i .*$", (ROOT / "docs/contract.md").read_text(), re.MULTILINE)
    workshop.run("sh", "-c", mend, cwd=room)
    workshop.protoc(f"--csharp_out={room}", contract=room / "protos")
    return read(workshop, sorted(room.glob("*.cs")), "mcs", "--parse")


def read_by(language: str, *reader: str) -> Callable[[Workshop], str]:
    """Of a language that is not compiled: its stubs are made, and each file is read by itself."""

    def make(workshop: Workshop) -> str:
        workshop.needs("mvn")
        room = workshop.room(language)
        workshop.protoc(f"--{language}_out={room}")
        return read(workshop, sorted(one for one in room.rglob("*") if one.is_file()), *reader)

    return make


def read(workshop: Workshop, made: list[Path], *reader: str) -> str:
    """What is known of files that a program has read, if it is installed."""
    assert made
    if shutil.which(reader[0]) is None:
        return f"made, not compiled, and not read, as there is no {reader[0]}: {len(made)} files"
    for file in made:
        workshop.run(*reader, file)
    return f"made, not compiled, but read without a fault by {' '.join(reader)}: {len(made)} files"


LANGUAGES: Final[dict[str, Callable[[Workshop], str]]] = {
    "go": go,
    "java": java,
    "kotlin": kotlin,
    "typescript": typescript,
    "grpc-js": grpc_js,
    "rust": rust,
    "csharp": csharp,
    "php": read_by("php", "php", "-l"),
    "ruby": read_by("ruby", "ruby", "-c"),
}


def main() -> None:
    """Makes and compiles all, or the languages that are named."""
    workshop = Workshop(Path(sys.argv[1]))
    for language in sys.argv[2:] or LANGUAGES:
        began = time.monotonic()
        try:
            outcome = LANGUAGES[language](workshop)
        except Skipped as why:
            outcome = f"skipped: {why}"
        print(f"{language}: {outcome}, {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
