"""Makes the Java client's classes of methods from the contract, or proves that the committed ones are current.

python clients/java/methods.py           writes *Methods.java, a class for each service
python clients/java/methods.py --check   exits 1 and names those that differ
"""

import re
import sys
import textwrap
from importlib import import_module
from pathlib import Path
from typing import Any, Final

JAVA: Final = Path(__file__).parent
PROTOS: Final = JAVA.parents[1] / "protos" / "lotkeeper" / "inventory" / "v1"
TARGET: Final = JAVA / "src" / "main" / "java" / "com" / "lotkeeper" / "client"
SERVICES: Final = (
    "inventory_operation_service",
    "inventory_service",
    "master_data_service",
    "trace_service",
    "audit_service",
    "access_service",
)
LINE_MAX: Final = 120
RPC: Final = re.compile(r"((?:^ *//[^\n]*\n)+) *rpc (\w+)\(", re.MULTILINE)
SERVICE: Final = re.compile(r"((?:^//[^\n]*\n)+)service (\w+) ", re.MULTILINE)


def made(module: str) -> tuple[str, str]:
    """The name of a service's class of methods, and its text."""
    [service] = import_module(f"lotkeeper.inventory.v1.{module}_pb2").DESCRIPTOR.services_by_name.values()
    contract = (PROTOS / f"{module}.proto").read_text()
    said = {name: _plain(comment) for comment, name in (*RPC.findall(contract), *SERVICE.findall(contract))}
    class_name = service.name.removesuffix("Service") + "Methods"
    methods = "\n".join(_method(service.name, method, said[method.name]) for method in service.methods)
    about = _doc(said[service.name], "", ["Made from the contract; {@link LotkeeperClient} has it."])
    body = f"""{about}public final class {class_name} {{
  private final Calls calls;

  {class_name}(Calls calls) {{
    this.calls = calls;
  }}

{methods.rstrip()}
}}
"""
    return class_name, f"package com.lotkeeper.client;\n\n{_imports(body)}\n{body}"


def _method(service: str, method: Any, comment: str) -> str:
    request, response = method.input_type.name, method.output_type.name
    name = method.name[0].lower() + method.name[1:]
    of_grpc = f"{service}Grpc.get{method.name}Method()"
    if method.client_streaming:
        return _upload(name, of_grpc, request, response, comment)
    if method.server_streaming and "resume_token" in method.output_type.fields_by_name:
        return _watch(name, of_grpc, request, response, comment)
    if method.server_streaming:
        return _download(name, of_grpc, request, response, comment)
    if "next_page_token" in method.output_type.fields_by_name:
        [items] = [one for one in method.output_type.fields if one.is_repeated]
        getter = f"{response}::get{_camel(items.name)}List"
        pages = _doc(
            comment,
            "  ",
            [],
            ("request", "the filters, and the size of a page"),
            "the items of all pages, read as they are taken",
        )
        return (
            f"{pages}  public Pages<{items.message_type.name}> {name}({request} request) {{\n"
            f"    return calls.pages({of_grpc}, request, {getter});\n  }}\n\n"
            + _unary(name + "Page", of_grpc, request, response, f"One page of {{@link #{name}}}.")
        )
    return _unary(name, of_grpc, request, response, comment)


def _unary(name: str, of_grpc: str, request: str, response: str, comment: str) -> str:
    doc = _doc(comment, "  ", [], ("request", "what is asked for"), "the answer", "the refusal or failure")
    later = _doc(
        f"As {{@link #{name}}}, without waiting.",
        "  ",
        [],
        ("request", "what is asked for"),
        "fails with a {@link LotkeeperException}; to cancel it ends the call",
    )
    return (
        f"{doc}  public {response} {name}({request} request) {{\n    return calls.call({of_grpc}, request);\n  }}\n\n"
        f"{later}{_signature(f'public CompletableFuture<{response}> {name}Async', f'{request} request')}"
        f"    return calls.callAsync({of_grpc}, request);\n  }}\n"
    )


def _watch(name: str, of_grpc: str, request: str, response: str, comment: str) -> str:
    doc = _doc(
        comment,
        "  ",
        [],
        ("request", "the filters, and where to begin"),
        "goes on by itself after a loss of the connection; connects when it is read",
    )
    return (
        f"{doc}  public Watch<{response}> {name}({request} request) {{\n"
        f"    return calls.watch({of_grpc}, request);\n  }}\n"
    )


def _download(name: str, of_grpc: str, request: str, response: str, comment: str) -> str:
    doc = _doc(
        comment,
        "  ",
        [],
        ("request", "what is asked for"),
        "the file as it comes; reading it throws a {@link LotkeeperException} where the call is refused",
    )
    return (
        f"{doc}  public InputStream {name}({request} request) {{\n"
        f"    return calls.download({of_grpc}, request, {response}::getData);\n  }}\n"
    )


def _upload(name: str, of_grpc: str, request: str, response: str, comment: str) -> str:
    doc = _doc(
        comment,
        "  ",
        ["Sent once: the data may not be there a second time."],
        ("request", "what the data is, without the data"),
        "the answer",
        "the refusal or failure",
        ("data", "the file, which is read to its end and not closed"),
    )
    signature = _signature(f"public {response} {name}", f"{request} request, InputStream data", " throws IOException")
    return (
        f"{doc}{signature}"
        f"    return calls.upload(\n        {of_grpc},\n        request,\n        {request}.getDefaultInstance(),\n"
        "        (message, piece) -> message.toBuilder().setData(piece).build(),\n        data);\n  }\n"
    )


def _signature(name: str, parameters: str, throws: str = "") -> str:
    line = f"  {name}({parameters}){throws} {{\n"
    return line if len(line) <= LINE_MAX + 1 else f"  {name}(\n      {parameters}){throws} {{\n"


def _doc(
    comment: str,
    indent: str,
    more: list[str],
    parameter: tuple[str, str] | None = None,
    returned: str = "",
    raised: str = "",
    second: tuple[str, str] | None = None,
) -> str:
    paragraphs = [comment, *[f"<p>{one}" for one in more]]
    blocks = ["\n".join(_wrapped(one, indent)) for one in paragraphs]
    tags = [f"@param {name} {text}" for name, text in filter(None, (parameter, second))]
    tags += [f"@return {returned}"] if returned else []
    tags += [f"@throws LotkeeperException {raised}"] if raised else []
    tags += ["@throws IOException where the data cannot be read; the call is cancelled then"] if second else []
    if tags:
        blocks.append("\n".join(line for tag in tags for line in _wrapped(tag, indent, "    ")))
    text = f"\n{indent} *\n".join(blocks)
    return f"{indent}/**\n{text}\n{indent} */\n"


def _wrapped(text: str, indent: str, hanging: str = "") -> list[str]:
    start = f"{indent} * "
    return textwrap.wrap(
        text,
        LINE_MAX,
        initial_indent=start,
        subsequent_indent=start + hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _plain(comment: str) -> str:
    text = " ".join(" ".join(line.strip().removeprefix("//") for line in comment.splitlines()).split())
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "&#64;")
    return re.sub(r"`([^`]*)`", r"{@code \1}", text)


def _imports(body: str) -> str:
    known = {
        "ByteString": "com.google.protobuf.ByteString",
        "InputStream": "java.io.InputStream",
        "IOException": "java.io.IOException",
        "CompletableFuture": "java.util.concurrent.CompletableFuture",
    }
    own = {"Calls", "Pages", "Watch", "LotkeeperClient", "LotkeeperException"}
    code = re.sub(r"/\*\*.*?\*/", "", body, flags=re.DOTALL)
    words = set(re.findall(r"\b[A-Z]\w+", code)) | ({"IOException"} if "@throws IOException" in body else set())
    names = sorted(
        known.get(word) or f"com.lotkeeper.inventory.v1.{word}"
        for word in words - own
        if not word.endswith("Methods") and not re.search(rf"::{word}|\.get{word}", code)
    )
    return "".join(f"import {name};\n" for name in names)


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def main() -> int:
    """Runs the command line; the exit status is 1 if a class is not current."""
    differing = []
    for module in SERVICES:
        name, text = made(module)
        path = TARGET / f"{name}.java"
        if "--check" not in sys.argv[1:]:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            differing.append(path.name)
    if differing:
        print("classes are not current, run python clients/java/methods.py:", *differing, sep="\n  ", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
