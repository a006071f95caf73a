"""Build: a payload as a list of sources with a form each, or as JSON; its problems below."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widgets import Input, Static

from core.errors import UsageError
from core.jobs.background import carries_secrets, submit
from core.payload.decode import NotJson
from core.payload.draft import Draft, kept_draft
from core.payload.places import with_places
from core.payload.problems import Problem
from core.payload.text_places import place_in_text
from core.text import plural
from nuvyn_tui.screens import build_lines as lines
from nuvyn_tui.screens.build_asking import ask_file_to_save, ask_payload, ask_recent
from nuvyn_tui.screens.build_budget import BudgetDialog
from nuvyn_tui.screens.build_lines import SourceLine
from nuvyn_tui.screens.build_probe import ProbeDialog
from nuvyn_tui.screens.dialogs import Question, Reader
from nuvyn_tui.screens.mode import ModeScreen
from nuvyn_tui.text import plain, safe
from nuvyn_tui.widgets.code_area import CodeArea
from nuvyn_tui.widgets.form import SourceForm
from nuvyn_tui.widgets.grid import Grid

if TYPE_CHECKING:
    from core.payload.models import Job
    from nuvyn_tui.screens.run import RunScreen

_SAVE_AFTER_S = 0.5
# A payload of more sources is checked once typing rests: each key would be felt.
_MANY = 100
_REST_S = 0.3


class BuildScreen(ModeScreen):
    """The draft of a payload; kept in the home folder without its secrets."""

    PLACE = "build"
    CSS_PATH = "build.tcss"
    HELP = (
        "A payload: its sources left, the selected one's form right, all problems below; enter on a problem goes "
        "to its field. v shows it as JSON. The draft is kept, without secrets, and is there again after a restart."
    )

    def __init__(self) -> None:
        super().__init__()
        self._draft = Draft()
        self._kept = self._draft.raw
        self._keeping_failed = False
        self._as_json = False
        self._wrong_at: tuple[int, int] | None = None
        self._starting = False
        self._resting: Timer | None = None

    def panes(self) -> ComposeResult:
        connections = sorted(self.bridge.house.settings.connections)
        with Horizontal(id="top"):
            yield Static("workflow")
            yield Input(placeholder="a name for this set of sources", compact=True, id="workflow")
            yield Static(id="draft")
        with Horizontal(id="body"):
            yield lines.source_grid()
            yield SourceForm(connections)
        yield CodeArea(syntax="json", id="json")
        yield lines.problem_grid()

    def on_mount(self) -> None:
        self.query_one("#problems").border_title = "problems: enter goes to the place, space tells all"
        self._sources.focus()
        self._restore()

    @property
    def _sources(self) -> Grid[SourceLine]:
        return self.query_one("#sources", Grid)

    @property
    def _path(self) -> Path:
        return self.bridge.house.settings.home / "drafts" / "current.json"

    @work(exclusive=True, group="restore")
    async def _restore(self) -> None:
        """The draft of the last time, unless a payload was loaded meanwhile."""
        found = await self.bridge.other(kept_draft, self._path)
        if found is not None and self._draft.is_empty:
            self._draft, self._kept = found, found.raw
            self._tell_origin("the draft of last time")
        self._changed(0)

    def load(self, raw: dict[str, Any], origin: str) -> None:
        """Take a payload as the draft, which undo brings back; `origin` says in words where it is from."""
        self._draft.replace(raw)
        self._tell_origin(origin)
        self._changed(0)

    def new(self) -> None:
        """Begin a new payload with one source."""
        self.action_clear()
        self.action_add()

    def _tell_origin(self, origin: str) -> None:
        self.query_one("#draft", Static).update(plain(f"from {origin}"))

    def _changed(self, at: int | None = None, *, form: bool = True, text: bool = True) -> None:
        """Show the draft again after a change, check it, and keep it; not where it was just typed."""
        draft = self._draft
        settings = self.bridge.house.settings
        checked = with_places(draft.check(settings.options), settings)
        workflow = self.query_one("#workflow", Input)
        if workflow.value != safe(draft.workflow_id):
            with workflow.prevent(Input.Changed):
                workflow.value = safe(draft.workflow_id)
        self._sources.show(lines.source_lines(draft, checked))
        if at is not None:
            self._sources.select(at)
        self.query_one("#problems", Grid).show(
            checked.problems if not draft.is_empty else (),
            empty="no problems" if draft.sources else lines.PROBLEMS_EMPTY,
        )
        if form:
            self._show_form()
        if text and self._as_json:
            self._show_text()
        self.refresh_keys()
        if draft.raw is not self._kept:
            self._keep()

    @work(exclusive=True, group="keep")
    async def _keep(self) -> None:
        """Write the draft a moment after the last change."""
        await asyncio.sleep(_SAVE_AFTER_S)
        draft = self._draft.raw
        try:
            await self.bridge.other(self._draft.save, self._path)
        except UsageError as error:
            if not self._keeping_failed:
                self.notify(f"The draft is not kept: {error.message}", severity="warning")
            self._keeping_failed = True
        else:
            self._kept, self._keeping_failed = draft, False

    def on_unmount(self) -> None:
        if self._draft.raw is not self._kept:
            with suppress(UsageError):
                self._draft.save(self._path)

    def on_descendant_blur(self) -> None:
        if not self._as_json:
            self._draft.settle()

    def _show_form(self) -> None:
        form = self.query_one(SourceForm)
        line = self._sources.row
        form.display = line is not None
        if line is not None:
            form.load(line.index, self._draft.sources[line.index], line.kind)

    @on(Grid.Moved, "#sources")
    def _moved(self) -> None:
        self._show_form()
        self.refresh_keys()

    @on(Grid.Chosen, "#sources")
    def _chosen(self) -> None:
        self.query_one(SourceForm).focus_field("data_source_path")

    @on(Grid.Chosen, "#problems")
    def _chosen_problem(self, event: Grid.Chosen) -> None:
        self._go_to(event.row)

    def _go_to(self, problem: Problem) -> None:
        """To the field that a problem is about; in the JSON where no form has it."""
        index, field = self._draft.place_of(problem.path)
        if not self._as_json and index is not None and index < len(self._draft.sources):
            self._sources.select(index)
            self._show_form()
            if self.query_one(SourceForm).focus_field(field):
                return
        elif not self._as_json and field == "workflow_id":
            self.query_one("#workflow").focus()
            return
        elif not self._as_json and not self._draft.sources:
            self._sources.focus()
            return
        if not self._as_json:
            self.action_text()
        area = self.query_one("#json", CodeArea)
        area.move_cursor(self._wrong_at or place_in_text(area.text, problem.path), center=True)
        area.focus()

    @on(Input.Changed, "#workflow")
    def _named(self, event: Input.Changed) -> None:
        self._draft.set_workflow(event.value)
        self._soon(self._typed_in_form)

    @on(SourceForm.Edited)
    def _edited(self, event: SourceForm.Edited) -> None:
        if event.index < len(self._draft.sources):
            self._draft.set_field(event.index, event.field.name, event.value, option=event.field.option)
            # Another kind asks for other fields.
            self._soon(self._changed if event.field.name == "data_source_type" else self._typed_in_form)

    def _typed_in_form(self) -> None:
        self._changed(form=False)

    def _soon(self, call: Callable[[], None]) -> None:
        """Do what follows a key: at once, or in a large payload when no other key follows."""
        if self._resting is not None:
            self._resting.stop()
        if len(self._draft.sources) <= _MANY:
            call()
        else:
            self._resting = self.set_timer(_REST_S, call)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("probe", "duplicate", "remove", "shift"):
            return self.is_mounted and not self._as_json and self._sources.row is not None
        if action in ("add", "paste", "recent", "clear", "undo", "redo"):
            # A text area takes back what is typed in it by itself.
            return not self._as_json
        if action == "details":
            return self.is_mounted and bool(self.query_one("#problems", Grid).rows)
        return True

    def action_add(self) -> None:
        self._changed(self._draft.add())
        self.query_one(SourceForm).focus_field("data_source_path")

    def action_duplicate(self) -> None:
        self._changed(self._draft.duplicate(self._at()))

    def action_remove(self) -> None:
        self._draft.remove(self._at())
        self._changed()

    def action_shift(self, by: int) -> None:
        self._changed(self._draft.move(self._at(), by))

    def action_undo(self) -> None:
        if self._draft.undo():
            self.query_one("#draft", Static).update()
            self._changed()
        else:
            self.notify("There is nothing to take back.", markup=False)

    def action_redo(self) -> None:
        if self._draft.redo():
            self.query_one("#draft", Static).update()
            self._changed()
        else:
            self.notify("There is nothing to make again.", markup=False)

    def action_clear(self) -> None:
        self._draft.replace({"workflow_id": "", "sources": []})
        self._tell_origin("scratch")
        self._changed()

    def action_back(self) -> None:
        if self._as_json:
            self.action_text()
        self._sources.focus()

    def action_problems(self) -> None:
        self.query_one("#problems").focus()

    def action_details(self) -> None:
        problem: Problem | None = self.query_one("#problems", Grid).row
        if problem is not None:
            text = problem.message + (f"\n\nWhat to do: {problem.hint}" if problem.hint else "")
            self.app.push_screen(Reader(f"{problem.severity}: {problem.path or 'the payload'}", text))

    def action_text(self) -> None:
        """Between the form and JSON; text that is no JSON stays until it is mended."""
        if self._as_json and self._wrong_text() is not None:
            self.query_one("#json").focus()
            self.notify("This is not JSON yet; the place is below.", severity="warning", markup=False)
            return
        self._draft.settle()
        self._as_json = not self._as_json
        self.set_class(self._as_json, "-json")
        if self._as_json:
            self._show_text()
            self.query_one("#json").focus()
        else:
            self._sources.focus()
        self._changed()

    def action_paste(self) -> None:
        self.action_text()
        area = self.query_one("#json", CodeArea)
        area.select_all()
        self.notify("Paste over what is selected, then esc.", markup=False)

    def _show_text(self) -> None:
        area = self.query_one("#json", CodeArea)
        if area.text != self._draft.text():
            with area.prevent(CodeArea.Changed):
                area.text = self._draft.text()

    @on(CodeArea.Changed, "#json")
    def _typed(self) -> None:
        self._soon(self._take_typed)

    def _take_typed(self) -> None:
        if not self._as_json:
            return
        problem = self._wrong_text()
        if problem is not None:
            self.query_one("#problems", Grid).show([problem])
            return
        self._changed(text=False)

    def _wrong_text(self) -> Problem | None:
        """Take the JSON as the draft; what keeps it from being one."""
        self._wrong_at = None
        try:
            self._draft.take_text(self.query_one("#json", CodeArea).text)
        except NotJson as error:
            self._wrong_at = (error.line - 1, error.column - 1)
            return Problem("", f"not JSON: {error}", error.hint)
        except ValueError as error:
            return Problem("", str(error))
        return None

    @work(exclusive=True, group="act")
    async def action_load(self) -> None:
        found = await ask_payload(self.house)
        if found is not None:
            self.load(*found)

    @work(exclusive=True, group="act")
    async def action_recent(self) -> None:
        found = await ask_recent(self.house)
        if found is not None:
            self.load(found.payload, f"job {found.job_id[-8:]}")

    @work(exclusive=True, group="act")
    async def action_save(self) -> None:
        if self._as_json and self._wrong_text() is not None:
            self.action_text()
            return
        path = await ask_file_to_save(self.house, f"{self._draft.workflow_id or 'payload'}.json")
        if path is None:
            return
        if path.exists() and not await self.app.push_screen_wait(Question(f"Overwrite {path}?", "Overwrite")):
            return
        await self.bridge.other(self._draft.save, path)
        left_out = " Secrets were left out." if self._draft.shown != self._draft.raw else ""
        self.notify(f"Saved as {path}.{left_out}", markup=False)

    @work(exclusive=True, group="act")
    async def action_probe(self) -> None:
        line = self._sources.row
        assert line is not None, "the key is off without a source"
        entry = self._draft.sources[line.index]
        await self.app.push_screen(ProbeDialog(self.bridge, entry, line.kind))

    @work(exclusive=True, group="act")
    async def action_budget(self) -> None:
        job = self._accepted()
        if job is not None and await self.app.push_screen_wait(BudgetDialog(self.bridge, job)):
            self.action_run()

    def _accepted(self) -> Job | None:
        """The payload's job; with errors None, at the first of them."""
        if self._as_json and self._wrong_text() is not None:
            self.action_text()
            return None
        checked = self._draft.check(self.bridge.house.settings.options)
        if checked.job is None:
            self.notify(f"{plural(len(checked.errors), 'error')} to mend first.", severity="error", markup=False)
            self._go_to(checked.errors[0])
        return checked.job

    @work(group="run")
    async def action_run(self) -> None:
        if self._starting:
            return
        job = self._accepted()
        if job is None:
            return
        if carries_secrets(job):
            self.notify("Its secrets go to the job's own process and are stored nowhere.", markup=False)
        house = self.bridge.house
        self._starting = True
        try:
            job_id = await self.bridge.other(submit, house.settings, house.store, job)
        finally:
            self._starting = False
        self.house.tend()
        await self.house.open("run", lambda screen: cast("RunScreen", screen).follow(job_id))

    def _at(self) -> int:
        line = self._sources.row
        assert line is not None, "the key is off without a source"
        return line.index
