"""`google.rpc.status_pb2`."""

from google.rpc.status_pb2 import *
from lotkeeper._protobuf.declared import Status as Status
from google.rpc.status_pb2 import *
