import pytest

from core.partitions import place, value_type


def test_values_are_decoded_and_the_hive_null_is_null() -> None:
    placed = place("t/city=S%C3%A3o%20Paulo/k=__HIVE_DEFAULT_PARTITION__/e=/f.csv")
    assert placed.base == "t"
    assert placed.values == (("city", "São Paulo"), ("k", None), ("e", ""))


def test_nothing_but_partition_values_is_decoded() -> None:
    assert place("a%2Fb/c d/f%20g.csv").base == "a%2Fb/c d"
    assert place("a%2Fb/f%20g.csv").base == "a%2Fb"


def test_plain_folders_below_a_partition_are_kept_apart() -> None:
    assert place("t/d=1/orders/f.csv").rest == "orders"


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("e/2024/01/31/f", "2024-01-31"),
        ("e/2024/01/31/23/f", "2024-01-31-23"),
        ("e/2024-01-31/f", "2024-01-31"),
        ("e/20240131/f", "2024-01-31"),
        ("e/2024-01/f", "2024-01"),
        ("e/2024/01/f", "2024-01"),
        ("e/2024/13/f", ""),
        ("e/20241331/f", ""),
        ("e/2024/f", ""),
        ("e/12345678/f", ""),
    ],
)
def test_date_ladders(key: str, values: str) -> None:
    assert "-".join(str(v) for _, v in place(key).values) == values


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        (["1", "02", None], "int"),
        (["1", "3000000000"], "bigint"),
        (["2024-01-31"], "date"),
        (["2024-02-31"], "string"),
        (["1", "a"], "string"),
        ([None], "string"),
        (["", "1"], "string"),
    ],
)
def test_the_type_of_a_partition_column(values: list[str | None], type_: str) -> None:
    assert value_type(values) == type_
