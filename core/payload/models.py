"""The payload once checked: frozen, trusted from here on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from core.csv_options import CsvOptions
from core.secret_register import HIDDEN
from core.secrets import mask_tree, mask_url

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
    accept_shrink: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    max_files: int | None = None
    row_counts: RowCounts = "metadata"
    sample_values: int = 0
    sample_bytes: int = 1 << 20
    tables: tuple[TableRule, ...] = ()
    csv: CsvOptions = field(default_factory=CsvOptions)


OPTION_NAMES = tuple(f.name for f in fields(Options))


@dataclass(frozen=True, slots=True)
class Source:
    """One source; `path` is None when the payload names none (the source is then skipped).

    `type` is one of `SOURCE_TYPES`, the job's default filled in; `index` is its position in the payload.
    """

    source_id: str
    path: str | None = field(repr=False)
    type: str
    connection: str | None
    options: Options
    raw: dict[str, Any] = field(repr=False)
    index: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """A checked payload. `single` tells that it came in the single-source shape.

    `options` are the job's; each source has its own, merged over these. `raw` is the payload as given.
    """

    workflow_id: str
    job_type: str
    tenant_id: str
    sources: tuple[Source, ...]
    options: Options
    job_metadata: dict[str, Any] | None = field(repr=False)
    write_to_db: bool
    single: bool
    raw: dict[str, Any] = field(repr=False)

    @property
    def databricks_credentials(self) -> dict[str, Any] | None:
        """The job's own credentials for Databricks; never stored."""
        found: dict[str, Any] | None = (self.job_metadata or {}).get("databricks_credentials")
        return found

    def masked(self) -> dict[str, Any]:
        """The payload as it may be stored and shown: secrets hidden, all Databricks credentials too.

        What names and describes the sources is kept to the letter, so that a stored payload whose
        paths carry no secret can be run again.
        """
        return masked_payload(self.raw)


def masked_payload(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Any payload as `Job.masked` gives it, also one that is not accepted."""
    kept = _masked_entry(raw)
    if isinstance(metadata := raw.get("job_metadata"), dict):
        own = metadata.get("databricks_credentials")
        shown = {name: value for name, value in metadata.items() if name != "databricks_credentials"}
        kept["job_metadata"] = _masked_entry(shown)
        if own:
            # That there were some must stay known: without them the job would go elsewhere.
            hidden = dict.fromkeys(own, HIDDEN) if isinstance(own, dict) else HIDDEN
            kept["job_metadata"]["databricks_credentials"] = hidden
    return kept


_KEPT = (
    "workflow_id",
    "source_id",
    "tenant_id",
    "job_type",
    "data_source_type",
    "connection",
    "write_to_db",
)


def _masked_entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A job, its metadata or a source, masked by what its fields mean."""
    masked: dict[str, Any] = {}
    for name, value in entry.items():
        if name in _KEPT and isinstance(value, str | bool):
            masked[name] = value
        elif name == "data_source_path" and isinstance(value, str):
            masked[name] = mask_url(value)
        elif name == "sources" and isinstance(value, list):
            masked[name] = [_masked_entry(item) if isinstance(item, dict) else mask_tree(item) for item in value]
        elif name == "options" and isinstance(value, dict):
            # Globs and table names are keys: `token=*/**` is a partition.
            masked[name] = {n: item if n in OPTION_NAMES else _masked_value(n, item) for n, item in value.items()}
        else:
            masked[name] = _masked_value(name, value)
    return masked


def _masked_value(name: str, value: Any) -> Any:
    return next(iter(mask_tree({name: value}).values()))
