"""A payload's text as a checked job: every problem at once, each with its place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from core.errors import UsageError
from core.payload.models import JOB_TYPES, SOURCE_TYPES, Job, Source
from core.payload.options import json_type, make_options, read_options
from core.payload.problems import Checked, Problem, nearest
from core.secrets import register_tree

VARIABLE = "NUVYN_JOB_PAYLOAD"

_JOB_FIELDS = (
    "job_type",
    "workflow_id",
    "sources",
    "data_source_path",
    "source_id",
    "data_source_type",
    "tenant_id",
    "job_metadata",
    "connection",
    "options",
    "write_to_db",
    "job_id",
)
_SOURCE_FIELDS = ("source_id", "data_source_path", "data_source_type", "connection", "options")
# Callers of the executor send these inside; they are kept and mean nothing here.
_METADATA_FIELDS = ("workflow_id", "sources", "write_to_db", "databricks_credentials")


def read_payload(source: str | None, stdin: TextIO, environ: Mapping[str, str]) -> tuple[str, str]:
    """The text of a payload and where it came from.

    `source` is a file, `-` for standard input, or None for the environment variable.

    Raises:
        UsageError: there is nothing to read.
    """
    if source == "-":
        return stdin.read(), "standard input"
    if source is None:
        text = environ.get(VARIABLE, "")
        if not text.strip():
            raise UsageError(
                f"no payload: neither a file was named nor is {VARIABLE} set",
                hint="nuvyn run PAYLOAD.json, or `nuvyn demo` to see it work",
            )
        return text, VARIABLE
    try:
        return Path(source).read_bytes().decode("utf-8-sig"), source
    except UnicodeDecodeError:
        raise UsageError(f"the payload {source} is not UTF-8 text", hint="save it as UTF-8") from None
    except OSError as error:
        raise UsageError(
            f"the payload {source} cannot be read: {error.strerror}", hint="name a JSON file, or `-` for standard input"
        ) from error


def parse(text: str, *, where: str = "payload") -> Checked:
    """Check the text of a payload. Never raises: what is wrong is in `problems`."""
    try:
        value = json.loads(text.removeprefix("\ufeff"), parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        return _refused(f"{where} is not JSON: {error.msg} at {place}", "check the text there")
    except RecursionError:
        return _refused(f"{where} is nested too deeply at line 1, column 1", "a payload is a few levels deep")
    except ValueError as error:
        return _refused(f"{where} is not JSON: {error} at line 1, column 1", "check the numbers in it")
    return check(value, where=where)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _refused(message: str, hint: str) -> Checked:
    return Checked(None, (Problem("", message, hint),))


def check(value: Any, *, where: str = "payload") -> Checked:
    """Check a payload that is parsed already."""
    if not isinstance(value, dict):
        return _refused(f"{where} must be a JSON object, not {json_type(value)} at line 1, column 1", "start it with {")
    try:
        register_tree(value)
    except RecursionError:
        return _refused(f"{where} is nested too deeply", "a payload is a few levels deep")
    problems: list[Problem] = []
    job = _Reader(value, problems).job()
    failed = any(problem.severity == "error" for problem in problems)
    return Checked(None if failed else job, tuple(problems))


class _Reader:
    """Reads one payload object; collects problems instead of stopping at the first."""

    def __init__(self, raw: dict[str, Any], problems: list[Problem]) -> None:
        self.raw = raw
        self.problems = problems

    def job(self) -> Job:
        self._unknown(self.raw, _JOB_FIELDS, "")
        metadata = self._typed(self.raw, "", "job_metadata", dict)
        job_type = self._text(self.raw, "", "job_type") or JOB_TYPES[0]
        if job_type not in JOB_TYPES:
            self._unknown_value("job_type", "job_type", job_type, JOB_TYPES)
        workflow_id = self._workflow_id(metadata or {})
        tenant_id = self._text(self.raw, "", "tenant_id") or "default"
        default_type = self._source_type(self.raw, "") or "auto"
        options = read_options(self.raw.get("options"), "options", self.problems)
        sources, single = self._sources(metadata or {}, default_type, options)
        write = self._flag(self.raw, "write_to_db", "") or self._flag(metadata or {}, "write_to_db", "job_metadata.")
        return Job(
            workflow_id=workflow_id,
            job_type=job_type,
            tenant_id=tenant_id,
            sources=tuple(sources),
            options=make_options(options),
            job_metadata=metadata,
            write_to_db=write,
            single=single,
            raw=self.raw,
        )

    def _workflow_id(self, metadata: dict[str, Any]) -> str:
        outer = self._text(self.raw, "", "workflow_id")
        inner = self._text(metadata, "job_metadata.", "workflow_id")
        if outer and inner and outer != inner:
            text = f"job_metadata.workflow_id `{inner}` wins over workflow_id `{outer}`"
            self._warn("workflow_id", text, "give the same in both places, or only one")
        found = inner or outer
        if not found:
            if not any(p.path in ("workflow_id", "job_metadata.workflow_id") for p in self.problems):
                self._fail("workflow_id", "workflow_id is required", "add a non-blank `workflow_id`")
            return ""
        return found

    def _sources(
        self, metadata: dict[str, Any], default_type: str, options: dict[str, Any]
    ) -> tuple[list[Source], bool]:
        place, given = "sources", self.raw.get("sources")
        if given is None:
            place, given = "job_metadata.sources", metadata.get("sources")
        if given is None:
            return self._single(default_type, options), True
        if not isinstance(given, list):
            self._fail(place, f"{place} must be a list, not {json_type(given)}", "put the sources into [ ]")
            return [], False
        if self.raw.get("data_source_path"):
            text = "data_source_path is ignored because sources are given"
            self._warn("data_source_path", text, "name every place in `sources`")
        if not given:
            self._fail(place, "the payload names no source", "add at least one object to `sources`")
        found = [self._source(entry, f"{place}[{at}]", default_type, options) for at, entry in enumerate(given)]
        self._repeats(found, place)
        return [source for source in found if source is not None], False

    def _single(self, default_type: str, options: dict[str, Any]) -> list[Source]:
        names = ("data_source_path", "source_id", "connection")
        if not any(self.raw.get(name) for name in names):
            self._fail("sources", "the payload names no source", "add `sources`, or `data_source_path` for one source")
            return []
        source_id = self._text(self.raw, "", "source_id") or "source_1"
        return [self._make(self.raw, "", source_id, default_type, make_layers=(options,))]

    def _source(self, entry: Any, place: str, default_type: str, options: dict[str, Any]) -> Source | None:
        if not isinstance(entry, dict):
            self._fail(place, f"{place} must be an object, not {json_type(entry)}", 'write {"source_id": …}')
            return None
        self._unknown(entry, _SOURCE_FIELDS, f"{place}.")
        before = len(self.problems)
        source_id = self._text(entry, f"{place}.", "source_id")
        if not source_id:
            if len(self.problems) == before:
                text = f"Missing required field: source_id ({place})"
                self._fail(f"{place}.source_id", text, "give every source a `source_id` of its own")
            source_id = ""
        own = read_options(entry.get("options"), f"{place}.options", self.problems)
        source_type = self._source_type(entry, f"{place}.") or default_type
        return self._make(entry, f"{place}.", source_id, source_type, make_layers=(options, own))

    def _make(
        self,
        entry: dict[str, Any],
        prefix: str,
        source_id: str,
        source_type: str,
        make_layers: tuple[dict[str, Any], ...],
    ) -> Source:
        path = self._text(entry, prefix, "data_source_path", strip=False)
        if not path:
            text = f"source {source_id or '?'} has no data_source_path and will be skipped"
            self._warn(f"{prefix}data_source_path", text, "add where its data is")
        connection = self._text(entry, prefix, "connection")
        return Source(source_id, path, source_type, connection, make_options(*make_layers), entry)

    def _repeats(self, found: list[Source | None], place: str) -> None:
        first: dict[str, int] = {}
        for at, source in enumerate(found):
            if source is None or not source.source_id:
                continue
            if source.source_id in first:
                text = f"duplicate source_id `{source.source_id}`: {place}[{first[source.source_id]}] and {place}[{at}]"
                self._fail(f"{place}[{at}].source_id", text, "source ids must differ within a payload")
            else:
                first[source.source_id] = at

    def _source_type(self, entry: dict[str, Any], prefix: str) -> str | None:
        found = self._text(entry, prefix, "data_source_type")
        if found is None:
            return None
        if found.lower() not in SOURCE_TYPES:
            self._unknown_value(f"{prefix}data_source_type", "data_source_type", found, SOURCE_TYPES)
        return found.lower()

    def _unknown_value(self, path: str, name: str, value: str, known: tuple[str, ...]) -> None:
        near = nearest(value, known)
        listed = f"known: {', '.join(known)}"
        self._fail(path, f"unknown {name} `{value}`", f"did you mean `{near}`? {listed}" if near else listed)

    def _text(self, entry: dict[str, Any], prefix: str, name: str, *, strip: bool = True) -> str | None:
        value = entry.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self._fail(
                f"{prefix}{name}", f"{prefix}{name} must be a string, not {json_type(value)}", "put it in quotes"
            )
            return None
        if any(0xD800 <= ord(char) <= 0xDFFF for char in value):
            self._fail(f"{prefix}{name}", f"{prefix}{name} holds half a character", "write it as UTF-8")
            return None
        return (value.strip() if strip else value) if value.strip() else None

    def _typed(
        self, entry: dict[str, Any], prefix: str, name: str, kind: type[dict[str, Any]]
    ) -> dict[str, Any] | None:
        value = entry.get(name)
        if value is None or isinstance(value, kind):
            return value
        self._fail(f"{prefix}{name}", f"{prefix}{name} must be an object, not {json_type(value)}", "put it into { }")
        return None

    def _flag(self, entry: dict[str, Any], name: str, prefix: str) -> bool:
        value = entry.get(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        self._fail(f"{prefix}{name}", f"{prefix}{name} must be true or false, not {json_type(value)}", "no quotes")
        return False

    def _unknown(self, entry: dict[str, Any], known: tuple[str, ...], prefix: str) -> None:
        for name in entry:
            if name not in known:
                near = nearest(name, known)
                text = f"`{name}`: did you mean `{near}`?" if near else f"`{name}` is not known here"
                self._warn(f"{prefix}{name}", text, "it is kept and has no effect")

    def _fail(self, path: str, message: str, hint: str) -> None:
        self.problems.append(Problem(path, message, hint))

    def _warn(self, path: str, message: str, hint: str) -> None:
        self.problems.append(Problem(path, message, hint, "warning"))
