"""The standard reflection service, by both names."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.reflection_pb2 import ExtensionRequest, ServerReflectionRequest, ServerReflectionResponse
from lotkeeper.inventory.v1 import inventory_operation_service_pb2
from lotkeeper_server.transport.core_server import CoreServer
from lotkeeper_server.transport.descriptor_files import json_name
from lotkeeper_server.transport.health import SERVICE, Health
from lotkeeper_server.transport.options import ServerOptions
from lotkeeper_server.transport.reflection import V1, V1ALPHA, Reflection

from tests.integration.transport.served import SERVERS, Server

OF_THE_CONTRACT = "lotkeeper.inventory.v1.InventoryOperationService"
NAMES = pytest.mark.parametrize("name", [V1, V1ALPHA])
NOT_FOUND, INVALID_ARGUMENT = 5, 3


@asynccontextmanager
async def reflected(kind: type[Server] = CoreServer) -> AsyncIterator[tuple[Any, str]]:
    health = Health([OF_THE_CONTRACT])
    health.tell(serving=True)
    methods = Reflection([OF_THE_CONTRACT, SERVICE]).methods() | health.methods()
    server = kind(methods, ServerOptions(), asyncio.get_running_loop())
    address = f"127.0.0.1:{server.listen('127.0.0.1:0')}"
    server.start()
    async with grpc.aio.insecure_channel(address) as channel:
        yield channel, address
    await server.close()


async def ask(channel: Any, name: str, *requests: ServerReflectionRequest) -> list[ServerReflectionResponse]:
    call = channel.stream_stream(f"/{name}/ServerReflectionInfo")(one.SerializeToString() for one in requests)
    return [ServerReflectionResponse.FromString(answer) async for answer in call]


def symbol(name: str) -> ServerReflectionRequest:
    return ServerReflectionRequest(file_containing_symbol=name)


def files(response: ServerReflectionResponse) -> list[descriptor_pb2.FileDescriptorProto]:
    parse = descriptor_pb2.FileDescriptorProto.FromString
    return [parse(one) for one in response.file_descriptor_response.file_descriptor_proto]


def symbols(file: FileDescriptor) -> list[str]:
    """All that has a full name in a file."""
    names = [extension.full_name for extension in file.extensions_by_name.values()]
    for service in file.services_by_name.values():
        names += [service.full_name, *(method.full_name for method in service.methods)]
    enums = list(file.enum_types_by_name.values())
    messages = list(file.message_types_by_name.values())
    while messages:
        message = messages.pop()
        messages += message.nested_types
        enums += message.enum_types
        names += [message.full_name, *(field.full_name for field in message.fields)]
        names += [f"{message.full_name}.{oneof.name}" for oneof in message.oneofs]
    names += [enum.full_name for enum in enums]
    return names


@NAMES
@pytest.mark.parametrize("kind", SERVERS)
async def test_every_service_listed_is_found_with_its_methods(kind: type[Server], name: str) -> None:
    async with reflected(kind) as (channel, _address):
        [listed] = await ask(channel, name, ServerReflectionRequest(host="here", list_services=""))
        services = [one.name for one in listed.list_services_response.service]
        assert services == sorted([OF_THE_CONTRACT, SERVICE, V1, V1ALPHA])
        assert listed.valid_host == "here"
        assert listed.original_request.host == "here"
        for service in services:
            [found] = await ask(channel, name, symbol(service))
            first = files(found)[0]
            assert service in {f"{first.package}.{one.name}" for one in first.service}


@NAMES
async def test_every_symbol_of_the_contract_is_found(name: str) -> None:
    async with reflected() as (channel, _address):
        pool: Any = descriptor_pool.Default()
        contract = inventory_operation_service_pb2.DESCRIPTOR
        for file in (contract, *contract.dependencies, pool.FindFileContainingSymbol(V1)):
            names = symbols(file)
            answers = await ask(channel, name, *(symbol(one) for one in names))
            assert [files(answer)[0].name for answer in answers] == [file.name] * len(names), file.name


async def test_a_file_comes_with_all_it_depends_on_and_builds() -> None:
    async with reflected() as (channel, _address):
        name = inventory_operation_service_pb2.DESCRIPTOR.name
        [answer] = await ask(channel, V1, ServerReflectionRequest(file_by_filename=name))
        sent = files(answer)
        assert sent[0].name == name
        assert len({one.name for one in sent}) == len(sent)
        pool: Any = descriptor_pool.DescriptorPool()
        waiting = {one.name: one for one in sent}

        def add(one: descriptor_pb2.FileDescriptorProto) -> None:
            for dependency in one.dependency:
                if dependency in waiting:
                    add(waiting[dependency])
            if waiting.pop(one.name, None) is not None:
                pool.AddSerializedFile(one.SerializeToString())

        for one in sent:
            add(one)
        service = pool.FindServiceByName(OF_THE_CONTRACT)
        assert all(GetMessageClass(method.input_type)() is not None for method in service.methods)
        for one in sent:
            assert all(field.json_name for message in one.message_type for field in message.field)


def test_json_names_are_those_of_protoc() -> None:
    given = ["a", "a_b", "lot_id", "a__b", "_a", "a_", "a_1b", "aB_c"]
    assert [json_name(name) for name in given] == ["a", "aB", "lotId", "aB", "A", "a", "a1b", "aBC"]


@NAMES
async def test_extensions_are_found(name: str) -> None:
    options = "google.protobuf.MethodOptions"
    async with reflected() as (channel, _address):
        [answer] = await ask(channel, name, ServerReflectionRequest(all_extension_numbers_of_type=options))
        numbers = list(answer.all_extension_numbers_response.extension_number)
        assert answer.all_extension_numbers_response.base_type_name == options
        assert numbers
        for number in numbers:
            asked = ExtensionRequest(containing_type=options, extension_number=number)
            [found] = await ask(channel, name, ServerReflectionRequest(file_containing_extension=asked))
            assert number in {extension.number for extension in files(found)[0].extension}


@NAMES
async def test_what_is_not_there_is_not_found_and_the_stream_goes_on(name: str) -> None:
    nowhere = ExtensionRequest(containing_type="google.protobuf.MethodOptions", extension_number=1)
    of_nothing = ExtensionRequest(containing_type="none", extension_number=1)
    async with reflected() as (channel, _address):
        answers = await ask(
            channel,
            name,
            symbol("none"),
            symbol(""),
            symbol(f"{OF_THE_CONTRACT}.None"),
            symbol(f"{OF_THE_CONTRACT}.Execute.more"),
            ServerReflectionRequest(file_by_filename="none.proto"),
            ServerReflectionRequest(file_containing_extension=nowhere),
            ServerReflectionRequest(file_containing_extension=of_nothing),
            ServerReflectionRequest(all_extension_numbers_of_type="none"),
            ServerReflectionRequest(),
            symbol(SERVICE),
        )
        codes = [answer.error_response.error_code for answer in answers]
        assert codes == [NOT_FOUND] * 8 + [INVALID_ARGUMENT, 0]
        assert answers[0].original_request == symbol("none")


@NAMES
async def test_bytes_that_are_not_a_request_are_invalid(name: str) -> None:
    async with reflected() as (channel, _address):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await channel.stream_stream(f"/{name}/ServerReflectionInfo")(iter([b"\xff"])).read()
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def buf(*arguments: str) -> str:
    program = shutil.which("buf", path=str(Path(sys.executable).parent)) or shutil.which("buf")
    if program is None:
        pytest.skip("there is no buf here")
    result = subprocess.run(
        [program, "curl", "--http2-prior-knowledge", "--protocol", "grpc", *arguments], capture_output=True, check=False
    )
    assert not result.returncode, result.stderr.decode()
    return result.stdout.decode()


async def test_buf_lists_and_calls_by_reflection() -> None:
    async with reflected() as (_channel, address):
        listed = await asyncio.to_thread(buf, "--list-methods", f"http://{address}")
        assert f"{OF_THE_CONTRACT}/" in listed
        assert f"{SERVICE}/Check" in listed
        assert f"{V1}/ServerReflectionInfo" in listed
        for version in ("grpc-v1", "grpc-v1alpha"):
            answer = await asyncio.to_thread(
                buf,
                *("--reflect-protocol", version, "-d", '{"service": ""}'),
                f"http://{address}/{SERVICE}/Check",
            )
            assert "SERVING" in answer
