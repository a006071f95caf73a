"""What front ends ask of the job store: a checked payload as a job, a stored job as a payload."""

from __future__ import annotations

import os
from collections.abc import Collection
from copy import deepcopy
from dataclasses import replace

from core.caller_rules import CallerRules
from core.errors import NuvynError
from core.jobs.model import JobRecord
from core.jobs.store import LEASE_S, JobStore
from core.payload.load import check
from core.payload.models import Job, Source
from core.secret_register import HIDDEN
from core.settings import Settings
from core.sources.database_urls import FILE_DATABASES
from core.sources.local_paths import absolute, is_relative
from core.sources.locations import locate
from core.sources.place import Kind


def create(
    store: JobStore,
    job: Job,
    *,
    write_to_db: bool = False,
    owner: str | None = None,
    lease_s: float = LEASE_S,
    rules: CallerRules | None = None,
    key: str | None = None,
) -> str:
    """Store a checked payload as a job, secrets masked, and return its id; see `JobStore.create`."""
    wanted = write_to_db or job.write_to_db or os.environ.get("EXECUTOR_WRITE_TO_DB", "").lower() in ("1", "true")
    return store.create(
        workflow_id=job.workflow_id,
        tenant_id=job.tenant_id,
        payload=job.masked(),
        source_ids=[source.source_id for source in job.sources],
        write_to_db=wanted,
        owner=owner,
        lease_s=lease_s,
        rules=rules,
        key=key,
    )


def stored_job(settings: Settings, record: JobRecord) -> Job:
    """The payload of a stored job; its secrets are masked."""
    job = check(record.payload, defaults=settings.options).job
    assert job is not None, "only accepted payloads are stored"
    return job


def accepting_shrink(job: Job) -> Job:
    """The job with the option `accept_shrink` for all its sources."""
    raw = deepcopy(job.raw)
    raw["options"] = {**(raw.get("options") or {}), "accept_shrink": True}
    sources = tuple(replace(source, options=replace(source.options, accept_shrink=True)) for source in job.sources)
    return replace(job, raw=raw, options=replace(job.options, accept_shrink=True), sources=sources)


def lost_secrets(job: Job, source_ids: Collection[str] | None = None) -> list[str]:
    """What of a stored job carried a secret, which was not stored: its own login, and sources (of `source_ids`)."""
    own = job.databricks_credentials or {}
    lost = ["databricks_credentials"] if HIDDEN in own.values() else []
    return lost + [
        source.source_id
        for source in job.sources
        if HIDDEN in (source.path or "") and (source_ids is None or source.source_id in source_ids)
    ]


def anchored(job: Job, settings: Settings) -> Job:
    """The job with its relative paths made absolute: a worker may run it from another folder."""
    raw = deepcopy(job.raw)
    twin = check(raw, defaults=settings.options).job
    assert twin is not None, "it was accepted before"
    for source in twin.sources:
        if source.path and is_relative(source.path) and _is_file_path(source, settings):
            source.raw["data_source_path"] = absolute(source.path)
    return check(raw, defaults=settings.options).job or job


def _is_file_path(source: Source, settings: Settings) -> bool:
    """Whether a path without a scheme means files here, and no cloud's host or a database of a connection."""
    try:
        connection = settings.connection(source.connection) if source.connection else None
        location = locate(source.path or "", source.type, connection=connection)
    except NuvynError:
        return False
    return location.kind is Kind.LOCAL or location.scheme in FILE_DATABASES
