import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.datatypes.arrow import spark_name
from core.datatypes.spark import Array, Map, Scalar, Struct, parse

SCALARS = {
    "void": pa.null(),
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "string": pa.string(),
    "binary": pa.binary(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": pa.timestamp("us", tz="Europe/Berlin"),
    "timestamp_ntz": pa.timestamp("ns"),
    "interval": pa.duration("s"),
    "decimal(10,2)": pa.decimal128(10, 2),
}


@pytest.mark.parametrize(("name", "type_"), SCALARS.items())
def test_scalars(name: str, type_: pa.DataType) -> None:
    assert spark_name(type_) == name


@pytest.mark.parametrize(
    ("type_", "name"),
    [
        (pa.uint8(), "smallint"),
        (pa.uint16(), "int"),
        (pa.uint32(), "bigint"),
        (pa.uint64(), "decimal(20,0)"),
        (pa.float16(), "float"),
        (pa.date64(), "date"),
        (pa.time32("s"), "time"),
        (pa.month_day_nano_interval(), "interval"),
        (pa.large_string(), "string"),
        (pa.string_view(), "string"),
        (pa.large_binary(), "binary"),
        (pa.binary_view(), "binary"),
        (pa.binary(16), "binary"),
        (pa.decimal32(5, 1), "decimal(5,1)"),
        (pa.decimal64(12, 0), "decimal(12,0)"),
        (pa.decimal256(60, 3), "decimal(60,3)"),
        (pa.dictionary(pa.int8(), pa.large_string()), "string"),
        (pa.uuid(), "string"),
        (pa.json_(), "string"),
        (pa.run_end_encoded(pa.int32(), pa.int8()), "tinyint"),
        (pa.list_(pa.int8(), 3), "array<tinyint>"),
        (pa.large_list(pa.int8()), "array<tinyint>"),
        (pa.list_view(pa.int8()), "array<tinyint>"),
        (pa.map_(pa.string(), pa.list_(pa.uuid())), "map<string,array<string>>"),
        (pa.struct([]), "struct<>"),
        (pa.dense_union([pa.field("a", pa.int8()), pa.field("b", pa.string())]), "union<tinyint,string>"),
    ],
)
def test_the_rest_follows_the_nearest_type_that_holds_it(type_: pa.DataType, name: str) -> None:
    assert spark_name(type_) == name


def test_field_names_that_would_read_as_syntax_are_quoted() -> None:
    type_ = pa.struct([("a_1", pa.int32()), ("b c", pa.int32()), ("d`e", pa.int32()), ("f:g", pa.int32())])
    assert spark_name(type_) == "struct<a_1:int,`b c`:int,`d``e`:int,`f:g`:int>"


def nested(inner: st.SearchStrategy[tuple]) -> st.SearchStrategy[tuple]:
    fields = st.lists(st.tuples(st.text(max_size=5), inner), max_size=4)
    return (
        inner.map(lambda p: (pa.list_(p[0]), Array(p[1])))
        | inner.map(lambda p: (pa.map_(pa.string(), p[0]), Map(Scalar("string"), p[1])))
        | fields.map(
            lambda fs: (
                pa.struct([(name, arrow) for name, (arrow, _) in fs]),
                Struct(tuple((name, spark) for name, (_, spark) in fs)),
            )
        )
    )


plain = [(type_, Scalar(name)) for name, type_ in SCALARS.items() if "(" not in name]


@given(st.recursive(st.sampled_from(plain), nested, max_leaves=10))
def test_any_nesting_translates_to_the_same_nesting(pair: tuple) -> None:
    arrow, spark = pair
    assert parse(spark_name(arrow)) == spark
