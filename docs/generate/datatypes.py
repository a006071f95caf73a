"""`types.md`: what each format's and database's types are called in the mirror, asked of the code that reads them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta

import pyarrow as pa

from core.databases.mysql import _type as mysql_type
from core.datatypes import avro, delta, iceberg, sql
from core.datatypes.arrow import _EXTENSIONS, spark_name
from core.datatypes.arrow import _NAMES as _ARROW
from core.datatypes.databricks import _TREE_NAMES, column_type
from core.formats.excel import _type as excel_type
from core.formats.jsontypes import Shape
from core.formats.orc import _KINDS as _ORC
from core.formats.orc import _name as orc_name
from core.formats.values import cell_type
from docs.generate.markdown import code, codes, page, table

_INTRO = """`columns.data_type` has Spark SQL's names, whatever the format or database, so that types compare across
sources; `columns.native_type` keeps the source's own. Names are as Spark's `simpleString` writes them; field names
outside `[A-Za-z0-9_]` are back-quoted. What is not known is `string`. How the types of many files become one:
[grouping](../grouping.md#columns)."""
_DIALECTS = {
    "PostgreSQL": sql.POSTGRESQL,
    "MySQL, MariaDB": sql.MYSQL,
    "SQLite": sql.SQLITE,
    "DuckDB": sql.DUCKDB,
}
_TEXTS = (
    *("42", "3.5", "1e6", "007", "ann", "true", "2024-01-31", "31.12.2024", "12:30"),
    *("2024-01-31 12:30:00", "2024-01-31T12:30:00Z", "2024-01-31 12:30:00+02:00", "NULL"),
)
_JSON = ("true", "1", "1.5", "12345678901234567890", '"ann"', '["a"]', '{"a": 1}', '[1, "a"]', "null")

Pairs = Iterable[tuple[str, str]]
"""A type's own name and its name in the mirror."""


def types_page() -> str:
    """The page."""
    return page(
        "`core/datatypes` and the readers that have types of their own",
        "Types",
        _INTRO,
        "## Parquet and Arrow",
        "By their Arrow types. Extension types that are not listed are what they are stored as.",
        _grouped("Arrow type", _arrow()),
        "## Avro and Hudi",
        "A union with null is its other type, nullable.",
        _grouped("Avro type", _avro()),
        "## ORC",
        _grouped("ORC type", _orc()),
        "## Delta Lake",
        _grouped("Delta type", _delta()),
        "## Iceberg",
        _grouped("Iceberg type", _iceberg()),
        "## CSV and other text",
        "A column has the narrowest type that all its values have; some of them:",
        _grouped("value", ((text, cell_type(text)) for text in _TEXTS)),
        "## JSON",
        _grouped("value", _json()),
        "## Workbooks",
        "By what the cells hold; a column of several kinds is `string`, but for numbers.",
        _grouped("cells", _cells(), shown=str),
        "## Databases",
        "What a declared type is in any database:",
        _grouped("SQL type", _common()),
        "Where one differs:",
        table(("database", "mirror", "SQL type"), _differences()),
        "PostgreSQL's domains are the type they are over, its enums and ranges `string`, its composite types a"
        " `struct`. A SQLite column without a known type has that of its values.",
        "## Databricks",
        "Spark's own types, but for these:",
        _grouped("Databricks type", _databricks()),
    )


def _grouped(kind: str, pairs: Pairs, *, shown: Callable[[str], str] = code) -> str:
    """A table by the names in the mirror, each with the source's own names."""
    found: dict[str, list[str]] = {}
    for own, name in pairs:
        found.setdefault(name, []).append(own)
    return table(
        ("mirror", kind), ((code(name), ", ".join(map(shown, dict.fromkeys(own)))) for name, own in found.items())
    )


def _arrow() -> Iterator[tuple[str, str]]:
    struct = pa.struct([("a", pa.int64())])
    types = (
        *_ARROW,
        *(pa.decimal32(9, 2), pa.decimal64(18, 2), pa.decimal128(38, 2), pa.decimal256(76, 2)),
        *(pa.timestamp("us"), pa.timestamp("us", tz="UTC"), pa.time32("ms"), pa.time64("us"), pa.duration("us")),
        pa.month_day_nano_interval(),
        *(pa.string(), pa.large_string(), pa.string_view()),
        *(pa.binary(), pa.large_binary(), pa.binary_view(), pa.binary(16)),
        *(pa.list_(pa.int64()), pa.large_list(pa.int64()), pa.list_(pa.int64(), 3), struct),
        *(pa.map_(pa.string(), pa.int64()), pa.dictionary(pa.int32(), pa.string())),
        *(
            pa.run_end_encoded(pa.int32(), pa.string()),
            pa.dense_union([pa.field("a", pa.int64()), pa.field("b", pa.string())]),
        ),
    )
    yield from ((str(type_), spark_name(type_)) for type_ in types)
    yield from _EXTENSIONS.items()
    yield "geoarrow.*", "geometry"


def _avro() -> Iterator[tuple[str, str]]:
    def named(schema: object) -> str:
        [field] = avro.Names().fields({"type": "record", "name": "r", "fields": [{"name": "f", "type": schema}]})
        return field.type

    yield from ((name, named(name)) for name in avro._PRIMITIVES)
    for logical in avro._LOGICAL:
        yield logical, named({"type": "fixed", "name": "x", "size": 12, "logicalType": logical})
    decimal = {"type": "bytes", "logicalType": "decimal"}
    yield "decimal with precision 10, scale 2", named({**decimal, "precision": 10, "scale": 2})
    yield "decimal with more than 38 digits", named({**decimal, "precision": 50, "scale": 2})
    yield "enum", named({"type": "enum", "name": "x", "symbols": ["a"]})
    yield "fixed", named({"type": "fixed", "name": "x", "size": 16})
    yield "array of long", named({"type": "array", "items": "long"})
    yield "map of long", named({"type": "map", "values": "long"})
    yield "record", named({"type": "record", "name": "x", "fields": [{"name": "a", "type": "long"}]})
    yield "union of long and string", named(["long", "string"])


def _orc() -> Iterator[tuple[str, str]]:
    inner = {"LIST": [4], "MAP": [7, 4], "STRUCT": [4], "UNION": [4, 7]}
    for kind, name in enumerate(_ORC):
        children = range(1, 1 + len(inner.get(name, ())))
        # Fields by number: 1 the kind, 2 the inner types, 3 their names, 4 a length, 5 and 6 a decimal's digits.
        whole: dict[int, list[int | bytes]] = {1: [kind], 2: list(children), 3: [b"a"], 4: [10], 5: [10], 6: [2]}
        parts: list[dict[int, list[int | bytes]]] = [{1: [number]} for number in inner.get(name, ())]
        yield (
            {"DECIMAL": "DECIMAL(10,2)", "CHAR": "CHAR(10)", "VARCHAR": "VARCHAR(10)"}.get(name, name),
            orc_name([whole, *parts], 0, 0),
        )


def _delta() -> Iterator[tuple[str, str]]:
    plain = ("boolean", "float", "double", "string", "binary", "date", "timestamp", "timestamp_ntz", "variant")
    sized = (
        "decimal(10,2)",
        "decimal",
        "interval day to second",
        "geometry(OGC:CRS84)",
        "geography(OGC:CRS84)",
        "time(6)",
    )
    nested: dict[str, object] = {
        "array": {"type": "array", "elementType": "long", "containsNull": True},
        "map": {"type": "map", "keyType": "string", "valueType": "long", "valueContainsNull": True},
        "struct": {"type": "struct", "fields": [{"name": "a", "type": "long"}]},
    }
    types: dict[str, object] = {**{name: name for name in (*delta._NAMES, *plain, *sized)}, **nested}
    for name, type_ in types.items():
        [field] = delta.fields({"fields": [{"name": "f", "type": type_}]})
        yield name, field.type


def _iceberg() -> Iterator[tuple[str, str]]:
    yield from (
        (name, iceberg.spark_type(name))
        for name in (*iceberg._NAMES, "decimal(10, 2)", "fixed[16]", "geometry", "geography")
    )
    yield "list", iceberg.spark_type({"type": "list", "element": "long"})
    yield "map", iceberg.spark_type({"type": "map", "key": "string", "value": "long"})
    yield "struct", iceberg.spark_type({"type": "struct", "fields": [{"name": "a", "type": "long"}]})


def _json() -> Iterator[tuple[str, str]]:
    for text in _JSON:
        shape = Shape()
        shape.add(json.loads(text))
        yield text, str(shape.type())


def _cells() -> Iterator[tuple[str, str]]:
    values: dict[str, list[object]] = {
        "whole numbers": [1.0],
        "other numbers": [1.5],
        "truth values": [True],
        "texts": ["a"],
        "days": [date(2024, 1, 31)],
        "moments": [datetime(2024, 1, 31, 12)],
        "times of day": [time(12)],
        "durations": [timedelta(hours=1)],
        "nothing": [],
    }
    yield from ((name, excel_type(cells)) for name, cells in values.items())


def _common() -> Pairs:
    sized = ("DECIMAL(10,2)", "DECIMAL(50,2)", "INTERVAL DAY TO SECOND")
    unsigned = ("TINYINT UNSIGNED", "SMALLINT UNSIGNED", "INT UNSIGNED", "BIGINT UNSIGNED")
    nested = ("BIGINT[]", "STRUCT(a BIGINT)", "MAP(VARCHAR, BIGINT)", "UNION(a BIGINT, b VARCHAR)")
    return _known(sql.Dialect(), (*sql._SPARK, *sized, *unsigned, *nested))


def _known(dialect: sql.Dialect, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        if (found := sql.spark_type(name, dialect)) is not None:
            yield name, str(found)


def _differences() -> Iterator[tuple[str, str, str]]:
    """What a database calls otherwise than all others do."""
    common = dict(_common())
    for database, dialect in _DIALECTS.items():
        found: dict[str, list[str]] = {}
        for name, type_ in _known(dialect, dict.fromkeys((*sql._SPARK, *dialect.names, "DECIMAL"))):
            if type_ != common.get(name):
                found.setdefault(type_, []).append(name)
        if dialect is sql.MYSQL:
            for name in ("TINYINT(1)", "BIT(1)"):
                found.setdefault(mysql_type(name, sql.Translator(dialect)), []).append(name)
        yield from ((database, code(type_), codes(names)) for type_, names in found.items())


def _databricks() -> Iterator[tuple[str, str]]:
    names = (*_TREE_NAMES, "char(10)", "varchar(10)", "interval day to second", "geometry(4326)", "geography(4326)")
    yield from ((name, str(column_type(name))) for name in names)
