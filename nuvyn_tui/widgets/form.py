"""The form of one source: only the fields that its kind needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Select, Static

from core.payload.forms import ALL_FIELDS, Field, fields_for, shown, taken
from core.secrets import mask_url
from nuvyn_tui.guard import Guarded
from nuvyn_tui.text import plain, safe

_BY_NAME = {field.name: field for field in ALL_FIELDS}


class SourceForm(Guarded, VerticalScroll):
    """Posts `Edited` for every change; `load` shows a source."""

    HELP = (
        "The selected source. Tab goes from field to field. Credentials never stand here: name a connection, "
        "or write ${NAME} for a variable of the environment. Esc goes back to the sources."
    )
    DEFAULT_CSS = """
    SourceForm Horizontal { height: auto; }
    SourceForm .label { width: 13; padding: 0 1; color: $text-muted; }
    SourceForm Input, SourceForm Select { width: 1fr; }
    SourceForm #about { margin: 1 1 0 1; color: $text-muted; }
    """

    class Edited(Message):
        """A field of the source at `index` has another value; None takes it out."""

        def __init__(self, index: int, field: Field, value: object) -> None:
            super().__init__()
            self.index, self.field, self.value = index, field, value

    def __init__(self, connections: Sequence[str]) -> None:
        super().__init__(id="form", can_focus=False)
        self._index = 0
        self._connections = tuple(connections)
        self._shown: dict[str, str] = {}
        self._fields: dict[str, Field] = {}

    def compose(self) -> ComposeResult:
        for field in ALL_FIELDS:
            with Horizontal(id=f"line-{field.name}"):
                yield Static(field.label, classes="label")
                if field.input in ("choice", "connection"):
                    yield Select(
                        _options(self._choices(field)), prompt=_unset(field), compact=True, id=f"field-{field.name}"
                    )
                else:
                    yield Input(placeholder=field.example, compact=True, id=f"field-{field.name}")
        yield Static(id="about")

    def load(self, index: int, entry: dict[str, Any], kind: str) -> None:
        """Show the source at `index`, whose kind is `kind`, the job's default filled in."""
        self._index = index
        options = entry.get("options")
        values = {False: entry, True: options if isinstance(options, dict) else {}}
        fields = self._fields = {field.name: field for field in fields_for(kind)}
        for name, known in _BY_NAME.items():
            self.query_one(f"#line-{name}").display = name in fields
            field = fields.get(name, known)
            self.query_one(f"#line-{name} .label", Static).update(field.label)
            text = shown(field, values[field.option].get(name))
            text = safe(mask_url(text) if name == "data_source_path" else text)
            self._shown[name] = text
            self._put(field, text)

    def focus_field(self, name: str) -> bool:
        """Put the cursor into a field; returns whether it is on the form."""
        if name not in _BY_NAME or not self.query_one(f"#line-{name}").display:
            return False
        self.query_one(f"#field-{name}").focus()
        return True

    def _put(self, field: Field, text: str) -> None:
        if field.input not in ("choice", "connection"):
            line = self.query_one(f"#field-{field.name}", Input)
            line.placeholder = field.example
            if line.value != text:
                with self.prevent(Input.Changed):
                    line.value = text
            return
        select: Select[str] = self.query_one(f"#field-{field.name}", Select)
        choices = self._choices(field)
        value = text.lower() if field.input == "choice" else text
        with self.prevent(Select.Changed):
            # What the payload names may be no choice, or a connection that this machine's config has not.
            select.set_options(_options((*choices, value) if value and value not in choices else choices))
            if value:
                select.value = value

    def _choices(self, field: Field) -> tuple[str, ...]:
        return self._connections if field.input == "connection" else field.choices

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        # What was typed before the last change, or for the source shown before, no longer stands here.
        if event.value == event.input.value:
            self._changed(_BY_NAME[(event.input.id or "").removeprefix("field-")], event.value)

    @on(Input.Blurred, "#field-data_source_path")
    def _left(self, event: Input.Blurred) -> None:
        """A secret is in the clear only while it is written."""
        text = mask_url(event.input.value)
        self._shown["data_source_path"] = text
        with self.prevent(Input.Changed):
            event.input.value = text

    @on(Select.Changed)
    def _selected(self, event: Select.Changed) -> None:
        event.stop()
        value = "" if event.select.is_blank() else str(event.value)
        self._changed(_BY_NAME[(event.select.id or "").removeprefix("field-")], value)

    def _changed(self, field: Field, text: str) -> None:
        # What stands hidden or escaped here is still whole in the payload.
        if text == self._shown.get(field.name):
            return
        self._shown[field.name] = text
        self.post_message(self.Edited(self._index, field, taken(field, text)))

    def on_descendant_focus(self) -> None:
        focused = self.screen.focused
        name = ((focused.id if focused else None) or "").removeprefix("field-")
        if (field := self._fields.get(name)) is not None:
            self.query_one("#about", Static).update(plain(field.about))


def _options(choices: Sequence[str]) -> list[tuple[Content, str]]:
    return [(plain(choice), choice) for choice in choices]


def _unset(field: Field) -> str:
    return {"data_source_type": "auto", "connection": "none", "row_counts": "metadata"}[field.name]
