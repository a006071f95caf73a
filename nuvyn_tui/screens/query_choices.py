"""What Query lets one choose from: saved queries with their names to fill in, and what was asked before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from core.history import Asked
from core.mirror.saved import SavedQuery, own_queries, save_query, saved_queries
from core.text import plural, span
from nuvyn_tui.screens.dialogs import Prompt, Question
from nuvyn_tui.screens.query_pick import Choice, Pick
from nuvyn_tui.widgets.grid import Column

if TYPE_CHECKING:
    from textual.app import App

    from nuvyn_tui.bridge import Bridge

_SOURCES = """SELECT workflow_id, source_id, source_path, count(*) OVER (PARTITION BY workflow_id) AS together
FROM sources ORDER BY ALL"""
_MOST = 10_000


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


async def choose_saved(app: App[int], bridge: Bridge) -> SavedQuery | None:
    """One of the saved queries."""
    found = await bridge.other(saved_queries, own_queries(bridge.house.settings.home))
    lines = [Choice((query.name, query.about, "yours" if query.own else ""), query) for query in found]
    columns = (Column("name", 16), Column("answers"), Column("", 5, wide=90))
    chosen: SavedQuery | None = await app.push_screen_wait(Pick("Saved queries", columns, lines))
    return chosen


async def fill(app: App[int], bridge: Bridge, query: SavedQuery) -> dict[str, str] | None:
    """The workflow, or the workflow and the source, that a saved query is for; None when none was chosen.

    Where the mirror has only one, nobody is asked.
    """
    found = await bridge.mirror(bridge.house.mirror.query, _SOURCES, limit=_MOST)
    rows = found.to_pylist()
    columns: tuple[Column, ...]
    if "source_id" in query.parameters:
        columns = (Column("workflow"), Column("source"), Column("path", wide=76))
        lines = [
            Choice((r["workflow_id"], r["source_id"], r["source_path"] or ""), (r["workflow_id"], r["source_id"]))
            for r in rows
        ]
    else:
        columns = (Column("workflow"), Column("sources", 14, right=True))
        counts = {row["workflow_id"]: row["together"] for row in rows}
        lines = [Choice((name, plural(count, "source")), (name, "")) for name, count in counts.items()]
    what = "source" if "source_id" in query.parameters else "workflow"
    if len(lines) == 1:
        chosen = lines[0].value
    else:
        cut = f" (the first {_MOST:,})" if len(rows) == _MOST else ""
        chosen = await app.push_screen_wait(Pick(f"{query.name}: which {what}?{cut}", columns, lines))
    return None if chosen is None else {"workflow_id": chosen[0], "source_id": chosen[1]}


async def choose_asked(app: App[int], entries: Sequence[Asked]) -> Asked | None:
    """One of the texts that were run before."""
    moment = now()
    lines = [
        Choice((" ".join(asked.sql.split()), f"{span((moment - asked.moment).total_seconds())} ago"), asked)
        for asked in entries
    ]
    columns = (Column("SQL"), Column("when", 18, right=True, wide=60))
    empty = "Nothing was asked yet: what you run comes here."
    chosen: Asked | None = await app.push_screen_wait(
        Pick("Asked before, the newest first", columns, lines, empty=empty)
    )
    return chosen


async def keep(app: App[int], bridge: Bridge, folder: Path, sql: str) -> None:
    """Save a text under a name that is asked for."""
    name = await app.push_screen_wait(Prompt("Save this query under which name?", placeholder="late-tables"))
    if name is None:
        return
    known = await bridge.other(saved_queries, folder)
    if any(query.own and query.name == name for query in known) and not await app.push_screen_wait(
        Question(f"You have a query named {name}. Put this one in its place?", "Replace")
    ):
        return
    about = await app.push_screen_wait(Prompt("What does it answer? One line.", placeholder="may stay empty"))
    path = await bridge.other(save_query, folder, name, about or "", sql)
    app.notify(f"Saved as {path}; nuvyn query --saved {name} runs it too.", markup=False)
