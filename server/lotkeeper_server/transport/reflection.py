"""The standard reflection service, by both of its names: tools ask it for the contract."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

from lotkeeper_server.transport.call import INVALID_ARGUMENT, NOT_FOUND, Status, Stream, Streaming, Unary
from lotkeeper_server.transport.descriptor_files import DescriptorFiles
from lotkeeper_server.transport.open_streams import OpenStreams

V1ALPHA: Final = "grpc.reflection.v1alpha.ServerReflection"
V1: Final = "grpc.reflection.v1.ServerReflection"
STREAMS_MAX: Final = 256
"""Whoever asks needs no token; beyond so many the oldest stream ends."""
REST_SECONDS: Final = 300.0
"""A stream on which nothing is asked for so long is ended; tools open another."""
NOT_A_REQUEST: Final = Status(INVALID_ARGUMENT, "The bytes are not a ServerReflectionRequest.")
NOT_THERE: Final = "There is nothing of that name here."
NOTHING_ASKED: Final = "The request asks for nothing that is known here."


class Reflection:
    """Answers what is in a pool of descriptors. The messages of v1 are those of v1alpha under another name."""

    def __init__(self, services: Iterable[str], pool: DescriptorPool | None = None) -> None:
        """Lists the services, and reflection itself by both names.

        Args:
            services: full names, all of them in the pool.
            pool: None is the default pool.
        """
        pool = descriptor_pool.Default() if pool is None else pool
        add_v1(pool)
        self._services = sorted({*services, V1, V1ALPHA})
        self._files = DescriptorFiles(pool)
        self._open = OpenStreams(STREAMS_MAX)
        self._answers: dict[str, Callable[[ServerReflectionRequest, ServerReflectionResponse], None]] = {
            "file_by_filename": self._file_by_filename,
            "file_containing_symbol": self._file_containing_symbol,
            "file_containing_extension": self._file_containing_extension,
            "all_extension_numbers_of_type": self._all_extension_numbers,
            "list_services": self._list_services,
        }

    def methods(self) -> dict[str, Unary | Streaming]:
        """What a server serves of it, by paths."""
        return {f"/{name}/ServerReflectionInfo": Streaming(self._reflect) for name in (V1, V1ALPHA)}

    async def _reflect(self, stream: Stream) -> None:
        async with self._open.held(stream):
            await self._answer_all(stream)

    async def _answer_all(self, stream: Stream) -> None:
        while (message := await _next(stream)) is not None:
            try:
                request = ServerReflectionRequest.FromString(message)
            except DecodeError:
                stream.finish(NOT_A_REQUEST)
                return
            await stream.send(self._answer(request).SerializeToString())

    def _answer(self, request: ServerReflectionRequest) -> ServerReflectionResponse:
        response = ServerReflectionResponse(valid_host=request.host, original_request=request)
        answer = self._answers.get(request.WhichOneof("message_request") or "")
        if answer is None:
            _refuse(response, INVALID_ARGUMENT, NOTHING_ASKED)
            return response
        try:
            answer(request, response)
        except KeyError:
            _refuse(response, NOT_FOUND, NOT_THERE)
        return response

    def _file_by_filename(self, request: ServerReflectionRequest, response: ServerReflectionResponse) -> None:
        self._give_file(self._files.named(request.file_by_filename), response)

    def _file_containing_symbol(self, request: ServerReflectionRequest, response: ServerReflectionResponse) -> None:
        self._give_file(self._files.of_symbol(request.file_containing_symbol), response)

    def _file_containing_extension(self, request: ServerReflectionRequest, response: ServerReflectionResponse) -> None:
        asked = request.file_containing_extension
        self._give_file(self._files.of_extension(asked.containing_type, asked.extension_number), response)

    def _all_extension_numbers(self, request: ServerReflectionRequest, response: ServerReflectionResponse) -> None:
        name = request.all_extension_numbers_of_type
        numbers = self._files.extension_numbers(name)
        answer = response.all_extension_numbers_response
        answer.base_type_name = name
        answer.extension_number.extend(numbers)

    def _list_services(self, _request: ServerReflectionRequest, response: ServerReflectionResponse) -> None:
        for name in self._services:
            response.list_services_response.service.add(name=name)

    def _give_file(self, file: FileDescriptor, response: ServerReflectionResponse) -> None:
        response.file_descriptor_response.file_descriptor_proto.extend(self._files.with_dependencies(file))


async def _next(stream: Stream) -> bytes | None:
    """The next question; None where there is none, or none comes."""
    try:
        async with asyncio.timeout(REST_SECONDS):
            return await stream.receive()
    except TimeoutError:
        stream.finish()
        return None


def add_v1(pool: DescriptorPool) -> None:
    """Adds the contract of reflection to a pool, by its two names, unless it is there."""
    proto = descriptor_pb2.FileDescriptorProto()
    reflection_pb2.DESCRIPTOR.CopyToProto(proto)
    _add(pool, proto, V1ALPHA)
    later = descriptor_pb2.FileDescriptorProto()
    later.CopyFrom(proto)
    later.name = "grpc/reflection/v1/reflection.proto"
    later.package = "grpc.reflection.v1"
    for message in later.message_type:
        for field in message.field:
            if field.type_name:
                field.type_name = _renamed(field.type_name)
    for service in later.service:
        for method in service.method:
            method.input_type = _renamed(method.input_type)
            method.output_type = _renamed(method.output_type)
    _add(pool, later, V1)


def _renamed(type_name: str) -> str:
    return type_name.replace(".grpc.reflection.v1alpha.", ".grpc.reflection.v1.")


def _add(pool: Any, proto: descriptor_pb2.FileDescriptorProto, service: str) -> None:
    try:
        pool.FindServiceByName(service)
    except KeyError:
        pool.AddSerializedFile(proto.SerializeToString())


def _refuse(response: ServerReflectionResponse, code: int, text: str) -> None:
    response.error_response.error_code = code
    response.error_response.error_message = text
