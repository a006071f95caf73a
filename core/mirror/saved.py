"""The saved queries that come with nuvyn, by name, with the workflow and the source as parameters."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

from core.errors import UsageError


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A query of `mirror/queries/NAME.sql`; its first comment line says what it answers."""

    name: str
    about: str
    sql: str

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters it needs, among `workflow_id` and `source_id`."""
        return tuple(name for name in ("workflow_id", "source_id") if "${" + name + "}" in self.sql)

    def filled(self, **values: str | None) -> str:
        """The SQL with its parameters filled in.

        Raises:
            UsageError: a parameter it needs is missing.
        """
        sql = self.sql
        for name in self.parameters:
            value = values.get(name)
            if value is None:
                option = name.removesuffix("_id")
                raise UsageError(f"the saved query {self.name} needs a {option}", hint=f"add --{option} NAME")
            sql = sql.replace("${" + name + "}", value.replace("'", "''"))
        return sql


def saved_queries() -> tuple[SavedQuery, ...]:
    """All of them, by name."""
    folder = resources.files("core.mirror").joinpath("queries")
    found = []
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".sql"):
            sql = entry.read_text()
            found.append(SavedQuery(entry.name.removesuffix(".sql"), sql.splitlines()[0].lstrip("- "), sql))
    return tuple(found)


def saved_query(name: str) -> SavedQuery:
    """One by name.

    Raises:
        UsageError: there is none of that name.
    """
    known = {query.name: query for query in saved_queries()}
    if name not in known:
        raise UsageError(f"there is no saved query {name}", hint=f"known: {', '.join(known)}")
    return known[name]
