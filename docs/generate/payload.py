"""`payload.md`: every field and every option of a payload."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from core.csv_options import CsvOptions
from core.payload.fields import JOB, METADATA, SOURCE, PayloadField
from core.payload.forms import fields_for
from core.payload.models import DATABASE_KINDS, FILE_FORMATS, JOB_TYPES, SOURCE_TYPES, Options
from core.payload.options import _OF_JOB, _CsvIn, _OptionsIn, _TableIn
from docs.generate.markdown import code, codes, page, sentence, table
from docs.generate.ranges import about, range_of, type_of

_INTRO = """A payload is one JSON object. With one source, the source's fields may stand in the payload itself. A
field that is not known is kept, returned and warned of. [Using nuvyn](../usage.md) shows one, and where credentials
come from."""


def payload_page() -> str:
    """The page."""
    places = [kind for kind in SOURCE_TYPES if kind not in (*DATABASE_KINDS, *FILE_FORMATS)]
    return page(
        "`core/payload`",
        "The payload",
        _INTRO,
        "## Fields of the payload",
        _fields(JOB),
        f"`job_type` is one of: {codes(JOB_TYPES)}.",
        "## Fields of `job_metadata`",
        _fields(METADATA),
        "## Fields of a source",
        _fields(SOURCE),
        "## Kinds of sources",
        "`data_source_type` is one of these, in any case:",
        table(
            ("what it names", "values"),
            (
                ("a place", codes(places)),
                ("a database", codes(DATABASE_KINDS)),
                ("the one file format to read, at any place", codes(FILE_FORMATS)),
            ),
        ),
        "## Options",
        "They stand in `options` of the job or of a source. A setting of the same name changes the default"
        " ([settings](settings.md))."
        f" {codes(_OF_JOB)} have an effect only at the job.",
        _options(),
        "## Entries of `tables`",
        _nested(_TableIn.model_json_schema(), {}),
        "## Fields of `csv`",
        sentence(_CsvIn.__doc__ or ""),
        _nested(_CsvIn.model_json_schema(), {f.name: "found out" for f in fields(CsvOptions)}),
    )


def option_meanings() -> dict[str, str]:
    """What each option is for: as the form of a source says, else as the option itself does."""
    found = {name: text for name, schema in _schema().items() if (text := about(schema))}
    for kind, words in (("auto", "{}"), ("database", "{} In a database: {}")):
        for field in fields_for(kind):
            if field.option and found.get(field.name) != field.about:
                before = found.get(field.name)
                text = field.about if before is None else field.about[:1].lower() + field.about[1:]
                found[field.name] = text if before is None else words.format(before, text)
    return found


def option_schema(name: str) -> Mapping[str, Any]:
    """The JSON schema of an option."""
    found: Mapping[str, Any] = _schema()[name]
    return found


def shown_default(value: object) -> str:
    """A default as a payload or a file would have it."""
    if isinstance(value, bool):
        return code(str(value).lower())
    if value is None or value in ((), "", {}):
        return "none"
    if isinstance(value, CsvOptions):
        return "found out"
    return code(value)


def _fields(found: Iterable[PayloadField]) -> str:
    return table(
        ("field", "type", "default", "meaning"),
        ((code(f.name), f.type, f.default or "**must be there**", f.about) for f in found),
    )


def _options() -> str:
    defaults, words = Options(), option_meanings()
    return table(
        ("option", "type", "default", "range", "meaning"),
        (
            (code(name), type_of(schema), shown_default(getattr(defaults, name)), range_of(schema), words[name])
            for name, schema in _schema().items()
        ),
    )


def _nested(schema: Mapping[str, Any], defaults: Mapping[str, str]) -> str:
    return table(
        ("field", "type", "default", "range", "meaning"),
        (
            (code(name), type_of(field), defaults.get(name, "**must be there**"), range_of(field), about(field) or "")
            for name, field in schema["properties"].items()
        ),
    )


def _schema() -> dict[str, Any]:
    found: dict[str, Any] = _OptionsIn.model_json_schema()["properties"]
    return found
