"""SQL types as Spark SQL type names: what all databases share, and where one of them differs."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.datatypes.spark import MAX_PRECISION, STRING, Array, Decimal, Map, Scalar, SparkType, Struct, Union
from core.datatypes.spark import parse as parse_spark
from core.datatypes.sqltext import SqlType, parse

_SPARK: dict[str, str] = {
    name: spark
    for spark, names in {
        "boolean": "BOOLEAN BOOL LOGICAL",
        "tinyint": "TINYINT INT1",
        "smallint": "SMALLINT INT2 SHORT SMALLSERIAL SERIAL2 UTINYINT",
        "int": "INT INTEGER INT4 SIGNED MEDIUMINT SERIAL SERIAL4 USMALLINT",
        "bigint": "BIGINT INT8 LONG BIGSERIAL SERIAL8 UINTEGER",
        # The next wider type holds all of an unsigned one; 128 bits are cut to the digits Spark has.
        "decimal(20,0)": "UBIGINT",
        f"decimal({MAX_PRECISION},0)": "HUGEINT UHUGEINT INT128 UINT128",
        "float": "FLOAT REAL FLOAT4",
        "double": "DOUBLE FLOAT8",
        "string": "VARCHAR TEXT STRING CHAR CHARACTER BPCHAR NCHAR NVARCHAR NTEXT CLOB NCLOB"
        " TINYTEXT MEDIUMTEXT LONGTEXT NAME CITEXT VARCHAR2 NVARCHAR2 JSON JSONB XML UUID UNIQUEIDENTIFIER ENUM SET"
        " BIT BITSTRING VARBIT BIGNUM VARINT",
        "date": "DATE",
        "time": "TIME TIMETZ TIME_NS",
        "timestamp_ntz": "TIMESTAMP DATETIME DATETIME2 SMALLDATETIME"
        " TIMESTAMP_S TIMESTAMP_MS TIMESTAMP_US TIMESTAMP_NS TIMESTAMP_NTZ",
        "timestamp": "TIMESTAMPTZ TIMESTAMPTZ_NS TIMESTAMP_TZ TIMESTAMP_LTZ DATETIMEOFFSET",
        "interval": "INTERVAL",
        "binary": "BLOB BYTEA BYTES BINARY VARBINARY TINYBLOB MEDIUMBLOB LONGBLOB IMAGE",
        "geometry": "GEOMETRY GEOGRAPHY",
        "variant": "VARIANT",
        "void": "NULL",
    }.items()
    for name in names.split()
} | {
    "DOUBLE PRECISION": "double",
    "CHARACTER VARYING": "string",
    "CHAR VARYING": "string",
    "NATIONAL CHARACTER": "string",
    "NATIVE CHARACTER": "string",
    "BIT VARYING": "string",
    "LONG VARCHAR": "string",
    "BINARY VARYING": "binary",
    "BINARY LARGE OBJECT": "binary",
    "TIME WITH TIME ZONE": "time",
    "TIME WITHOUT TIME ZONE": "time",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
    "TIMESTAMP WITH LOCAL TIME ZONE": "timestamp",
    "TIMESTAMP WITHOUT TIME ZONE": "timestamp_ntz",
}
_DECIMALS = frozenset({"DECIMAL", "NUMERIC", "DEC", "NUMBER", "FIXED"})
_UNSIGNED = {"tinyint": "smallint", "smallint": "int", "int": "bigint", "bigint": "decimal(20,0)"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """Where a database differs.

    Its own `names` for Spark's types, what a `decimal` without digits is to it, and whether `UNSIGNED` makes room for
    larger numbers.
    """

    names: dict[str, str] = field(default_factory=dict)
    decimal: SparkType | None = None
    has_unsigned: bool = True


DUCKDB = Dialect(decimal=Decimal(18, 3))

# All whole numbers have 64 bits in SQLite and all others are doubles, whatever the column calls them. The shapes are
# those of GeoPackage.
SQLITE = Dialect(
    names={
        **{
            name: "bigint" for name, spark in _SPARK.items() if spark in ("tinyint", "smallint", "int", "decimal(20,0)")
        },
        **dict.fromkeys(("FLOAT", "REAL", "FLOAT4"), "double"),
        "BIT": "boolean",
        **dict.fromkeys(
            ("POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION"),
            "geometry",
        ),
    },
    has_unsigned=False,
)


# `numeric` without digits has up to 131,072 of them; Spark's own reader of PostgreSQL takes these.
POSTGRESQL = Dialect(
    names={
        "MONEY": "decimal(19,2)",
        "OID": "bigint",
        "HSTORE": "map<string,string>",
        "FLOAT": "double",
    },
    decimal=Decimal(MAX_PRECISION, 18),
    has_unsigned=False,
)

# A moment is kept in UTC by TIMESTAMP and as it was given by DATETIME.
MYSQL = Dialect(
    names={
        "TIMESTAMP": "timestamp",
        "YEAR": "smallint",
        "REAL": "double",
        "BIT": "binary",
        **dict.fromkeys(
            ("POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION"),
            "geometry",
        ),
        "GEOMCOLLECTION": "geometry",
        "INET4": "string",
        "INET6": "string",
        "VECTOR": "binary",
    },
    decimal=Decimal(10, 0),
)


class Translator:
    """`spark_type` for many columns of one database, most of which say the same few types."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._known: dict[str, SparkType | None] = {}

    def __call__(self, declared: str) -> SparkType | None:
        """The Spark type of a declared one, or None when that says nothing known."""
        if declared not in self._known:
            self._known[declared] = spark_type(declared, self._dialect)
        return self._known[declared]


def spark_type(declared: str, dialect: Dialect) -> SparkType | None:
    """The Spark type of a declared one, or None when that says nothing known."""
    try:
        return _convert(parse(declared), dialect)
    except ValueError:
        return None


def _convert(found: SqlType, dialect: Dialect) -> SparkType | None:
    if found.members:
        return _nested(found, dialect)
    if found.name in _DECIMALS:
        return _decimal(found.arguments, dialect)
    own = dialect.names.get(found.name)
    if own is None and found.name.startswith("INTERVAL "):
        return Scalar("interval")
    if own is None and (signed := found.name.removesuffix(" UNSIGNED")) != found.name:
        inner = _convert(SqlType(signed, found.arguments), dialect)
        wider = _UNSIGNED.get(str(inner)) if dialect.has_unsigned else None
        return _named(wider) if wider else inner
    name = own or _SPARK.get(found.name)
    return None if name is None else _named(name)


def _named(spark: str) -> SparkType:
    return parse_spark(spark)


def _decimal(arguments: tuple[str, ...], dialect: Dialect) -> SparkType | None:
    """With its digits; more than Spark has are text, which loses none."""
    if not arguments:
        return dialect.decimal
    if not all(argument.isascii() and argument.isdigit() for argument in arguments[:2]):
        return None
    precision, scale = int(arguments[0]), int(arguments[1]) if len(arguments) > 1 else 0
    if not 0 < precision <= MAX_PRECISION or scale > precision:
        return STRING
    return Decimal(precision, scale)


def _nested(found: SqlType, dialect: Dialect) -> SparkType | None:
    """A container; what is inside and unknown is text, as it is on its own."""
    inner = [(name, _convert(type_, dialect) or STRING) for name, type_ in found.members]
    types = [type_ for _, type_ in inner]
    match found.name, len(types):
        case (("STRUCT" | "ROW"), _):
            return Struct(tuple(inner))
        case "UNION", _:
            return Union(tuple(types))
        case "MAP", 2:
            return Map(types[0], types[1])
        case "LIST", 1:
            return Array(types[0])
    return None
