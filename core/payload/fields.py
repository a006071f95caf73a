"""The fields of a payload and what each means, once: for the checks, and for the reference of the docs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PayloadField:
    """A field: its JSON type, and in Markdown what holds without it (empty: it must be there) and what it means."""

    name: str
    type: str
    default: str
    about: str


JOB = (
    PayloadField("job_type", "string", "`metadata_extraction`", "What to do; there is one kind of job."),
    PayloadField("workflow_id", "string", "", "The name under which the mirror keeps all that is found."),
    PayloadField("sources", "list of objects", "none", "The sources; without them the payload itself is one."),
    PayloadField("tenant_id", "string", "`default`", "For whom; it is kept, returned, and filters lists of jobs."),
    PayloadField("job_metadata", "object", "none", "What a caller likes to have kept and returned; some of it counts."),
    PayloadField("write_to_db", "boolean", "`false`", "Write to Databricks too, at the job's end."),
    PayloadField("job_id", "string", "none", "Accepted and not used: nuvyn gives each job an id of its own."),
)
METADATA = (
    PayloadField("workflow_id", "string", "none", "Wins over the payload's own, with a warning where they differ."),
    PayloadField("sources", "list of objects", "none", "The sources, where the payload has no list of its own."),
    PayloadField("write_to_db", "boolean", "`false`", "The same as the payload's own."),
    PayloadField("databricks_credentials", "object", "none", "Where to write to and as whom, never stored."),
)
"""What counts of `job_metadata`; the rest is only kept."""

SOURCE = (
    PayloadField("source_id", "string", "", "A name of its own; a payload that is one source may leave it out."),
    PayloadField(
        "data_source_path", "string", "none", "Where the data is, without credentials; a source without it is skipped."
    ),
    PayloadField(
        "data_source_type", "string", "`auto`", "A kind of place or database, or the one file format to read."
    ),
    PayloadField("connection", "string", "none", "A connection of `config.toml`, which has the credentials."),
    PayloadField("options", "object", "the job's", "How to read; a source's own win over the job's."),
)
"""A source's fields; a payload of one source has them itself, and its types and options hold for all sources."""

SOURCE_NAMES = tuple(field.name for field in SOURCE)
JOB_NAMES = (*(field.name for field in JOB), *SOURCE_NAMES)
