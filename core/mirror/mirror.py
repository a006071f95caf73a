"""The mirror: staged rows in, one transaction a commit; SQL out."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import rows
from core.disk_faults import cause, way_out
from core.errors import MirrorError
from core.memory import Remembered
from core.mirror.memory_limit import in_little_memory
from core.mirror.question import Question
from core.mirror.recall import recall
from core.mirror.results import FORMULA_MARKS
from core.mirror.salvage import take_sources
from core.mirror.session import Session, literal, quote
from core.points import reached

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from core.stage import Stage

_log = logging.getLogger(__name__)

_INTERNAL_SCHEMA = "_nuvyn_internal"
# A file this many times larger than after its last compaction is compacted again.
_COMPACT_AT = 3
_SMALLEST_COMPACTED = 16 << 20
# A tenth of a second or two; what takes longer is written beside the readers.
_MOST_ROWS_IN_PLACE = 50_000


@dataclass(frozen=True, slots=True)
class Staged:
    """A source's sealed stage, ready to be committed."""

    workflow_id: str
    source_id: str
    job_id: str
    stage: Stage


class Mirror:
    """One mirror file. Catalog and schema names are settings; the contract's are the defaults."""

    def __init__(self, path: Path, *, catalog: str = "hive_metastore", schema: str = "_executor_metadata") -> None:
        self.path = path
        self.catalog, self.schema = catalog, schema
        self._session = Session(path, catalog)
        self._public = f"{quote(catalog)}.{quote(schema)}"
        self._internal = f"{quote(catalog)}.{quote(_INTERNAL_SCHEMA)}"
        self._ready = False

    def exists(self) -> bool:
        return self.path.exists()

    def sweep(self) -> None:
        """Remove what writers left beside the file who died."""
        self._session.sweep()

    def commit(self, sources: Sequence[Staged], moment: datetime) -> None:
        """Replace the rows of these sources by their staged ones, all in one transaction.

        `moment` (UTC without zone) is when schema changes were detected. Committing the same
        stage twice leaves the same rows, but for `executor_runs`.

        Raises:
            MirrorError: nothing was written.
        """
        count = self._rows(sources)
        with self._writing(beside_readers=count > _MOST_ROWS_IN_PLACE) as connection:

            def write() -> None:
                connection.execute("BEGIN")
                for staged in sources:
                    self._replace(connection, staged, moment)
                reached("mirror: replaced")
                connection.execute("COMMIT")
                reached("mirror: committed")

            in_little_memory(connection, count, write)
        self._compact_when_grown()

    def record_run(self, run: dict[str, Any]) -> None:
        """Add one row to `executor_runs`, for a run that leaves a source's rows alone."""
        import pyarrow as pa

        batch = pa.Table.from_pylist([run], schema=rows.EXECUTOR_RUNS)
        with self._writing() as connection:
            connection.register("new_run", batch)
            connection.execute(f"INSERT INTO {self._public}.executor_runs BY NAME SELECT * FROM new_run")
            reached("mirror: run recorded")
            connection.unregister("new_run")

    def forget(self, workflow_id: str, source_id: str | None = None) -> int:
        """Delete all rows of a source, or of a whole workflow; returns how many sources that were.

        Raises:
            MirrorError: there is no such source, or nothing could be written.
        """
        names = {"workflow": workflow_id} | ({"source": source_id} if source_id is not None else {})
        where = "WHERE workflow_id = $workflow" + (" AND source_id = $source" if source_id is not None else "")
        if not self.exists():
            raise MirrorError(f"there is no mirror yet at {self.path}", hint="run a payload first, or `nuvyn demo`")
        with self._writing() as connection:
            connection.execute("BEGIN")
            [(count,)] = connection.execute(f"SELECT count(*) FROM {self._public}.sources {where}", names).fetchall()
            if not count:
                what = workflow_id if source_id is None else f"{workflow_id}/{source_id}"
                raise MirrorError(f"the mirror holds nothing of {what}", hint='nuvyn query "FROM sources" lists all')
            for table in (*rows.ALL, "schema_changes"):
                target = self._table_in(table)
                connection.execute(f"DELETE FROM {target} {where}", names)
            connection.execute("COMMIT")
        self._compact_when_grown()
        return int(count)

    def take_from(self, broken: Path) -> frozenset[tuple[str, str]]:
        """Take every source, as (workflow, name), all of whose rows can be read from another mirror's file.

        Raises:
            MirrorError: this mirror cannot be written.
        """
        with self._writing() as connection:
            return take_sources(connection, broken, self._table_in)

    def query(self, sql: str, *, limit: int | None = None, params: Mapping[str, Any] | None = None) -> pa.Table:
        """The result of one SQL text; unqualified names are the metadata schema's tables.

        `params` fills `$name` in the SQL.

        Raises:
            MirrorError: the SQL is wrong, or the mirror cannot be read.
        """
        return self.question(sql, limit=limit, params=params).run()

    def question(self, sql: str, *, limit: int | None = None, params: Mapping[str, Any] | None = None) -> Question:
        """A `query` that another thread may cancel."""
        return Question(self._session, self._public, sql, params=params, limit=limit)

    def schema_columns(self) -> dict[str, frozenset[str]]:
        """The tables of the metadata schema as they are, with the names of their columns."""
        with self._session.reading() as connection:
            found = connection.execute(
                "SELECT table_name, list(column_name) FROM duckdb_columns()"
                " WHERE database_name = ? AND schema_name = ? GROUP BY table_name",
                [self.catalog, self.schema],
            ).fetchall()
        return {name: frozenset(columns) for name, columns in found}

    def create_schema(self) -> None:
        """Make what the metadata schema lacks; rows stay as they are."""
        with self._writing():
            pass

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Several questions at one moment: the metadata schema's tables under their plain names.

        No commit comes between them, and none can begin meanwhile: be quick.

        Raises:
            MirrorError: the mirror cannot be read.
        """
        with self._session.reading() as connection:
            connection.execute(f"USE {self._public}")
            yield connection

    def committed(self, job_id: str, workflow_id: str) -> frozenset[str]:
        """The sources of this workflow whose rows a given job wrote."""
        if not self.exists():
            return frozenset()
        with self._session.reading() as connection:
            found = connection.execute(
                f"SELECT source_id FROM {self._public}.sources WHERE job_id = ? AND workflow_id = ?",
                [job_id, workflow_id],
            ).fetchall()
        return frozenset(source for (source,) in found)

    def held(self, workflow_id: str, source_id: str, source_path: str) -> int:
        """How many objects (of a database: tables) a source had when it was last read from this path; 0 if never."""
        if not self.exists():
            return 0
        where = "WHERE workflow_id = $w AND source_id = $s"
        with self._session.reading() as connection:
            if not self._has_sources(connection):
                return 0
            found = connection.execute(
                f"SELECT tables_found, (SELECT count(*) FROM {self._public}.files {where})"
                f" FROM {self._public}.sources {where} AND source_path = $p",
                {"w": workflow_id, "s": source_id, "p": source_path},
            ).fetchall()
        return max((int(files or tables or 0) for tables, files in found), default=0)

    def remembered(
        self, workflow_id: str, source_id: str, source_path: str, reader_key: str, listed: pa.RecordBatchReader
    ) -> Remembered | None:
        """What is known of a source's listed files (`core.listing.LISTED`).

        None when the source never ran well, or its last run was of another path or read by another key.
        """
        if not self.exists():
            return None
        where = "WHERE workflow_id = $w AND source_id = $s"
        names = {"w": workflow_id, "s": source_id}
        with self._session.reading() as connection:
            found = connection.execute(
                f"SELECT source_path, reader_key FROM {self._internal}.snapshots {where}", names
            ).fetchall()
            if found != [(source_path, reader_key)] or not self._is_current(connection):
                return None
            files = recall(connection, self._sql("remembered.sql"), names, listed)
            schemas = connection.execute(
                f"SELECT schema_key, columns FROM {self._internal}.file_schemas {where}", names
            ).fetchall()
            logs = connection.execute(f"SELECT root, facts FROM {self._internal}.lakehouses {where}", names).fetchall()
        return Remembered(files, dict(schemas), dict(logs))

    def export(self, folder: Path, format: str, workflow_id: str | None = None) -> list[Path]:
        """Write every table of the metadata schema to `folder` as csv, json or parquet.

        In csv a text that a spreadsheet would take for a formula has an apostrophe before it.
        """
        copy = {
            "csv": "FORMAT csv, HEADER",
            "json": "FORMAT json",
            "parquet": "FORMAT parquet, COMPRESSION zstd",
        }
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        with self._session.reading() as connection:
            for table, schema in {**rows.PUBLIC, "schema_changes": rows.SCHEMA_CHANGES}.items():
                path = folder / f"{table}.{format}"
                where = f"WHERE workflow_id = {literal(workflow_id)}" if workflow_id else ""
                shown = f"* REPLACE ({_cells(schema)})" if format == "csv" else "*"
                connection.execute(
                    f"COPY (SELECT {shown} FROM {self._public}.{table} {where} ORDER BY ALL)"
                    f" TO {literal(str(path))} ({copy[format]})"
                )
                written.append(path)
        return written

    def _table_in(self, table: str, catalog: str | None = None) -> str:
        """A table's whole name, quoted; in another catalog of the same layout if one is given."""
        inner = table in rows.INTERNAL
        return f"{quote(catalog or self.catalog)}.{quote(_INTERNAL_SCHEMA if inner else self.schema)}.{table}"

    def _sql(self, name: str) -> str:
        text = resources.files("core.mirror").joinpath(name).read_text()
        return text.replace("$PUBLIC", self._public).replace("$INTERNAL", self._internal)

    def _is_current(self, connection: duckdb.DuckDBPyConnection) -> bool:
        """Whether the memory is laid out as today; an older mirror's is with its next commit."""
        found = connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = ? AND schema_name = ?",
            [self._session.catalog, _INTERNAL_SCHEMA],
        ).fetchall()
        return {(name, field.name) for name, schema in rows.INTERNAL.items() for field in schema} <= set(found)

    @contextmanager
    def _writing(self, *, beside_readers: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """The mirror with its schema, for writing: in place, or in a copy for what takes long.

        Raises:
            MirrorError: nothing was written.
        """
        try:
            in_place = self.exists() and not beside_readers
            with self._session.writing() if in_place else self._session.rewriting() as connection:
                self._create(connection)
                yield connection
        except Exception as error:
            # What was made may have gone with the copy that it was made in.
            self._ready = False
            if isinstance(error, MirrorError):
                raise
            raise MirrorError(
                f"the mirror {self.path} could not be written: {cause(error)}", hint=way_out(error)
            ) from error

    def _create(self, connection: duckdb.DuckDBPyConnection) -> None:
        if not self._ready or not self.path.exists():
            connection.execute(self._sql("schema.sql"))
            reached("mirror: schema made")
            self._ready = True

    def _replace(self, connection: duckdb.DuckDBPyConnection, staged: Staged, moment: datetime) -> None:
        names = {"workflow": staged.workflow_id, "source": staged.source_id}
        where = "WHERE workflow_id = $workflow AND source_id = $source"
        known = connection.execute(f"SELECT count(*) FROM {self._public}.sources {where}", names).fetchall()
        if known[0][0]:
            self._set_aside(connection, "old", where, names)
        for table in rows.ALL:
            target = self._table_in(table)
            if table != "executor_runs":
                connection.execute(f"DELETE FROM {target} {where}", names)
                reached(f"mirror: {table} deleted")
            path = staged.stage.path(table)
            if path is not None:
                connection.execute(f"INSERT INTO {target} BY NAME SELECT * FROM read_parquet(?)", [str(path)])
        if known[0][0]:
            self._set_aside(connection, "new", where, names)
            connection.execute(self._sql("changes.sql"), {**names, "job": staged.job_id, "moment": moment})

    def _set_aside(self, connection: duckdb.DuckDBPyConnection, prefix: str, where: str, names: dict[str, str]) -> None:
        for table in ("tables", "columns"):
            rows_of = f"SELECT * FROM {self._public}.{table} {where}"
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {prefix}_{table} AS {rows_of}", names)

    def _rows(self, sources: Sequence[Staged]) -> int:
        """About how many rows a commit writes and replaces."""
        try:
            count = sum(staged.stage.rows() for staged in sources)
        except (OSError, ValueError) as error:
            raise MirrorError(f"what was staged cannot be read: {error}", hint="run the source again") from error
        if not self.exists():
            return count
        with self._session.reading() as connection:
            if not self._has_sources(connection):
                return count
            for staged in sources:
                [(replaced,)] = connection.execute(
                    f"SELECT coalesce(sum(files_found + columns_found), 0) FROM {self._public}.sources"
                    " WHERE workflow_id = ? AND source_id = ?",
                    [staged.workflow_id, staged.source_id],
                ).fetchall()
                count += int(replaced)
        return count

    def _has_sources(self, connection: duckdb.DuckDBPyConnection) -> bool:
        found = connection.execute(
            "SELECT 1 FROM duckdb_tables() WHERE database_name = ? AND schema_name = ? AND table_name = 'sources'",
            [self.catalog, self.schema],
        )
        return bool(found.fetchall())

    def _compact_when_grown(self) -> None:
        """Rewrite the file when deleted rows have come to be most of it; what was committed stays when that fails."""
        try:
            self._compact()
        except Exception as error:
            _log.warning("the mirror %s could not be made smaller: %s", self.path, error)

    def _compact(self) -> None:
        note = self.path.with_name(self.path.name + ".size")
        size = self.path.stat().st_size
        try:
            last = int(json.loads(note.read_text()))
        except (OSError, ValueError):
            last = size
            note.write_text(json.dumps(size))
        if size < max(_SMALLEST_COMPACTED, _COMPACT_AT * last):
            return
        with self._session.rewriting(compact=True):
            pass
        reached("mirror: compacted")
        note.write_text(json.dumps(self.path.stat().st_size))


def _cells(schema: pa.Schema) -> str:
    """The text columns as `core.mirror.results.cell_of` has them."""
    marks = literal(FORMULA_MARKS)
    texts = (quote(field.name) for field in schema if str(field.type) == "string")
    return ", ".join(
        f"CASE WHEN {n} <> '' AND contains({marks}, {n}[1:1]) THEN chr(39) || {n} ELSE {n} END AS {n}" for n in texts
    )
