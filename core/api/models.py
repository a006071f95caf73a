"""What the calls answer. Times are ISO 8601 in UTC, sizes bytes, durations seconds."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.jobs.model import JobState, SourceState


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Open(BaseModel):
    """A document to which later versions may add."""

    model_config = ConfigDict(extra="allow")


class ProblemEntry(_Answer):
    """One thing wrong: where in the body (`sources[1].source_id`), what, and what to do."""

    path: str
    message: str
    hint: str


class ErrorAnswer(_Answer):
    """Every answer of 400 and above."""

    error: str = Field(description="the first of `errors`, in one sentence")
    status: Literal["error"]
    errors: list[ProblemEntry]
    warnings: list[ProblemEntry] = []


class Created(_Answer):
    """A job that is queued, and starts at once."""

    job_id: str
    status: Literal["created"]
    message: str
    warnings: list[ProblemEntry]


class SourceStatus(_Answer):
    """A source of a job. Counts of a running one are those of its live progress."""

    source_id: str
    status: SourceState
    phase: str | None = Field(description="what a running source does: `listing`, `reading` …")
    attempts: int
    started_at: str | None
    ended_at: str | None
    files_found: int | None
    total_size_bytes: int | None
    tables_found: int | None
    columns_found: int | None
    listed: int | None
    to_read: int | None
    read: int | None
    failed: int | None
    requests: int | None
    error: str | None
    hint: str | None


class JobProgress(_Answer):
    """Counters over all sources; `to_read` is of those that have ended their listing."""

    sources: int
    sources_ended: int
    listed: int
    to_read: int
    read: int
    failed: int
    bytes_read: int
    requests: int
    tables: int


class JobStatus(_Answer):
    """The job so far. `result` is its `result_data` once it has ended."""

    job_id: str
    workflow_id: str
    tenant_id: str
    status: JobState
    success: bool | None
    cancel_requested: bool
    created_at: str
    started_at: str | None
    ended_at: str | None
    execution_time: float
    error: str | None
    progress: JobProgress
    sources: list[SourceStatus]
    sources_truncated: bool
    result: dict[str, Any] | None
    metadata: dict[str, Any]


class Result(_Open):
    """The answer of a run."""

    job_id: str
    status: JobState
    success: bool
    execution_time: float
    error: str | None
    result_data: dict[str, Any]
    metadata: dict[str, Any]


class Cancelled(_Answer):
    """`status` is `cancelled` at once for a queued job; a running one is stopped by its worker."""

    job_id: str
    cancelled: bool
    status: JobState
    message: str


class Retried(_Answer):
    """`sources` are those that run again."""

    job_id: str
    status: JobState
    message: str
    sources: list[str]


class JobEntry(_Answer):
    """A job in a list."""

    job_id: str
    job_type: str
    workflow_id: str
    tenant_id: str
    status: JobState
    created_at: str
    started_at: str | None
    ended_at: str | None
    execution_time: float
    sources: int
    sources_processed: int
    sources_failed: int
    sources_skipped: int
    files_found: int
    total_size_bytes: int
    tables_found: int
    columns_found: int
    error: str | None


class JobList(_Answer):
    """Jobs, newest first. `next_cursor` gives the next page; null on the last."""

    total_jobs: int = Field(description="how many jobs the filters let through, on all pages")
    jobs: list[JobEntry]
    filters: dict[str, str | None]
    next_cursor: str | None


class JobStats(_Answer):
    """Counts over all jobs. `success_rate` is a percentage of the ended ones."""

    total_jobs: int
    active_jobs: int
    waiting_jobs: int
    completed_jobs: int
    failed_jobs: int
    by_status: dict[str, int]
    success_rate: float
    average_execution_time_seconds: float
    max_concurrent_jobs: int
    workers: int


class Validated(_Answer):
    """What `POST /jobs/create` would say of the same body; nothing is run."""

    valid: bool
    workflow_id: str | None
    sources: int
    errors: list[ProblemEntry]
    warnings: list[ProblemEntry]


class Tested(_Answer):
    """What the first page of a listing told, or a database's catalog."""

    success: bool
    source_type: str
    connection_status: Literal["connected", "failed"]
    path: str
    objects_seen: int
    more: bool = Field(description="whether other pages follow")
    first: list[str]
    requests: int
    seconds: float
    error: str | None
    hint: str | None
    fault: str | None


class SourceType(_Answer):
    """One kind of source."""

    source_type: str
    description: str
    paths: list[str]
    required_credentials: list[str]
    installed: bool
    extra: str | None


class SourceTypes(_Answer):
    """What kinds of sources there are, and which connections callers may name."""

    supported_types: list[str]
    type_info: dict[str, SourceType]
    connections: list[str]


class TableCheck(_Answer):
    """One table of the metadata schema."""

    exists: bool
    structure_valid: bool
    missing_columns: list[str]


class SchemaChecked(_Answer):
    """Is the metadata schema there, and right."""

    target: Literal["mirror", "databricks"]
    catalog: str
    schema_name: str
    validation_status: Literal["valid", "invalid"]
    tables_found: list[str]
    tables_missing: list[str]
    tables_invalid: list[str]
    validation_details: dict[str, TableCheck]


class SchemaCreated(_Answer):
    """What was made; what was there already stays, with what is in it."""

    target: Literal["mirror", "databricks"]
    catalog: str
    schema_name: str
    creation_status: Literal["success"]
    tables_created: list[str]
    tables_completed: list[str]
    tables_failed: list[str]


class Check(_Answer):
    """One part of the server's health."""

    ok: bool
    message: str


class Health(_Answer):
    """Whether job store, mirror and a worker are well."""

    status: Literal["healthy", "unhealthy"]
    timestamp: str
    version: str
    service: str
    checks: dict[str, Check]


class Info(_Answer):
    """What this server is."""

    service: str
    version: str
    description: str
    endpoints: dict[str, str]
    job_types: list[str]
    source_types: list[str]
    catalog: str
    schema_name: str
    limits: dict[str, int]


class Pong(_Answer):
    """`received_data` is the body that was sent."""

    pong: bool
    timestamp: str
    received_data: Any
    message: str
