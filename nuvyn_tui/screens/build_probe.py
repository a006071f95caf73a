"""Trying a source: what can be listed there, or why it can't."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from core.errors import NuvynError
from core.text import plural, span
from nuvyn_tui.crash import told
from nuvyn_tui.guard import Guarded
from nuvyn_tui.text import plain, safe

if TYPE_CHECKING:
    from core.attempts import Attempt
    from core.probe import Probe
    from nuvyn_tui.bridge import Bridge


class ProbeDialog(Guarded, ModalScreen[None]):
    """Lists the first page of a source; escape stops it and goes back."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,q", "leave", "Back")]

    def __init__(self, bridge: Bridge, entry: dict[str, Any], kind: str) -> None:
        super().__init__()
        self._bridge, self._entry, self._kind = bridge, entry, kind
        self._waited = 0
        self._attempt: Attempt[Probe] | None = None
        self._left = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog reader"):
            yield Static(plain(f"Testing {self._entry.get('source_id') or 'the source'}"), classes="dialog-title")
            with VerticalScroll():
                yield Static("listing", id="outcome")
            yield Static("esc goes back", classes="dialog-keys")

    def on_mount(self) -> None:
        self._clock = self.set_interval(1, self._tick)
        self._try()

    def _tick(self) -> None:
        self._waited += 1
        self.query_one("#outcome", Static).update(f"listing, {self._waited} s; esc stops it")

    @work(exclusive=True, group="probe")
    async def _try(self) -> None:
        try:
            found = await self._bridge.other(self._probe)
        except NuvynError as error:
            message, hint = told(error)
            text = Content.assemble(plain(message, "$text-error"), "\n\n", plain(f"What to do: {hint}" if hint else ""))
        else:
            if found is None:
                return
            text = _outcome(found)
        finally:
            self._clock.stop()
        self.query_one("#outcome", Static).update(text)

    def _probe(self) -> Probe | None:
        from core.attempts import Attempt
        from core.probe import probe

        name = self._entry.get("connection")
        connection = self._bridge.house.settings.connection(str(name)) if name else None
        path = str(self._entry.get("data_source_path") or "")
        self._attempt = Attempt(lambda: probe(path, self._kind, connection))
        return None if self._left else self._attempt.run()

    def action_leave(self) -> None:
        self._left = True
        if self._attempt is not None:
            self._attempt.stop()
        self.dismiss(None)


def _outcome(found: Probe) -> Content:
    took = f"{span(found.seconds)}, {plural(found.requests, 'request')}"
    more = ", and other pages follow" if found.more else ""
    page = "" if found.noun == "table" else " on the first page"
    head = f"\n{found.kind}: {plural(found.count, found.noun)}{page}{more} ({took})\n\n"
    lines = [safe(key) for key in found.keys] or ["It can be listed, and nothing is there."]
    if found.count > len(found.keys):
        lines.append(f"… and {found.count - len(found.keys):,} more{page and ' on this page'}")
    return Content.assemble(plain(found.location, "bold"), head, Content("\n".join(lines)))
