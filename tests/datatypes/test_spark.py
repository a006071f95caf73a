import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.datatypes.spark import Array, Decimal, Map, Scalar, SparkType, Struct, Union, family, parse, widen

SCALARS = ["tinyint", "smallint", "int", "bigint", "float", "double", "string", "date", "timestamp", "void"]
scalars = st.sampled_from(SCALARS).map(Scalar) | st.builds(
    lambda whole, scale: Decimal(whole + scale, scale), st.integers(1, 19), st.integers(0, 19)
)
names = st.text(min_size=0, max_size=6)


def nested(inner: st.SearchStrategy[SparkType]) -> st.SearchStrategy[SparkType]:
    return (
        inner.map(Array)
        | st.builds(Map, inner, inner)
        | st.lists(st.tuples(names, inner), max_size=4, unique_by=lambda f: f[0]).map(lambda f: Struct(tuple(f)))
        | st.lists(inner, max_size=3).map(lambda m: Union(tuple(m)))
    )


types = st.recursive(scalars, nested, max_leaves=8)


@given(types)
def test_a_type_printed_and_parsed_is_the_same_type(type_: SparkType) -> None:
    assert parse(str(type_)) == type_


@given(types, types)
def test_widening_does_not_depend_on_the_order(a: SparkType, b: SparkType) -> None:
    one, other = widen(a, b), widen(b, a)
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert widen(one, other) == one
        assert widen(one, a) == one


@pytest.mark.parametrize(
    ("a", "b", "wide"),
    [
        ("tinyint", "bigint", "bigint"),
        ("float", "double", "double"),
        ("int", "double", "double"),
        ("bigint", "double", None),
        ("int", "string", None),
        ("void", "struct<a:int>", "struct<a:int>"),
        ("decimal(10,2)", "decimal(8,4)", "decimal(12,4)"),
        ("decimal(10,2)", "bigint", "decimal(21,2)"),
        ("decimal(38,0)", "decimal(38,10)", None),
        ("struct<a:int>", "struct<a:bigint,b:string>", "struct<a:bigint,b:string>"),
        ("array<int>", "array<string>", None),
    ],
)
def test_types_widen_only_without_loss(a: str, b: str, wide: str | None) -> None:
    found = widen(parse(a), parse(b))
    assert (None if found is None else str(found)) == wide


@pytest.mark.parametrize("text", ["array<int", "struct<a>", "map<int>", "int>", "struct<`a:int>"])
def test_text_that_is_no_type_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)


def test_families_keep_unlike_types_apart() -> None:
    assert family(parse("decimal(3,1)")) == family(parse("bigint")) == "number"
    assert family(parse("varchar(20)")) == family(parse("string"))
    assert family(parse("array<int>")) != family(parse("int"))
