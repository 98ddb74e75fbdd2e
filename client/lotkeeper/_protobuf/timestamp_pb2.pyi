"""`google.protobuf.timestamp_pb2`."""

from google.protobuf.timestamp_pb2 import *
from lotkeeper._protobuf.declared import Timestamp as Timestamp  # type: ignore[assignment]
from google.protobuf.timestamp_pb2 import *
