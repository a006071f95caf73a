"""What a Databricks SQL warehouse does with a statement, done by DuckDB: as strict, and with its error texts.

Statements are read in the Databricks dialect (sqlglot), checked, and run in a DuckDB database a
catalog. Known: what nuvyn sends, and any SELECT both dialects know.
"""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import exp

from tests.servers.warehouse_catalog import information_schema, show

MOST_PARAMETERS = 256
LONGEST_STATEMENT = 4 << 20
USER = "operator@example.com"

_SPARK_NAMES = {
    "VARCHAR": "string",
    "BIGINT": "bigint",
    "INTEGER": "int",
    "SMALLINT": "smallint",
    "BOOLEAN": "boolean",
    "DOUBLE": "double",
    "FLOAT": "float",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
    "TIMESTAMP": "timestamp_ntz",
    "DATE": "date",
    "VARCHAR[]": "array<string>",
}
_WIDER = {"bigint": {"int", "smallint"}, "int": {"smallint"}, "double": {"float"}}
_STAGING = re.compile(r"\s*(?:PUT\s+'__input_stream__'\s+INTO|REMOVE)\s+'([^']+)'(?:\s+OVERWRITE)?\s*$", re.I)
_LEGACY = "hive_metastore"


class Refused(Exception):
    """A statement that the warehouse does not run; its text is what a client sees."""

    def __init__(self, error_class: str, message: str, sqlstate: str) -> None:
        super().__init__(f"[{error_class}] {message} SQLSTATE: {sqlstate}")
        self.sqlstate = sqlstate


class Engine:
    """The catalogs and volumes of one warehouse."""

    def __init__(self, folder: Path) -> None:
        self.volume = "/Volumes/unity/ops/landing"
        self.folder = folder
        self.legacy_disabled = False
        self.clusters_legacy = True
        self.denied: set[str] = set()
        """Privileges that the user lacks: `SELECT`, `MODIFY`, `CREATE SCHEMA`, `CREATE TABLE`, `WRITE VOLUME`."""
        self.parted: dict[tuple[str, str, str], list[str]] = {}
        """Columns that tables are partitioned by."""
        self.bare: set[str] = set()
        """Names of legacy tables whose columns only their log has."""
        self._lock = threading.RLock()
        self._base = duckdb.connect(":memory:", config={"threads": 2})
        self._base.execute("SET GLOBAL TimeZone = 'UTC'")
        self.clear()

    def clear(self) -> None:
        """As new: no schema, no file, every privilege."""
        with self._lock:
            for catalog in (_LEGACY, "unity"):
                self._base.execute(f"DETACH DATABASE IF EXISTS {catalog}")
                self._base.execute(f"ATTACH ':memory:' AS {catalog}")
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            self.legacy_disabled, self.clusters_legacy, self.denied = False, True, set()
            self.parted, self.bare = {}, set()

    def close(self) -> None:
        self._base.close()

    def sql(self, text: str) -> list[tuple[Any, ...]]:
        """Look into the catalogs in DuckDB's own SQL."""
        with self._lock:
            found = self._base.sql(text)
            # By way of Arrow: DuckDB itself wants pytz for moments with a zone.
            return [] if found is None else [tuple(row.values()) for row in found.to_arrow_table().to_pylist()]

    def staging(self, statement: str) -> tuple[str, Path] | None:
        """The verb and local file of a PUT or REMOVE, None when it is another statement.

        Raises:
            Refused: it names no place in the volume, or the user may not write there.
        """
        if (found := _STAGING.match(statement)) is None:
            return None
        if not found[1].startswith(self.volume + "/"):
            raise Refused("VOLUME_DOES_NOT_EXIST", f"Volume of {found[1]} does not exist.", "42704")
        self._allow("WRITE VOLUME", self.volume)
        return statement.split()[0].upper(), self.folder / found[1].removeprefix(self.volume + "/")

    def run(self, statement: str, parameters: Mapping[str, Any], zone: str = "UTC") -> pa.Table:
        """The result of a statement. Raises `Refused` as a warehouse would."""
        if len(parameters) > MOST_PARAMETERS or len(statement.encode()) > LONGEST_STATEMENT:
            raise Refused("STATEMENT_TOO_LARGE", "too many parameters, or too long a statement", "54000")
        with self._lock, self._base.cursor() as cursor:
            if (shown := show(cursor, statement, self.parted, self.bare)) is not None:
                self._allow("USE SCHEMA", statement.strip())
                return shown
        try:
            tree = sqlglot.parse_one(statement, read="databricks")
        except sqlglot.errors.ParseError as error:
            raise Refused("PARSE_SYNTAX_ERROR", str(error), "42601") from None
        unbound = {mark.name for mark in tree.find_all(exp.Placeholder)} - set(parameters)
        if unbound:
            raise Refused("UNBOUND_SQL_PARAMETER", f"Found the unbound parameter: {sorted(unbound)}.", "42P02")
        with self._lock, self._base.cursor() as cursor:
            cursor.execute(f"SET TimeZone = '{zone}'")
            self._functions(cursor)
            return _Statement(self, cursor, tree, parameters).run()

    def _functions(self, cursor: duckdb.DuckDBPyConnection) -> None:
        cursor.execute("CREATE TEMP MACRO conv(x, a, b) AS CAST(('0x' || x)::UBIGINT AS VARCHAR)")
        cursor.execute("CREATE TEMP MACRO timestamp_micros(x) AS make_timestamp(x) AT TIME ZONE 'UTC'")

    def _allow(self, privilege: str, place: str) -> None:
        if privilege in self.denied:
            raise Refused(
                "INSUFFICIENT_PERMISSIONS",
                f"Insufficient privileges: User does not have permission {privilege} on {place}.",
                "42501",
            )


class _Statement:
    """One statement on its way."""

    def __init__(
        self, engine: Engine, cursor: duckdb.DuckDBPyConnection, tree: exp.Expression, parameters: Mapping[str, Any]
    ) -> None:
        self._engine, self._cursor, self._tree = engine, cursor, tree
        self._parameters = parameters

    def run(self) -> pa.Table:
        tree = self._tree
        self._check_places()
        tree = tree.transform(_translated, self._engine, self._cursor)
        if isinstance(tree, exp.Create):
            return self._create(tree)
        if isinstance(tree, exp.Describe):
            return self._describe(_name(tree.this))
        if isinstance(tree, exp.Alter):
            return self._alter(tree)
        if isinstance(tree, exp.Insert):
            return self._replace(tree)
        if isinstance(tree, exp.Update | exp.Delete):
            return self._change(tree)
        return self._ask(tree).to_arrow_table()

    def _check_places(self) -> None:
        making = isinstance(self._tree, exp.Create)
        writes = isinstance(self._tree, exp.Insert | exp.Update | exp.Delete | exp.Alter)
        target = self._tree.find(exp.Table) if making or writes else None
        for table in self._tree.find_all(exp.Table):
            if table.db == "parquet":
                continue
            catalog = table.catalog or (table.db if making and self._tree.kind == "SCHEMA" else "")
            if not catalog:
                continue
            if catalog == _LEGACY and self._engine.legacy_disabled:
                raise Refused(
                    "UC_HIVE_METASTORE_DISABLED_EXCEPTION",
                    "The operation attempted to use Hive Metastore, which is disabled due to legacy access being "
                    "turned off in your account or workspace.",
                    "0A000",
                )
            known = [
                name for (name,) in self._cursor.execute("SELECT database_name FROM duckdb_databases()").fetchall()
            ]
            if catalog not in known:
                raise Refused("NO_SUCH_CATALOG_EXCEPTION", f"Catalog '{catalog}' was not found.", "42704")
            if table.db == "information_schema":
                continue
            if table is target and making:
                self._engine._allow(f"CREATE {self._tree.kind}", f"CATALOG '{catalog}'")
                if self._tree.kind == "TABLE":
                    self._check_schema(table)
                continue
            self._check_schema(table)
            if not self._columns(_name(table)):
                raise Refused(
                    "TABLE_OR_VIEW_NOT_FOUND", f"The table or view {table.sql('databricks')} cannot be found.", "42P01"
                )
            self._engine._allow("MODIFY" if table is target else "SELECT", f"TABLE '{table.name}'")

    def _check_schema(self, table: exp.Table) -> None:
        schemas = self._cursor.execute(
            "SELECT 1 FROM duckdb_schemas() WHERE database_name = ? AND schema_name = ?", [table.catalog, table.db]
        ).fetchall()
        if not schemas:
            raise Refused("SCHEMA_NOT_FOUND", f"The schema `{table.catalog}`.`{table.db}` cannot be found.", "42704")

    def _columns(self, name: tuple[str, str, str]) -> list[tuple[str, str]]:
        """A table's columns with their Spark types, in physical order."""
        found = self._cursor.execute(
            "SELECT column_name, data_type FROM duckdb_columns()"
            " WHERE database_name = ? AND schema_name = ? AND table_name = ? ORDER BY column_index",
            list(name),
        ).fetchall()
        return [(column, _SPARK_NAMES.get(type_, type_)) for column, type_ in found]

    def _create(self, tree: exp.Create) -> pa.Table:
        if tree.kind == "TABLE":
            name = _name(tree.find(exp.Table))
            clustered = tree.find(exp.Cluster, exp.ClusteredByProperty) is not None or "CLUSTER BY" in tree.sql(
                "databricks"
            )
            if name[0] == _LEGACY:
                if tree.find(exp.PrimaryKey):
                    raise Refused(
                        "UC_COMMAND_NOT_SUPPORTED", "Constraints are only supported in Unity Catalog.", "0AKUC"
                    )
                if clustered and not self._engine.clusters_legacy:
                    raise Refused("DELTA_CLUSTERING_NOT_SUPPORTED", "CLUSTER BY is not supported here.", "42000")
            for constraint in tree.find_all(exp.Constraint):
                constraint.pop()
            tree.set("properties", None)
        self._cursor.execute(tree.sql("duckdb", unsupported_level=sqlglot.ErrorLevel.IGNORE))
        return pa.table({})

    def _describe(self, name: tuple[str, str, str]) -> pa.Table:
        rows = [*self._columns(name), ("# Clustering Information", ""), ("# col_name", "data_type")]
        rows += [("workflow_id", "string"), ("source_id", "string")]
        return pa.table(
            {"col_name": [n for n, _ in rows], "data_type": [t for _, t in rows], "comment": [None] * len(rows)}
        )

    def _alter(self, tree: exp.Alter) -> pa.Table:
        for action in tree.args["actions"]:
            for column in action.find_all(exp.ColumnDef):
                table = tree.this.sql("duckdb")
                if column.name in dict(self._columns(_name(tree.this))):
                    raise Refused("FIELD_ALREADY_EXISTS", f"Cannot add column `{column.name}`.", "42710")
                self._cursor.execute(f"ALTER TABLE {table} ADD COLUMN {column.sql('duckdb')}")
        return pa.table({})

    def _replace(self, tree: exp.Insert) -> pa.Table:
        """`INSERT INTO … REPLACE WHERE`: rows go in by position, and only such that the predicate holds for."""
        predicate = tree.args.get("where")
        if predicate is None:
            raise Refused("NOT_HERE", "an INSERT without REPLACE WHERE cannot be sent twice", "0A000")
        if predicate.find(exp.Select):
            raise Refused("DELTA_UNSUPPORTED_SUBQUERY", "Subqueries are not supported in REPLACE WHERE.", "0AKDC")
        if not isinstance(tree.this, exp.Table):
            raise Refused("UNSUPPORTED", "REPLACE WHERE takes no list of columns here.", "0A000")
        target, where = tree.this.sql("duckdb"), predicate.sql("duckdb")
        columns = self._columns(_name(tree.this))
        given = self._ask(tree.expression).to_arrow_table()
        self._cursor.register("given", given)
        types = [_SPARK_NAMES[row[1]] for row in self._cursor.execute("DESCRIBE SELECT * FROM given").fetchall()]
        if len(types) != len(columns):
            raise Refused("INSERT_COLUMN_ARITY_MISMATCH", f"{len(columns)} columns, {len(types)} given.", "21S01")
        for (column, wanted), type_ in zip(columns, types, strict=True):
            if type_ != wanted and type_ not in _WIDER.get(wanted, ()):
                raise Refused(
                    "INCOMPATIBLE_DATA_FOR_TABLE", f"Cannot safely cast `{column}` {type_} to {wanted}.", "KD000"
                )
        names = ", ".join(f'"{name}"' for name, _ in columns)
        self._cursor.execute(f"CREATE TEMP TABLE fresh AS SELECT * FROM given AS fresh({names})")
        try:
            self._cursor.execute("BEGIN")
            outside = self._execute(f"SELECT count(*) FROM fresh WHERE NOT coalesce({where}, false)")
            if outside[0][0]:
                raise Refused("DELTA_REPLACE_WHERE_MISMATCH", f"Written data does not conform to {where}.", "44000")
            self._execute(f"DELETE FROM {target} WHERE {where}")
            self._cursor.execute(f"INSERT INTO {target} SELECT * FROM fresh")
            self._cursor.execute("COMMIT")
        except BaseException:
            self._cursor.execute("ROLLBACK")
            raise
        finally:
            self._cursor.execute("DROP TABLE fresh")
        return pa.table({"num_affected_rows": [given.num_rows], "num_inserted_rows": [given.num_rows]})

    def _change(self, tree: exp.Expression) -> pa.Table:
        [(count,)] = self._execute(tree.sql("duckdb"))
        return pa.table({"num_affected_rows": [count]})

    def _ask(self, tree: exp.Expression) -> duckdb.DuckDBPyRelation:
        sql = tree.sql("duckdb", unsupported_level=sqlglot.ErrorLevel.IGNORE)
        try:
            return self._cursor.sql(sql, params=self._used(sql))
        except duckdb.Error as error:
            raise Refused("UNRESOLVED_COLUMN", str(error), "42703") from None

    def _execute(self, sql: str) -> list[tuple[Any, ...]]:
        return self._cursor.execute(sql, self._used(sql)).fetchall()

    def _used(self, sql: str) -> dict[str, Any]:
        return {name: value for name, value in self._parameters.items() if re.search(rf"\${name}\b", sql)}


def _name(table: exp.Expression) -> tuple[str, str, str]:
    return (table.catalog, table.db, table.name)


def _translated(node: exp.Expression, engine: Engine, cursor: duckdb.DuckDBPyConnection) -> exp.Expression:
    """What sqlglot leaves to the two dialects' own."""
    if isinstance(node, exp.CurrentUser):
        return exp.Literal.string(USER)
    if isinstance(node, exp.Select) and len(node.expressions) == 1 and isinstance(node.expressions[0], exp.Inline):
        call = node.expressions[0].this
        shape = _structure(exp.DataType.build(call.expression.name, dialect="databricks"))
        rows = call.this.sql("duckdb")
        return sqlglot.parse_one(
            f"SELECT unnest(s) FROM (SELECT unnest(from_json({rows}, '{shape}')) AS s)", read="duckdb"
        )
    if isinstance(node, exp.FromJson) and node.expression.name[:1] not in '[{"':
        shape = _structure(exp.DataType.build(node.expression.name, dialect="databricks"))
        return sqlglot.parse_one(f"from_json({node.this.sql('duckdb')}, '{shape}')", read="duckdb")
    if isinstance(node, exp.Table) and node.db == "information_schema":
        sql = information_schema(cursor, node.catalog, node.name, engine.parted)
        return sqlglot.parse_one(sql, read="duckdb").subquery(node.alias or node.name)
    if isinstance(node, exp.Table) and node.db == "parquet":
        path = engine.folder / node.name.removeprefix(engine.volume + "/")
        place = f"{path}/*.parquet" if path.is_dir() else str(path)
        return sqlglot.parse_one(f"SELECT * FROM read_parquet('{place}')", read="duckdb").subquery(node.alias or "r")
    return node


def _structure(type_: exp.DataType) -> str:
    """A Spark type as the structure that DuckDB's from_json takes."""
    if type_.this is exp.DataType.Type.ARRAY:
        return f"[{_structure(type_.expressions[0])}]"
    if type_.this is exp.DataType.Type.STRUCT:
        fields = (f'"{field.name}":{_structure(field.args["kind"])}' for field in type_.expressions)
        return "{" + ",".join(fields) + "}"
    return f'"{type_.sql("duckdb")}"'
