"""`schema.md`: the tables of the mirror, as `core/mirror/schema.sql` makes them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from importlib import resources

from core.catalog import CountSource, FileStatus, TypeSource
from core.databricks.layout import ALL
from core.mirror.mirror import _INTERNAL_SCHEMA
from core.settings import Settings
from core.sources.place import Kind
from docs.generate.markdown import code, codes, joined, page, table
from docs.generate.meanings import meanings

_TABLE = re.compile(r"CREATE TABLE IF NOT EXISTS \$(PUBLIC|INTERNAL)\.(\w+) \((.*?)\n\);", re.DOTALL)
_COLUMN = re.compile(r"(\w+) ([A-Z]+(?:\[\])?)")
_COMMENT = re.compile(r"(?:^-- .*\n)+", re.MULTILINE)
_CHANGE = re.compile(r"'(\w+_(?:added|removed|changed))'")

Columns = Sequence[tuple[str, str]]


def schema_page() -> str:
    """The page."""
    sql = _sql("schema.sql")
    public, internal = _tables(sql, "PUBLIC"), _tables(sql, "INTERNAL")
    about = meanings("tables", public)
    first, *_, own = (joined(found.replace("-- ", "")) for found in _COMMENT.findall(sql))
    defaults = {found.name: found.default for found in fields(Settings)}
    parts = [
        first,
        f"The schema is `{defaults['catalog']}.{defaults['schema_name']}`; the settings `catalog` and `schema` name"
        " another. Times are in UTC, without a zone here and as moments there. `nuvyn schema validate` compares it with"
        " what it should be.",
    ]
    for name, columns in public.items():
        parts += [f"## {code(name)}", about[name], _columns(name, columns)]
    parts += ["## Internal tables", f"{own} The schema {code(_INTERNAL_SCHEMA)}; it is not sent to Databricks."]
    parts.append(
        table(
            ("table", "columns"),
            (
                (code(name), ", ".join(f"`{column} {type_}`" for column, type_ in found))
                for name, found in internal.items()
            ),
        )
    )
    return page("`core/mirror/schema.sql` and `core/databricks/layout.py`", "The metadata schema", *parts)


def _columns(name: str, here: Columns) -> str:
    there = {field.name: field.type for layout in ALL if layout.name == name for field in layout.fields}
    types = dict(here)
    words, values = meanings(f"columns.{name}", {**types, **there}), _values(name)
    return table(
        ("column", "type here", "on Databricks", "meaning"),
        (
            (code(column), code(types[column]) if column in types else "not here", code(there[column]), meaning)
            for column in {**types, **there}
            for meaning in [words[column] + (f" One of: {codes(values[column])}." if column in values else "")]
        ),
    )


def _values(table_name: str) -> Mapping[str, Sequence[str]]:
    """The values of columns that take only a few."""
    known: dict[str, dict[str, Sequence[str]]] = {
        "sources": {"source_type": tuple(Kind)},
        "tables": {"row_count_source": tuple(CountSource)},
        "columns": {"type_source": tuple(TypeSource)},
        "files": {"status": tuple(FileStatus)},
        "schema_changes": {"change": tuple(dict.fromkeys(_CHANGE.findall(_sql("changes.sql"))))},
    }
    return known.get(table_name, {})


def _tables(sql: str, where: str) -> dict[str, Columns]:
    return {name: list(_found(body)) for place, name, body in _TABLE.findall(sql) if place == where}


def _found(body: str) -> Iterator[tuple[str, str]]:
    for column in _COLUMN.finditer(body):
        yield column[1], column[2]


def _sql(name: str) -> str:
    return resources.files("core.mirror").joinpath(name).read_text(encoding="utf-8")
