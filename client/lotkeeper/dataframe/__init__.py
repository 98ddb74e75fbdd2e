"""Lists and watches as Arrow's columns, and through them as data frames of pandas, Polars, DuckDB and others.

with Client("127.0.0.1:50051") as client:
    records = record_batches(client.list_inventory_lot_records())  # a pyarrow.RecordBatchReader
    frame = records.read_pandas()

Needs pyarrow: `pip install 'lotkeeper[dataframe]'`.

A message is a row, its fields are columns of the same name, in the order of the contract:

* quantities are `decimal128(19, 6)`, exact; those of totals and traces, which are sums and may be larger,
  `decimal128(38, 6)`. A field and its `exact_` twin are one column, that of the field's name.
* times are `timestamp[ms, tz=UTC]`.
* enums are names without prefix, `dictionary<values=string, indices=int16>`; all batches of a column have the same
  dictionary. A value that this version does not know is its number as a text, at the dictionary's end.
* texts are `string`, other numbers `int32`, `int64` and `double`, flags `bool`; repeated messages `list<struct<...>>`.
* null is what `to_json` writes as null: absent references, dates and optional values.

Versions only add columns, at the end.
"""

from importlib.util import find_spec

if find_spec("pyarrow") is None:
    raise ModuleNotFoundError("pyarrow is not installed; run: pip install 'lotkeeper[dataframe]'", name="pyarrow")

from lotkeeper.dataframe._batches import BATCH_ROWS, record_batches, schema
from lotkeeper.dataframe._watching import WATCH_SECONDS, Watched, watch_batches

__all__ = ["BATCH_ROWS", "WATCH_SECONDS", "Watched", "record_batches", "schema", "watch_batches"]
