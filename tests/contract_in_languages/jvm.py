"""Java, and Kotlin beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.contract_in_languages.workshop import PROTOC, Workshop

PROTOBUF: Final = f"4.{PROTOC}"
GRPC: Final = "1.75.0"
GRPC_KOTLIN: Final = "1.5.0"
KOTLIN: Final = "2.2.20"


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
        plugin = self.workshop.of_maven("io.grpc", "protoc-gen-grpc-java", GRPC)
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
    ("com.google.protobuf", "protobuf-java", PROTOBUF),
    ("io.grpc", "grpc-stub", GRPC),
    ("io.grpc", "grpc-protobuf", GRPC),
)


def java(workshop: Workshop) -> str:
    """Compiled against Google's own classes, of which there is one of each."""
    Jars(workshop, "java", *OF_JAVA).java_classes(workshop.room("java"))
    return "compiled"


def kotlin(workshop: Workshop) -> str:
    """Compiled beside the classes of Java, with a program that makes a request and names both kinds of Status."""
    of_kotlin = (
        ("org.jetbrains.kotlin", "kotlin-compiler-embeddable", KOTLIN),
        ("com.google.protobuf", "protobuf-kotlin", PROTOBUF),
        ("io.grpc", "grpc-kotlin-stub", GRPC_KOTLIN),
    )
    jars, room = Jars(workshop, "kotlin", *OF_JAVA, *of_kotlin), workshop.room("kotlin")
    name = f"protoc-gen-grpc-kotlin-{GRPC_KOTLIN}-jdk8.jar"
    generator = workshop.tools / "bin" / name
    if not generator.exists():
        what = f"io.grpc:protoc-gen-grpc-kotlin:{GRPC_KOTLIN}:jar:jdk8"
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
    print("${request.hasQuantity()} ${room.hasCapacity} ${room.hasCapacity()}")
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
    assert said == "true true false STATUS_IDLE NOT_FOUND", said
    return "compiled and run"
