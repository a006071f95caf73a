"""The `options` of a job or source, checked by pydantic at the door."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr, ValidationError

from core.payload.models import OPTION_NAMES, Options, RowCounts, TableRule
from core.payload.problems import Problem, nearest

_Pattern = Annotated[StrictStr, Field(min_length=1)]


class _TableIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: _Pattern
    path: _Pattern


class _OptionsIn(BaseModel):
    """Only what is set is kept, so that a source's options can override the job's one by one."""

    parallel_sources: Annotated[StrictInt, Field(ge=1, le=256)] = 4
    max_concurrency: Annotated[StrictInt, Field(ge=1, le=1024)] = 64
    retries: Annotated[StrictInt, Field(ge=0, le=100)] = 3
    timeout_s: Annotated[StrictInt | StrictFloat, Field(gt=0)] | None = None
    atomic: StrictBool = False
    incremental: StrictBool = True
    include: list[_Pattern] = []
    exclude: list[_Pattern] = []
    max_files: Annotated[StrictInt, Field(ge=1)] | None = None
    row_counts: RowCounts = "metadata"
    sample_values: Annotated[StrictInt, Field(ge=0, le=1000)] = 0
    sample_bytes: Annotated[StrictInt, Field(ge=1024, le=1 << 28)] = 1 << 20
    tables: list[_TableIn] = []


def read_options(given: Any, path: str, problems: list[Problem]) -> dict[str, Any]:
    """The options that are set, ready for `make_options`; what is wrong is added to `problems`."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        problems.append(Problem(path, f"options must be an object, not {json_type(given)}"))
        return {}
    for name in given:
        if name not in OPTION_NAMES:
            near = nearest(name, OPTION_NAMES)
            hint = f"did you mean `{near}`?" if near else f"known options: {', '.join(OPTION_NAMES)}"
            problems.append(Problem(f"{path}.{name}", f"unknown option `{name}`", hint, "warning"))
    try:
        checked = _OptionsIn.model_validate({k: v for k, v in given.items() if k in OPTION_NAMES})
    except ValidationError as error:
        for fault in error.errors():
            problems.append(_problem(path, fault))
        return {}
    return {name: getattr(checked, name) for name in checked.model_fields_set}


def make_options(*layers: dict[str, Any]) -> Options:
    """Options from layers of set ones, the later over the earlier."""
    merged: dict[str, Any] = {}
    for layer in layers:
        merged |= layer
    for name in ("include", "exclude"):
        if name in merged:
            merged[name] = tuple(merged[name])
    if "tables" in merged:
        merged["tables"] = tuple(TableRule(table.name, table.path) for table in merged["tables"])
    return Options(**merged)


def _problem(path: str, fault: Any) -> Problem:
    place = path
    for part in fault["loc"]:
        if isinstance(part, int):
            place += f"[{part}]"
        elif part in OPTION_NAMES or part in ("name", "path"):
            place += f".{part}"
    name = place.rpartition(".")[2]
    expected = fault["msg"][:1].lower() + fault["msg"][1:]
    return Problem(place, f"`{name}` is wrong: {expected}", f"it is {json_type(fault.get('input'))} here")


def json_type(value: Any) -> str:
    """How JSON calls the type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    for kinds, name in ((int | float, "a number"), (str, "a string"), (list, "a list"), (dict, "an object")):
        if isinstance(value, kinds):
            return name
    return type(value).__name__
