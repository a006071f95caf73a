"""Saved queries by name: those that come with nuvyn, and one's own in the home folder.

A query is a file NAME.sql; its first comment line says what it answers. `${workflow_id}` and
`${source_id}` in it are asked for; the contract's schema name stands for the configured one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from core.errors import UsageError

_CONTRACT_SCHEMA = "hive_metastore._executor_metadata"
_NAME = re.compile(r"\w[\w.\- ]{0,99}")


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A query with its name and what it answers; `own` when the operator saved it."""

    name: str
    about: str
    sql: str
    own: bool = False

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters it needs, among `workflow_id` and `source_id`."""
        return tuple(name for name in ("workflow_id", "source_id") if "${" + name + "}" in self.sql)

    def filled(
        self, *, catalog: str = "hive_metastore", schema: str = "_executor_metadata", **values: str | None
    ) -> str:
        """The SQL with its parameters filled in, for a mirror of these names.

        Raises:
            UsageError: a parameter it needs is missing.
        """
        sql = self.sql
        if (catalog, schema) != ("hive_metastore", "_executor_metadata"):
            names = ('"' + name.replace('"', '""') + '"' for name in (catalog, schema))
            sql = sql.replace(_CONTRACT_SCHEMA, ".".join(names))
        for name in self.parameters:
            value = values.get(name)
            if value is None:
                option = name.removesuffix("_id")
                raise UsageError(f"the saved query {self.name} needs a {option}", hint=f"add --{option} NAME")
            sql = sql.replace("${" + name + "}", value.replace("'", "''"))
        return sql


def own_queries(home: Path) -> Path:
    """The folder of one's own saved queries; it need not be there."""
    return home / "queries"


def saved_queries(own: Path | None = None) -> tuple[SavedQuery, ...]:
    """All of them by name, those of the folder `own` first; one's own hides one of the same name."""
    shipped = resources.files("core.mirror").joinpath("queries")
    found = {e.name.removesuffix(".sql"): e.read_text() for e in shipped.iterdir() if e.name.endswith(".sql")}
    mine = {path.stem: text for path in _files(own) if (text := _text(path)) is not None}
    return (
        *(SavedQuery(name, _about(sql), sql, own=True) for name, sql in sorted(mine.items())),
        *(SavedQuery(name, _about(sql), sql) for name, sql in sorted(found.items()) if name not in mine),
    )


def saved_query(name: str, own: Path | None = None) -> SavedQuery:
    """One by name.

    Raises:
        UsageError: there is none of that name.
    """
    known = {query.name: query for query in saved_queries(own)}
    if name not in known:
        raise UsageError(f"there is no saved query {name}", hint=f"known: {', '.join(known)}")
    return known[name]


def save_query(own: Path, name: str, about: str, sql: str) -> Path:
    """Save one's own query, in place of one of the same name; readable by its owner only.

    Raises:
        UsageError: the name cannot be one of a file, or the file cannot be written.
    """
    if not _NAME.fullmatch(name) or name == "list":
        raise UsageError(f"{name!r} cannot name a query", hint="use letters, digits, - and _, and not `list`")
    path = own / f"{name}.sql"
    says = " ".join(about.split())
    text = sql if not says or _about(sql) == says else f"-- {says}\n{sql}"
    try:
        own.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(text.rstrip() + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error
    return path


def _about(sql: str) -> str:
    first = next(iter(sql.splitlines()), "")
    return first.lstrip("- ").strip() if first.startswith("--") else ""


def _files(folder: Path | None) -> Iterable[Path]:
    return folder.glob("*.sql") if folder is not None and folder.is_dir() else ()


def _text(path: Path) -> str | None:
    """A file's text, or None when it can't be read: one bad file doesn't hide the others."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
