"""What the form of a source asks for, by the kind of source."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from core.payload.models import DATABASE_KINDS, FILE_FORMATS, SOURCE_TYPES

Input = Literal["text", "number", "list", "choice", "connection"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name in the payload, in the source itself or in its `options`."""

    name: str
    label: str
    input: Input = "text"
    option: bool = False
    choices: tuple[str, ...] = ()
    example: str = ""
    about: str = ""


_EXAMPLES = {
    "azure_blob": "https://ACCOUNT.blob.core.windows.net/CONTAINER/PREFIX",
    "aws_s3": "s3://BUCKET/PREFIX",
    "local_filesystem": "/data/exports",
    "database": "postgresql://USER:${PASSWORD}@HOST/DATABASE",
    "postgresql": "postgresql://USER:${PASSWORD}@HOST/DATABASE",
    "mysql": "mysql://USER:${PASSWORD}@HOST/DATABASE",
    "sqlite": "sqlite:////data/app.db",
    "duckdb": "duckdb:////data/app.duckdb",
    "mssql": "mssql://USER:${PASSWORD}@HOST/DATABASE",
    "snowflake": "snowflake://USER:${PASSWORD}@ACCOUNT/DATABASE",
    "databricks": "CATALOG, or CATALOG.SCHEMA",
}
_ANY = "s3://BUCKET/PREFIX, an https://… address, or a folder"

_PATH = "Where the data is, without credentials: name a connection for those."
_ADDRESS = "Never a password: name a connection, or write ${NAME} for one that is in the environment."

SOURCE_ID = Field("source_id", "id", about="A name of its own within the payload.")
TYPE = Field("data_source_type", "kind", "choice", choices=SOURCE_TYPES, about="auto finds it out from the path.")
CONNECTION = Field(
    "connection", "connection", "connection", about="A connection of config.toml: credentials never stand in a payload."
)
_FILE_OPTIONS = (
    Field("include", "include", "list", True, example="sales/**, *.csv", about="Globs below the path; only these."),
    Field("exclude", "exclude", "list", True, example="tmp/**", about="Globs below the path; not these."),
    Field("max_files", "max files", "number", True, example="no limit", about="Stop listing there."),
    Field(
        "row_counts",
        "row counts",
        "choice",
        True,
        ("metadata", "exact", "none"),
        about="exact also counts text files by reading them.",
    ),
    Field("sample_values", "samples", "number", True, example="0", about="Values a column keeps."),
)
_COMMON_OPTIONS = (
    Field("retries", "retries", "number", True, example="3", about="Further tries after a fault that passes."),
    Field("timeout_s", "time limit", "number", True, example="none", about="Seconds for the whole source."),
    Field("max_concurrency", "requests", "number", True, example="64", about="Requests in flight at once."),
)
_DATABASE_OPTIONS = (
    Field("include", "include", "list", True, example="sales.*", about="Tables as schema.table; only these."),
    Field("exclude", "exclude", "list", True, example="*.tmp_*", about="Tables as schema.table; not these."),
    replace(_FILE_OPTIONS[3], about="metadata takes the server's estimate; exact counts each table."),
)
_ONE_FILE = ("sqlite", "duckdb")


def is_database(kind: str) -> bool:
    """Whether a source of this kind is a database."""
    return kind == "database" or kind in DATABASE_KINDS


def fields_for(kind: str) -> tuple[Field, ...]:
    """The fields that a source of this kind needs, in order."""
    path = Field("data_source_path", _LABELS.get(kind, "path"), example=_EXAMPLES.get(kind, _ANY), about=_about(kind))
    here = kind == "local_filesystem" or kind in _ONE_FILE
    connection = () if here else (CONNECTION,)
    options = _DATABASE_OPTIONS if is_database(kind) else _FILE_OPTIONS
    # No network to try again; and a database is asked one thing after the other.
    left_out = {"retries"} if here else set()
    left_out |= {"max_concurrency"} if is_database(kind) else set()
    common = tuple(field for field in _COMMON_OPTIONS if field.name not in left_out)
    return (SOURCE_ID, TYPE, path, *connection, *options, *common)


def _about(kind: str) -> str:
    if kind == "databricks":
        return "At the warehouse of the connection, else of DATABRICKS_SERVER_HOSTNAME; or a databricks:// URL."
    if kind in _ONE_FILE:
        return "The file, which is only read."
    return _ADDRESS if is_database(kind) else _PATH


_LABELS = {
    **dict.fromkeys(("database", *DATABASE_KINDS), "address"),
    **dict.fromkeys(_ONE_FILE, "file"),
    "databricks": "catalog",
}


ALL_FIELDS: tuple[Field, ...] = tuple(
    {
        field.name: field
        for kind in ("auto", "database", "local_filesystem", *FILE_FORMATS[:1])
        for field in fields_for(kind)
    }.values()
)
"""Every field that any kind has."""


def shown(field: Field, value: object) -> str:
    """A field's value as it stands in its line of the form."""
    if value is None:
        return ""
    if field.input == "list" and isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return str(value)


def taken(field: Field, text: str) -> object:
    """What the payload gets for a typed text; None takes the field out. A wrong number stays text, as a problem."""
    text = text if field.name == "data_source_path" else text.strip()
    if not text:
        return None
    if field.input == "list":
        return [part.strip() for part in text.split(",") if part.strip()]
    if field.input == "number":
        return _number(text)
    return text


def _number(text: str) -> object:
    """A number as JSON has it; any other text as it is."""
    if re.fullmatch(r"-?\d{1,18}", text, re.ASCII):
        return int(text)
    return float(text) if re.fullmatch(r"-?\d{1,18}\.\d{1,18}", text, re.ASCII) else text
