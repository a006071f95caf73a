"""The payload once checked: frozen, trusted from here on."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal

from core.secrets import mask_tree

JOB_TYPES = ("metadata_extraction",)
DATABASE_KINDS = ("postgresql", "mysql", "sqlite", "duckdb", "mssql", "snowflake", "databricks")
FILE_FORMATS = ("csv", "parquet", "json", "excel", "avro", "orc", "arrow", "delta", "iceberg")
SOURCE_TYPES = ("auto", "azure_blob", "aws_s3", "database", "local_filesystem", *DATABASE_KINDS, *FILE_FORMATS)

RowCounts = Literal["metadata", "exact", "none"]


@dataclass(frozen=True, slots=True)
class TableRule:
    """One entry of the `tables` option: a table's name and the glob of its files."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a job or a source; names and defaults are the contract's."""

    parallel_sources: int = 4
    max_concurrency: int = 64
    retries: int = 3
    timeout_s: float | None = None
    atomic: bool = False
    incremental: bool = True
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    max_files: int | None = None
    row_counts: RowCounts = "metadata"
    sample_values: int = 0
    sample_bytes: int = 1 << 20
    tables: tuple[TableRule, ...] = ()


OPTION_NAMES = tuple(f.name for f in fields(Options))


@dataclass(frozen=True, slots=True)
class Source:
    """One source; `path` is None when the payload names none (the source is then skipped)."""

    source_id: str
    path: str | None = field(repr=False)
    type: str
    connection: str | None
    options: Options
    raw: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Job:
    """A checked payload. `single` tells that it came in the single-source shape."""

    workflow_id: str
    job_type: str
    tenant_id: str
    sources: tuple[Source, ...]
    options: Options
    job_metadata: dict[str, Any] | None = field(repr=False)
    write_to_db: bool
    single: bool
    raw: dict[str, Any] = field(repr=False)

    def masked(self) -> dict[str, Any]:
        """The payload as it may be stored: secrets hidden, Databricks credentials left out."""
        kept = dict(self.raw)
        if isinstance(kept.get("job_metadata"), dict):
            hidden = ("databricks_credentials",)
            kept["job_metadata"] = {k: v for k, v in kept["job_metadata"].items() if k not in hidden}
        masked: dict[str, Any] = mask_tree(kept)
        return masked
