"""A small gRPC server on gRPC's C core: bytes in, bytes out. It knows nothing of what is served."""

from lotkeeper_server.transport.call import Call as Call
from lotkeeper_server.transport.call import CallerGone as CallerGone
from lotkeeper_server.transport.call import Status as Status
from lotkeeper_server.transport.call import Stream as Stream
from lotkeeper_server.transport.call import Streaming as Streaming
from lotkeeper_server.transport.call import Unary as Unary
from lotkeeper_server.transport.options import CannotListen as CannotListen
from lotkeeper_server.transport.options import ServerOptions as ServerOptions
from lotkeeper_server.transport.options import TlsPair as TlsPair
