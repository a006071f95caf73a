"""What a Databricks warehouse tells of its catalogs: Unity's `information_schema`, the legacy SHOW statements."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import duckdb
import pyarrow as pa
from sqlglot import exp

Name = tuple[str, str, str]
Parted = Mapping[Name, Sequence[str]]

_SHOW_SCHEMAS = re.compile(r"\s*SHOW SCHEMAS IN (\w+)\s*")
_SHOW_TABLES = re.compile(r"\s*SHOW TABLE EXTENDED IN (\w+)\.`((?:[^`]|``)*)` LIKE '\*'\s*")
_TREE = {"INT": "integer", "BIGINT": "long", "SMALLINT": "short", "TINYINT": "byte"}
_OWN = ("main", "information_schema", "pg_catalog")


def information_schema(cursor: duckdb.DuckDBPyConnection, catalog: str, name: str, parted: Parted) -> str:
    """DuckDB SQL for a view of Unity's `information_schema`."""
    where = f"database_name = '{catalog}' AND schema_name NOT IN {_OWN}"
    parts = " ".join(
        f"WHEN '{schema}.{table}.{column}' THEN {at}"
        for (_, schema, table), columns in parted.items()
        for at, column in enumerate(columns, 1)
    )
    natives = cursor.execute("SELECT DISTINCT data_type FROM duckdb_columns() WHERE NOT internal").fetchall()
    types = " ".join(f"WHEN {_text(native)} THEN {_text(_full_data_type(native))}" for (native,) in natives)
    place = "schema_name || '.' || table_name || '.' || column_name"
    return {
        "columns": f"""SELECT schema_name AS table_schema, table_name, column_name, column_index AS ordinal_position,
            CASE WHEN is_nullable THEN 'YES' ELSE 'NO' END AS is_nullable,
            CASE data_type {types} WHEN '' THEN '' END AS full_data_type,
            {f"CASE {place} {parts} END" if parts else "NULL"} AS partition_index, comment
            FROM duckdb_columns() WHERE {where}""",
        "tables": f"""SELECT schema_name AS table_schema, table_name, 'MANAGED' AS table_type,
            'DELTA' AS data_source_format, comment, now() AS last_altered FROM duckdb_tables() WHERE {where}
            UNION ALL SELECT schema_name, view_name, 'VIEW', NULL, comment, now() FROM duckdb_views()
            WHERE {where} AND NOT internal""",
        "table_constraints": f"""SELECT schema_name AS constraint_schema, constraint_name, table_name,
            constraint_type FROM duckdb_constraints() WHERE {where}""",
        "key_column_usage": f"""SELECT schema_name AS constraint_schema, constraint_name, schema_name AS table_schema,
            table_name, unnest(constraint_column_names) AS column_name FROM duckdb_constraints() WHERE {where}
            AND constraint_type = 'PRIMARY KEY'""",
    }[name]


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _full_data_type(native: str) -> str:
    """A DuckDB type as Databricks' `full_data_type`."""
    text = exp.DataType.build(native, dialect="duckdb").sql("databricks").lower()
    return re.sub(r"([:,]) ", r"\1", text)


def show(cursor: duckdb.DuckDBPyConnection, statement: str, parted: Parted, bare: set[str]) -> pa.Table | None:
    """The answer to a SHOW statement; None when it is another. Tables in `bare` do not tell their columns."""
    if (found := _SHOW_SCHEMAS.fullmatch(statement)) is not None:
        sql = "SELECT schema_name FROM duckdb_schemas() WHERE database_name = ? AND schema_name NOT IN ?"
        rows = cursor.execute(sql, [found[1], _OWN]).fetchall()
        return pa.table({"databaseName": pa.array([row[0] for row in rows], pa.string())})
    if (found := _SHOW_TABLES.fullmatch(statement)) is None:
        return None
    catalog, schema = found[1], found[2].replace("``", "`")
    relations = cursor.execute(
        "SELECT table_name, 'MANAGED', comment FROM duckdb_tables() WHERE database_name = $1 AND schema_name = $2"
        " UNION ALL SELECT view_name, 'VIEW', comment FROM duckdb_views() WHERE database_name = $1"
        " AND schema_name = $2",
        [catalog, schema],
    ).fetchall()
    told = [
        _information(cursor, (catalog, schema, name), kind, comment, parted, name in bare)
        for name, kind, comment in relations
    ]
    return pa.table(
        {
            "database": pa.array([schema] * len(relations), pa.string()),
            "tableName": pa.array([row[0] for row in relations], pa.string()),
            "isTemporary": pa.array([False] * len(relations), pa.bool_()),
            "information": pa.array(told, pa.string()),
        }
    )


def _information(
    cursor: duckdb.DuckDBPyConnection, name: Name, kind: str, comment: str | None, parted: Parted, bare: bool
) -> str:
    columns = cursor.execute(
        "SELECT column_name, data_type, is_nullable FROM duckdb_columns()"
        " WHERE database_name = ? AND schema_name = ? AND table_name = ? ORDER BY column_index",
        list(name),
    ).fetchall()
    lines = [f"Catalog: {name[0]}", f"Database: {name[1]}", f"Table: {name[2]}", f"Type: {kind}"]
    lines += [f"Comment: {comment}"] * bool(comment)
    if kind != "VIEW":
        lines += ["Provider: delta", "Statistics: 4096 bytes, 12 rows", f"Location: dbfs:/warehouse/{name[2]}"]
    if name in parted:
        lines += ["Partition Columns: [" + ", ".join(f"`{column}`" for column in parted[name]) + "]"]
    lines += ["Schema: root"]
    for column, native, nullable in () if bare else columns:
        type_ = exp.DataType.build(native, dialect="duckdb")
        lines += _tree(" |-- ", column, type_, f" (nullable = {str(nullable).lower()})")
    return "\n".join(lines) + "\n"


def _tree(prefix: str, name: str, type_: exp.DataType, flag: str) -> Iterator[str]:
    """The lines that Spark prints for one field."""
    inner = prefix.replace("-- ", "    |-- ")
    kinds = exp.DataType.Type
    if type_.this is kinds.STRUCT:
        yield f"{prefix}{name}: struct{flag}"
        for field in type_.expressions:
            yield from _tree(inner, field.name, field.args["kind"], " (nullable = true)")
    elif type_.this in (kinds.ARRAY, kinds.LIST):
        yield f"{prefix}{name}: array{flag}"
        yield from _tree(inner, "element", type_.expressions[0], " (containsNull = true)")
    elif type_.this is kinds.MAP:
        yield f"{prefix}{name}: map{flag}"
        yield from _tree(inner, "key", type_.expressions[0], "")
        yield from _tree(inner, "value", type_.expressions[1], " (valueContainsNull = true)")
    else:
        text = type_.sql("databricks")
        yield f"{prefix}{name}: {_TREE.get(text, text.lower()).replace(', ', ',')}{flag}"
