"""`google.type.decimal_pb2`."""

from google.type.decimal_pb2 import *
from lotkeeper._protobuf.declared import Decimal as Decimal
from google.type.decimal_pb2 import *
