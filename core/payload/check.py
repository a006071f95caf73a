"""A payload's values as a job: every problem at once, each with its place."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from core.payload.decode import MAX_DEPTH, RepeatedNames, child, is_too_deep, walk
from core.payload.fields import JOB_NAMES, SOURCE_NAMES
from core.payload.models import JOB_TYPES, SOURCE_TYPES, Job, Options, Source
from core.payload.options import make_options, read_options
from core.payload.problems import Checked, Problems, json_type, nearest
from core.secrets import register_tree
from core.text import is_text

WORKFLOW_REQUIRED = "workflow_id is required"

# What people call a type elsewhere, by the name that it has here.
_OTHER_NAMES = {
    "azure": "azure_blob",
    "adls": "azure_blob",
    "abfs": "azure_blob",
    "s3": "aws_s3",
    "local": "local_filesystem",
    "file": "local_filesystem",
    "postgres": "postgresql",
    "mariadb": "mysql",
    "sqlserver": "mssql",
    "xlsx": "excel",
    "ndjson": "json",
    "jsonl": "json",
    "tsv": "csv",
    "feather": "arrow",
}


def check(value: Any, *, where: str = "payload", defaults: Options | None = None) -> Checked:
    """Check a payload that is parsed already. Never raises on JSON values.

    Registers the secrets in it, so that they are hidden from here on. `defaults` are the options
    where the payload names none.
    """
    problems = Problems()
    if not isinstance(value, dict):
        problems.fail("", f"{where} must be a JSON object, not {json_type(value)} (line 1, column 1)", "write { … }")
        return Checked(None, problems.all)
    if is_too_deep(value):
        problems.fail("", f"{where} is nested deeper than {MAX_DEPTH} levels", "a payload needs six levels at most")
        return Checked(None, problems.all)
    register_tree(value)
    _values(value, problems)
    job = _Reader(value, problems, defaults or Options()).job()
    return Checked(None if problems.failed else job, problems.all)


def _values(tree: dict[str, Any], problems: Problems) -> None:
    """What is wrong with values wherever they are, since all of them are stored."""
    for path, value in walk(tree):
        if isinstance(value, RepeatedNames):
            for name in value.names:
                problems.warn(child(path, name), f"`{name}` is there twice; the last one counts", "leave one out")
        if isinstance(value, dict) and not all(isinstance(name, str) and is_text(name) for name in value):
            problems.fail(path, "a field's name is not valid text", "write it as UTF-8")
        if isinstance(value, str) and not is_text(value):
            problems.fail(path, "this text holds half a character (a lone surrogate)", "write it as UTF-8")
        elif isinstance(value, float) and not math.isfinite(value):
            problems.fail(path, f"{value} is not a JSON number", "write a finite number")
        elif not isinstance(value, str | int | float | dict | list | tuple | None):
            problems.fail(path, f"a value of type {type(value).__name__} is not JSON", "write text or a number")


class _Reader:
    """Reads one payload object; collects problems instead of stopping at the first."""

    def __init__(self, raw: dict[str, Any], problems: Problems, defaults: Options) -> None:
        self.raw = raw
        self.problems = problems
        self.defaults = defaults

    def job(self) -> Job:
        self._unknown(self.raw, JOB_NAMES, "")
        metadata = self._object(self.raw, "", "job_metadata")
        self._object(metadata or {}, "job_metadata", "databricks_credentials")
        job_type = self._text(self.raw, "", "job_type") or JOB_TYPES[0]
        if job_type not in JOB_TYPES:
            self._unknown_value("job_type", "job_type", job_type, JOB_TYPES)
        workflow_id = self._workflow_id(metadata or {})
        tenant_id = self._text(self.raw, "", "tenant_id") or "default"
        default_type = self._source_type(self.raw, "") or "auto"
        options = read_options(self.raw.get("options"), "options", self.problems)
        sources, single = self._sources(metadata or {}, default_type, options)
        asked = (self._flag(self.raw, "", "write_to_db"), self._flag(metadata or {}, "job_metadata", "write_to_db"))
        return Job(
            workflow_id=workflow_id,
            job_type=job_type,
            tenant_id=tenant_id,
            sources=tuple(sources),
            options=make_options(options, base=self.defaults),
            job_metadata=metadata,
            write_to_db=any(asked),
            single=single,
            raw=self.raw,
        )

    def _workflow_id(self, metadata: Mapping[str, Any]) -> str:
        outer = self._text(self.raw, "", "workflow_id")
        inner = self._text(metadata, "job_metadata", "workflow_id")
        if outer and inner and outer != inner:
            text = f"job_metadata.workflow_id `{inner}` wins over workflow_id `{outer}`"
            self.problems.warn("workflow_id", text, "give the same in both places, or only one")
        if not (inner or outer) and not self.problems.at("workflow_id", "job_metadata.workflow_id"):
            self.problems.fail("workflow_id", WORKFLOW_REQUIRED, "add a non-blank `workflow_id`")
        return inner or outer or ""

    def _sources(
        self, metadata: Mapping[str, Any], default_type: str, options: Mapping[str, Any]
    ) -> tuple[list[Source], bool]:
        outer, inner = self.raw.get("sources"), metadata.get("sources")
        # An empty list counts as none: callers of the single-source shape send one along.
        place, given = ("sources", outer) if outer not in (None, []) else ("job_metadata.sources", inner)
        if given in (None, []):
            return self._single(default_type, options), True
        if not isinstance(given, list):
            self.problems.fail(place, f"{place} must be a list, not {json_type(given)}", "put the sources into [ ]")
            return [], False
        if place == "sources" and inner not in (None, []) and inner != outer:
            text = "job_metadata.sources is ignored because sources are given"
            self.problems.warn("job_metadata.sources", text, "list every source in `sources`")
        if self.raw.get("data_source_path") not in (None, ""):
            text = "data_source_path is ignored because sources are given"
            self.problems.warn("data_source_path", text, "list every source in `sources`")
        found = [self._source(entry, place, at, default_type, options) for at, entry in enumerate(given)]
        self._repeats(found, place)
        return [source for source in found if source is not None], False

    def _single(self, default_type: str, options: Mapping[str, Any]) -> list[Source]:
        if not self._text(self.raw, "", "data_source_path"):
            if not self.problems.at("data_source_path"):
                text = "the payload names no source"
                self.problems.fail("sources", text, "add `sources`, or `data_source_path` for one source")
            return []
        source_id = self._text(self.raw, "", "source_id") or "source_1"
        return [self._make(self.raw, "", 0, source_id, default_type, (options,))]

    def _source(
        self, entry: Any, place: str, index: int, default_type: str, options: Mapping[str, Any]
    ) -> Source | None:
        path = f"{place}[{index}]"
        if not isinstance(entry, dict):
            text = f"{path} must be an object, not {json_type(entry)}"
            self.problems.fail(path, text, 'write {"source_id": …, "data_source_path": …}')
            return None
        self._unknown(entry, SOURCE_NAMES, path)
        source_id = self._text(entry, path, "source_id")
        if not source_id and not self.problems.at(f"{path}.source_id"):
            text = f"Missing required field: source_id ({path})"
            self.problems.fail(f"{path}.source_id", text, "give every source a `source_id` of its own")
        own = read_options(entry.get("options"), f"{path}.options", self.problems, of_source=True)
        source_type = self._source_type(entry, path) or default_type
        return self._make(entry, path, index, source_id or "", source_type, (options, own))

    def _make(
        self,
        entry: dict[str, Any],
        place: str,
        index: int,
        source_id: str,
        source_type: str,
        layers: Sequence[Mapping[str, Any]],
    ) -> Source:
        path = self._text(entry, place, "data_source_path", strip=False)
        if not path and not self.problems.at(child(place, "data_source_path")):
            text = f"source {source_id or index} has no data_source_path and will be skipped"
            self.problems.warn(child(place, "data_source_path"), text, "add where its data is")
        connection = self._text(entry, place, "connection")
        options = make_options(*layers, base=self.defaults)
        return Source(source_id, path, source_type, connection, options, entry, index)

    def _repeats(self, found: Sequence[Source | None], place: str) -> None:
        first: dict[str, int] = {}
        for at, source in enumerate(found):
            if source is None or not source.source_id:
                continue
            before = first.setdefault(source.source_id, at)
            if before != at:
                text = f"duplicate source_id `{source.source_id}`: {place}[{before}] and {place}[{at}]"
                self.problems.fail(f"{place}[{at}].source_id", text, "source ids must differ within a payload")

    def _source_type(self, entry: Mapping[str, Any], place: str) -> str | None:
        found = self._text(entry, place, "data_source_type")
        if found is None or found.lower() in SOURCE_TYPES:
            return found and found.lower()
        self._unknown_value(child(place, "data_source_type"), "data_source_type", found, SOURCE_TYPES)
        return None

    def _unknown_value(self, path: str, name: str, value: str, known: Sequence[str]) -> None:
        near = _OTHER_NAMES.get(value.lower()) or nearest(value, known)
        listed = f"known: {', '.join(known)}"
        self.problems.fail(path, f"unknown {name} `{value}`", f"did you mean `{near}`? {listed}" if near else listed)

    def _text(self, entry: Mapping[str, Any], place: str, name: str, *, strip: bool = True) -> str | None:
        """A text, or None when it is absent, null, blank or (with a problem) something else."""
        value, path = entry.get(name), child(place, name)
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if not isinstance(value, str):
            self.problems.fail(path, f"{path} must be a string, not {json_type(value)}", "put it in quotes")
            return None
        if "\0" in value:
            self.problems.fail(path, f"{path} holds a NUL character", "take it out")
            return None
        return value.strip() if strip else value

    def _object(self, entry: Mapping[str, Any], place: str, name: str) -> dict[str, Any] | None:
        value, path = entry.get(name), child(place, name)
        if value is None or isinstance(value, dict):
            return value
        self.problems.fail(path, f"{path} must be an object, not {json_type(value)}", "put it into { }")
        return None

    def _flag(self, entry: Mapping[str, Any], place: str, name: str) -> bool:
        value, path = entry.get(name), child(place, name)
        if value is None or isinstance(value, bool):
            return bool(value)
        self.problems.fail(path, f"{path} must be true or false, not {json_type(value)}", "write it without quotes")
        return False

    def _unknown(self, entry: Mapping[str, Any], known: Sequence[str], place: str) -> None:
        for name in entry:
            if isinstance(name, str) and name not in known:
                near = None if self.problems.full else nearest(name, known)
                text = f"`{name}`: did you mean `{near}`?" if near else f"`{name}` is not known here"
                self.problems.warn(child(place, name), text, "it is kept and has no effect")
