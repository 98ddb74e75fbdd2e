"""protobuf's types, as the message classes of the contract need them; for type checkers only, there is no such module.

protobuf itself has no types. Type checkers find them in the package types-protobuf, pyright brings it along. To mypy
without it a message class would inherit from something unknown, and any name would do as a field. So each module here
that stands for one of Google's has what Google's has, where that is known, and otherwise what is in `declared`:

    from google.protobuf.message import *         # nothing, where there are no types
    from lotkeeper._protobuf.declared import ...  # mypy keeps the first of a name
    from google.protobuf.message import *         # pyright takes the last

Where there are types, messages therefore are those that Google's own functions take.
"""
