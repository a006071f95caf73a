"""Query: ask the mirror in SQL; rows, copies, files, saved queries, history."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content

from core.errors import NuvynError
from core.history import History
from core.mirror.saved import own_queries
from core.mirror.session import Stopped
from core.secrets import mask
from core.text import plural, span
from nuvyn_tui.screens import query_choices as choices
from nuvyn_tui.screens.dialogs import Reader
from nuvyn_tui.screens.mode import ModeScreen
from nuvyn_tui.screens.query_file import Export
from nuvyn_tui.screens.writing import ask_place, drop, hand_out
from nuvyn_tui.text import plain
from nuvyn_tui.widgets.completion import SqlEditor, WordList
from nuvyn_tui.widgets.results import Results
from nuvyn_tui.widgets.results_table import ResultsTable, Shown

if TYPE_CHECKING:
    import pyarrow as pa

    from core.mirror.question import Question

MOST_ROWS = 1_000_000
_COPIED = 10_000
_CLOCK_S = 0.2

_BEGIN = """Ask the mirror in SQL: type above, f5 runs it. For example

  SELECT source_id, table_name, row_count FROM tables ORDER BY row_count DESC

^s offers saved queries, ^y what was asked before; ^space offers tables and columns.
esc leaves the editor; then 1 to 5 change the mode."""

_NO_MIRROR = """There is nothing to ask yet: the mirror is made by the first run.
Press 1 for Jobs, then d for a demo that needs no network, or o to open a payload.
esc leaves the editor first."""

_NEED_ROWS = ("copy", "copy_row", "copy_all", "select_all", "export")


class QueryScreen(ModeScreen):
    """The editor above, what it found below."""

    PLACE = "query"
    CSS_PATH = "query.tcss"
    HELP = "SQL above, its rows below. Tables: sources, tables, columns, files, executor_runs, schema_changes."

    def __init__(self) -> None:
        super().__init__()
        self._asking: Question | None = None
        self._export: Export | None = None
        self._since = 0.0
        self._last = ""
        self._line = ""

    def panes(self) -> ComposeResult:
        yield SqlEditor()
        yield Results(id="results")
        yield WordList()

    async def on_mount(self) -> None:
        self._history = History(self.bridge.house.settings.home / "history.sql")
        self._editor.border_title = "SQL"
        self._clock = self.set_interval(_CLOCK_S, self._tick, pause=True)
        self._editor.focus()

    async def on_screen_resume(self) -> None:
        if not self._last and self._results.table is None:
            begun = self.bridge.house.settings.mirror.exists()
            await self._results.say(
                "nothing was asked yet" if begun else "no mirror yet", _BEGIN if begun else _NO_MIRROR
            )

    def on_unmount(self) -> None:
        # A query that nobody waits for must not keep the program from ending.
        self._stop()

    @property
    def _editor(self) -> SqlEditor:
        return self.query_one(SqlEditor)

    @property
    def _results(self) -> Results:
        return self.query_one(Results)

    def ask(self, sql: str) -> None:
        """Put SQL into the editor and run it."""
        self.run_worker(self._put_and_run(sql), exclusive=True, group="ask")

    async def _put_and_run(self, sql: str) -> None:
        self._editor.put(sql)
        self._run(sql)

    def action_run(self) -> None:
        self._run(self._editor.selected_text.strip() or self._editor.text)

    def action_refresh(self) -> None:
        self._run(self._last)

    @work(exclusive=True, group="run")
    async def _run(self, sql: str) -> None:
        self._stop()
        asking = self.bridge.house.mirror.question(sql, limit=MOST_ROWS + 1)
        self._asking, self._last, self._since = asking, sql, time.monotonic()
        self._busy(True)
        self.run_worker(self.bridge.other(self._history.add, sql, choices.now()), group="history")
        try:
            rows = await self.bridge.mirror(asking.run)
        except asyncio.CancelledError:
            # A newer question is here, or the app ends: the thread must not go on with this one.
            asking.cancel()
            raise
        except NuvynError as error:
            await self._ended(error)
        else:
            await self._ended(rows)

    async def _ended(self, found: pa.Table | NuvynError) -> None:
        """Show what the running question came to."""
        self._asking = None
        if not self.is_attached:
            return
        self._busy(self._export is not None)
        took = time.monotonic() - self._since
        if isinstance(found, Stopped):
            below = "; the rows below are those of the query before" if self._results.table else ""
            self._results.tell(f"cancelled after {_seconds(took)}{below}", failed=True)
        elif isinstance(found, NuvynError):
            await self._results.say(f"failed after {_seconds(took)}", _failed(found), failed=True)
        else:
            self._line = _title(found, took)
            shown = await self.bridge.other(Shown, found.slice(0, MOST_ROWS))
            await self._results.show(shown, self._line)
        self.refresh_keys()

    def _stop(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
        if self._export is not None:
            self._export.stop()

    def _busy(self, busy: bool) -> None:
        if busy:
            self._tick()
            self._clock.resume()
        else:
            self._clock.pause()
        self.refresh_keys()

    def _tick(self) -> None:
        took = span(time.monotonic() - self._since)
        if self._export is not None:
            self._results.tell(f"{self._export.told}, {took}   esc cancels", live=True)
        elif self._asking is not None:
            self._results.tell(f"running, {took}   esc cancels", live=True)

    def action_back(self) -> None:
        if self._asking is not None or self._export is not None:
            self._stop()
        else:
            self.action_switch()

    def action_switch(self) -> None:
        if self._results.has_the_focus:
            self._editor.focus()
        else:
            self._results.go()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted:
            return True
        if action in _NEED_ROWS:
            return self._results.table is not None and self._results.has_the_focus
        if action == "refresh":
            return bool(self._last) and self._results.has_the_focus
        return True

    def on_descendant_focus(self) -> None:
        self.refresh_keys()

    @on(ResultsTable.Opened)
    def _opened(self, event: ResultsTable.Opened) -> None:
        from core.mirror.results import text_of

        self.app.push_screen(Reader(event.column, "null" if event.value is None else text_of(event.value)))

    def action_select_all(self) -> None:
        self._table.select_all()

    def action_copy(self) -> None:
        chosen = self._table.selected()
        self._copy(chosen, names=False, what=f"{plural(chosen.num_rows, 'row')} of {chosen.num_columns}")

    def action_copy_row(self) -> None:
        self._copy(self._table.rows.slice(self._table.cursor_row, 1), names=False)

    def action_copy_all(self) -> None:
        self._copy(self._table.rows, names=True)

    @work(exclusive=True, group="copy")
    async def _copy(self, rows: pa.Table, *, names: bool, what: str = "") -> None:
        from core.mirror.results import lines_of, text_of

        if rows.shape == (1, 1) and not names:
            self.app.copy_to_clipboard(text_of(rows.column(0)[0].as_py()))
            self.notify("Value copied.", markup=False)
            return
        text = await self.bridge.other(lines_of, rows.slice(0, _COPIED), names=names)
        self.app.copy_to_clipboard(text)
        cut = rows.num_rows > _COPIED
        said = f"{plural(min(rows.num_rows, _COPIED), 'row')} copied"
        self.notify(
            f"{said} of {rows.num_rows:,}: press e to write all to a file." if cut else f"{said}.", markup=False
        )

    @property
    def _table(self) -> ResultsTable:
        table = self._results.table
        assert table is not None, "the key is off without rows"
        return table

    @work(exclusive=True, group="file")
    async def action_export(self) -> None:
        rows = self._table.rows
        place = await ask_place(self, rows.num_rows, "query")
        if place is None:
            return
        export = Export(rows, place.path, place.form)
        self._export, self._since = export, time.monotonic()
        self._busy(True)
        try:
            await self.bridge.other(export.run)
            hand_out(self, place)
        except Stopped:
            self.notify(f"Nothing was written to {place.shown}.", markup=False, severity="warning")
        else:
            more = " The query has more: nuvyn query -o writes all." if "more than" in self._line else ""
            self.notify(f"{plural(rows.num_rows, 'row')} written to {place.shown}.{more}", markup=False)
        finally:
            drop(place)
            self._export = None
            self._results.tell(self._line)
            self._busy(self._asking is not None)

    @work(exclusive=True, group="pick")
    async def action_saved(self) -> None:
        house = self.bridge.house
        query = await choices.choose_saved(self.app, self.bridge)
        if query is None:
            return
        names = await choices.fill(self.app, self.bridge, query) if query.parameters else {}
        if names is not None:
            sql = query.filled(catalog=house.settings.catalog, schema=house.settings.schema_name, **names)
            await self._put_and_run(sql)

    @work(exclusive=True, group="pick")
    async def action_history(self) -> None:
        entries = await self.bridge.other(self._history.entries)
        asked = await choices.choose_asked(self.app, entries)
        if asked is not None:
            self._editor.put(asked.sql)
            self._editor.focus()

    @work(exclusive=True, group="pick")
    async def action_keep(self) -> None:
        sql = self._editor.text
        if not sql.strip():
            self.notify("There is no SQL to save: write some in the editor.", markup=False)
            return
        await choices.keep(self.app, self.bridge, own_queries(self.bridge.house.settings.home), sql)


def _title(rows: pa.Table, took: float) -> str:
    """How many rows, of how many, in what time."""
    cut = rows.num_rows > MOST_ROWS
    count = f"{MOST_ROWS:,} of more than {MOST_ROWS:,} rows shown" if cut else plural(rows.num_rows, "row")
    return f"{count}, {plural(rows.num_columns, 'column')}, {_seconds(took)}"


def _seconds(took: float) -> str:
    return f"{took:.2f} s" if took < 10 else span(took)


def _failed(error: NuvynError) -> Content:
    words = plain(mask(error.message))
    return words.append_text(f"\n\nWhat to do: {error.hint}") if error.hint else words
