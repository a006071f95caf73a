"""The `options` of a job or source, checked by pydantic at the door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
)

from core.csv_options import CsvOptions
from core.payload.decode import child
from core.payload.models import OPTION_NAMES, Options, RowCounts, TableRule
from core.payload.problems import Problems, json_type, nearest

_Text = Annotated[StrictStr, Field(pattern=r"\S")]


class _TableIn(BaseModel):
    model_config = ConfigDict(extra="ignore")
    name: _Text = Field(description="The table's name; it may hold `{table}`.")
    path: _Text = Field(description="The glob of its files; `{table}` stands for one folder or name.")


def _known_encoding(name: str) -> str:
    try:
        "".encode(name)  # unlike `codecs.lookup`, it refuses what is no encoding of text
    except (LookupError, ValueError):
        raise ValueError("no such encoding") from None
    return name


_Mark = Annotated[StrictStr, Field(min_length=1, max_length=1)]
_Quote = Annotated[StrictStr, Field(max_length=1)]


class _CsvIn(BaseModel):
    """How delimited text is written; an empty text means that there is none of it."""

    model_config = ConfigDict(extra="ignore")
    delimiter: _Mark | None = Field(default=None, description="What stands between two values.")
    quote: _Quote | None = Field(default=None, description="What stands around a value that holds a delimiter.")
    escape: _Quote | None = Field(default=None, description="What stands before a quote inside a value.")
    comment: _Quote | None = Field(default=None, description="What a line that is no row begins with.")
    encoding: Annotated[StrictStr, AfterValidator(_known_encoding)] | None = Field(
        default=None, description="The text's encoding, by any name that Python knows."
    )
    header: StrictBool | Annotated[StrictInt, Field(ge=0, le=10)] | None = Field(
        default=None, description="Whether the first row names the columns, or how many rows do."
    )
    skip: Annotated[StrictInt, Field(ge=0, le=100_000)] | None = Field(
        default=None, description="Lines before the header that are left out."
    )
    decimal: Literal[".", ","] | None = Field(default=None, description="The mark in decimal numbers.")


class _OptionsIn(BaseModel):
    """The options' types and ranges. The defaults are `Options`' own; these are never read.

    What the form of a source asks for is described there (`core.payload.forms`), the others here.
    """

    parallel_sources: Annotated[StrictInt, Field(ge=1, le=256, description="Sources read at once.")] = 1
    max_concurrency: Annotated[StrictInt, Field(ge=1, le=1024)] = 1
    retries: Annotated[StrictInt, Field(ge=0, le=100)] = 0
    timeout_s: Annotated[StrictInt | StrictFloat, Field(gt=0, le=31_536_000)] | None = None
    atomic: StrictBool = Field(default=False, description="Store all sources of the job together, or none.")
    incremental: StrictBool = Field(
        default=True, description="Do not read again what has not changed since the last run."
    )
    accept_shrink: StrictBool = Field(
        default=False, description="Also store a source of which less than a quarter is left, or nothing."
    )
    include: list[_Text] = []
    exclude: list[_Text] = []
    max_files: Annotated[StrictInt, Field(ge=1)] | None = None
    row_counts: RowCounts = "metadata"
    sample_values: Annotated[StrictInt, Field(ge=0, le=1000)] = 0
    sample_bytes: Annotated[
        StrictInt, Field(ge=1024, le=1 << 28, description="How much of a text file is read to find its columns.")
    ] = 1024
    tables: list[_TableIn] = Field(default=[], description="Which files make which table, before any rule decides.")
    csv: _CsvIn = Field(default=_CsvIn(), description="How delimited text is written; what is not said is found out.")


_EXPECTED = {
    "parallel_sources": "a whole number from 1 to 256",
    "max_concurrency": "a whole number from 1 to 1024",
    "retries": "a whole number from 0 to 100",
    "timeout_s": "a number of seconds above 0, or null",
    "atomic": "true or false",
    "incremental": "true or false",
    "accept_shrink": "true or false",
    "include": "a list of globs",
    "exclude": "a list of globs",
    "max_files": "a whole number above 0, or null",
    "row_counts": '"metadata", "exact" or "none"',
    "sample_values": "a whole number from 0 to 1000",
    "sample_bytes": "a whole number from 1024 to 268435456",
    "tables": 'a list of {"name": …, "path": …}',
    "csv": 'an object like {"delimiter": "|", "header": true}',
}
_CSV_EXPECTED = {
    "delimiter": "one character",
    "quote": "one character, or an empty text for none",
    "escape": "one character, or an empty text for none",
    "comment": "one character, or an empty text for none",
    "encoding": 'the name of an encoding, like "utf-8" or "cp1252"',
    "header": "true, false or a number of rows up to 10",
    "skip": "a number of lines up to 100000",
    "decimal": '"." or ","',
}
_OF_JOB = ("parallel_sources", "atomic")
_NULLABLE = ("timeout_s", "max_files")


def read_options(given: Any, path: str, problems: Problems, *, of_source: bool = False) -> dict[str, Any]:
    """The options that are set, ready for `make_options`; what is wrong is added to `problems`."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        problems.fail(path, f"{path} must be an object, not {json_type(given)}", 'write {"retries": 3}')
        return {}
    _warn_unknown(given, path, OPTION_NAMES, problems)
    for name in given:
        if of_source and name in _OF_JOB:
            text = f"`{name}` has no effect in a source's options"
            problems.warn(child(path, name), text, "put it into the job's options")
    if isinstance(given.get("csv"), dict):
        _warn_unknown(given["csv"], child(path, "csv"), tuple(_CSV_EXPECTED), problems)
    known = {n: v for n, v in given.items() if n in OPTION_NAMES and (v is not None or n in _NULLABLE)}
    try:
        checked = _OptionsIn.model_validate(known)
    except ValidationError as error:
        # A union's branches each report the same place.
        for place, fault in {_place(path, f["loc"]): f for f in error.errors()}.items():
            loc = fault["loc"]
            expected = _EXPECTED[str(loc[0])] if len(loc) == 1 or loc[0] in _NULLABLE else _inside(loc)
            missing = fault["type"] == "missing"
            text = f"{place} is missing" if missing else f"{place} must be {expected}, not {_quoted(fault['input'])}"
            problems.fail(place, text, f"expected: {expected}")
        return {}
    return {name: getattr(checked, name) for name in checked.model_fields_set}


def _warn_unknown(given: Mapping[str, Any], path: str, known: tuple[str, ...], problems: Problems) -> None:
    for name in given:
        if name not in known and isinstance(name, str):
            near = None if problems.full else nearest(name, known)
            text = f"`{name}`: did you mean `{near}`?" if near else f"`{name}` is no option"
            problems.warn(child(path, name), text, f"known options: {', '.join(known)}")


def make_options(*layers: Mapping[str, Any], base: Options | None = None) -> Options:
    """Options from layers of set ones over `base`, the later over the earlier."""
    merged: dict[str, Any] = {}
    for layer in layers:
        merged |= layer
    for name in ("include", "exclude"):
        if name in merged:
            merged[name] = tuple(merged[name])
    if "tables" in merged:
        merged["tables"] = tuple(TableRule(table.name, table.path) for table in merged["tables"])
    if "csv" in merged:
        merged["csv"] = CsvOptions(**merged["csv"].model_dump())
    return replace(base or Options(), **merged)


def _place(path: str, loc: tuple[int | str, ...]) -> str:
    place = child(path, str(loc[0]))
    for part in loc[1:]:
        if isinstance(part, int):
            place += f"[{part}]"
        elif part in ("name", "path") or (loc[0] == "csv" and part == loc[1]):
            place += f".{part}"
    return place


def _inside(loc: tuple[int | str, ...]) -> str:
    if loc[0] == "csv":
        return _CSV_EXPECTED[str(loc[1])]
    return 'an object with "name" and "path"' if loc[0] == "tables" and len(loc) == 2 else "a non-blank string"


def _quoted(value: Any) -> str:
    """A wrong value as a message repeats it: numbers and short texts as they are, others by their type."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    return f'the string "{value}"' if isinstance(value, str) and len(value) <= 40 else json_type(value)
