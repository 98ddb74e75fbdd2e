"""`google.protobuf.message`."""

from google.protobuf.message import *
from lotkeeper._protobuf.declared import Message as Message  # type: ignore[assignment]
from google.protobuf.message import *
