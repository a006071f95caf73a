"""What a run of the payload would cost: listed, to read, requests, bytes, time; nothing is read for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from core.errors import NuvynError
from core.progress import Progress
from core.text import plural
from nuvyn_tui.crash import told
from nuvyn_tui.guard import Guarded
from nuvyn_tui.text import plain, safe

if TYPE_CHECKING:
    from core.attempts import Attempt
    from core.jobs.dry_run import SourceBudget
    from core.payload.models import Job
    from nuvyn_tui.bridge import Bridge

_LOOKS_A_SECOND = 5


class BudgetDialog(Guarded, ModalScreen[bool]):
    """Lists every source of a job; true when the job is to be run, escape stops listing and goes back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Back"),
        Binding("ctrl+r,f5", "run", "Run"),
    ]

    def __init__(self, bridge: Bridge, job: Job) -> None:
        super().__init__()
        self._bridge, self._job = bridge, job
        self._progress = [Progress() for _ in job.sources]
        self._found: dict[int, SourceBudget] = {}
        self._attempt: Attempt[list[SourceBudget]] | None = None
        self._left = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog reader"):
            yield Static(plain(f"What a run of {self._job.workflow_id} would cost"), classes="dialog-title")
            with VerticalScroll():
                yield Static(id="sum")
                yield Static(id="sources")
            yield Static("ctrl+r runs it   esc goes back", classes="dialog-keys")

    def on_mount(self) -> None:
        self._show()
        self._clock = self.set_interval(1 / _LOOKS_A_SECOND, self._show)
        self.query_one(VerticalScroll).focus()
        self._list()

    @work(exclusive=True, group="budget")
    async def _list(self) -> None:
        try:
            await self._bridge.other(self._budgets)
        except NuvynError as error:
            message, hint = told(error)
            self._clock.stop()
            self.query_one("#sum", Static).update(plain(f"{message}\n\n{hint}", "$text-error"))
            return
        self._clock.stop()
        self._show()

    def _budgets(self) -> None:
        from core.attempts import Attempt
        from core.jobs.dry_run import job_budget

        house = self._bridge.house
        self._attempt = Attempt(
            lambda: job_budget(self._job, house.settings, house.mirror, self._progress, self._found.__setitem__)
        )
        if not self._left:
            self._attempt.run()

    def _show(self) -> None:
        from core.jobs.dry_run import budget_lines, total_of

        found = dict(self._found)
        left = len(self._progress) - len(found)
        if left:
            listed = sum(each.listed for each in self._progress)
            head = f"listing: {listed:,} objects, {left} of {plural(left + len(found), 'source')} to go; esc stops it"
            lines: Sequence[str] = [head]
        else:
            failed = sum(entry.error is not None for entry in found.values())
            more = [f"{plural(failed, 'source')} could not be listed, see below"] if failed else []
            lines = [*budget_lines(total_of(list(found.values()))), *more]
        self.query_one("#sum", Static).update(plain("\n".join(lines)))
        parts = [_source(found[seq]) for seq in sorted(found)] if len(self._progress) > 1 or not left else []
        self.query_one("#sources", Static).update(Content("\n").join(parts))

    def action_leave(self) -> None:
        self._end(run=False)

    def action_run(self) -> None:
        self._end(run=True)

    def _end(self, *, run: bool) -> None:
        self._left = True
        if self._attempt is not None:
            self._attempt.stop()
        self.dismiss(run)


def _source(entry: SourceBudget) -> Content:
    lines = [plain(f"\n{safe(entry.source_id)}", "bold"), plain(f"  {safe(entry.shown)}", "$text-muted")]
    if entry.error is not None:
        lines.append(plain(f"\n  {safe(entry.error)}", "$text-error"))
        lines.append(plain(f"\n  {safe(entry.hint)}" if entry.hint else ""))
    lines += [plain(f"\n  {safe(line)}") for line in entry.lines()]
    return Content.assemble(*lines)
