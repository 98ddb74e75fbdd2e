"""`google.protobuf.field_mask_pb2`."""

from google.protobuf.field_mask_pb2 import *
from lotkeeper._protobuf.declared import FieldMask as FieldMask  # type: ignore[assignment]
from google.protobuf.field_mask_pb2 import *
