"""Arrow types as Spark SQL type names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.types as pt

from core.datatypes.spark import quote

Leaf = Callable[[Any], str | None]
"""Asked for each type without inner ones, in depth-first order; a name it gives wins."""

_NAMES = {
    pa.null(): "void",
    pa.bool_(): "boolean",
    pa.int8(): "tinyint",
    pa.int16(): "smallint",
    pa.int32(): "int",
    pa.int64(): "bigint",
    # The next wider signed type holds all of an unsigned one.
    pa.uint8(): "smallint",
    pa.uint16(): "int",
    pa.uint32(): "bigint",
    pa.uint64(): "decimal(20,0)",
    pa.float16(): "float",
    pa.float32(): "float",
    pa.float64(): "double",
    pa.date32(): "date",
    pa.date64(): "date",
}
_INTERVALS = ("month_interval", "day_time_interval", "month_day_nano_interval")
_EXTENSIONS = {
    "arrow.uuid": "string",
    "arrow.json": "string",
    "parquet.variant": "variant",
    "arrow.parquet.variant": "variant",
    "arrow.bool8": "boolean",
}


def spark_name(type_: Any, *, leaf: Leaf | None = None) -> str:
    """The Spark SQL name of an Arrow type, nested ones included.

    A moment with a zone is `timestamp`, without `timestamp_ntz`; durations and intervals are
    `interval`; a dictionary is its values; fixed-size binary is `binary`.
    """
    if isinstance(type_, pa.BaseExtensionType):
        inner = spark_name(type_.storage_type, leaf=leaf)
        named = "geometry" if type_.extension_name.startswith("geoarrow.") else _EXTENSIONS.get(type_.extension_name)
        return named or inner
    if pt.is_dictionary(type_):
        return spark_name(type_.value_type, leaf=leaf)
    if pt.is_struct(type_):
        fields = (type_.field(at) for at in range(type_.num_fields))
        return f"struct<{','.join(f'{quote(f.name)}:{spark_name(f.type, leaf=leaf)}' for f in fields)}>"
    if pt.is_map(type_):
        return f"map<{spark_name(type_.key_type, leaf=leaf)},{spark_name(type_.item_type, leaf=leaf)}>"
    if pt.is_union(type_):
        members = (type_.field(at).type for at in range(type_.num_fields))
        return f"union<{','.join(spark_name(member, leaf=leaf) for member in members)}>"
    if pt.is_run_end_encoded(type_):
        return spark_name(type_.value_type, leaf=leaf)
    if pt.is_nested(type_):
        return f"array<{spark_name(type_.value_type, leaf=leaf)}>"
    return (leaf(type_) if leaf else None) or _scalar(type_)


def _scalar(type_: Any) -> str:
    if type_ in _NAMES:
        return _NAMES[type_]
    if pt.is_decimal(type_):
        return f"decimal({type_.precision},{type_.scale})"
    if pt.is_timestamp(type_):
        return "timestamp_ntz" if type_.tz is None else "timestamp"
    if pt.is_time(type_):
        return "time"
    if pt.is_duration(type_) or pt.is_interval(type_) or str(type_) in _INTERVALS:
        return "interval"
    if pt.is_string(type_) or pt.is_large_string(type_) or type_ == pa.string_view():
        return "string"
    if pt.is_binary(type_) or pt.is_large_binary(type_) or pt.is_fixed_size_binary(type_) or type_ == pa.binary_view():
        return "binary"
    return str(type_)
