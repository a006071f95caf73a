"""The SQL editor with its list of words that fit at the cursor."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset
from textual.strip import Strip
from textual.widget import Widget

from core.mirror.words import Offer, Word, offer
from nuvyn_tui.guard import Guarded
from nuvyn_tui.text import fit
from nuvyn_tui.widgets.code_area import CodeArea

_LINES = 7
_WIDTH = 44
_WORD_WIDTH = 24
# One letter may be an alias that is being written.
_TYPED_BEFORE_OFFERING = 2


class WordList(Guarded, Widget):
    """The words on offer, over the other panes; the editor moves and accepts."""

    COMPONENT_CLASSES = {"word-list--chosen", "word-list--about"}
    DEFAULT_CSS = """
    WordList { display: none; position: absolute; overlay: screen; width: 44; height: 7; }
    WordList { background: $surface-lighten-1; }
    WordList > .word-list--chosen { background: $primary; color: $text; text-style: bold; }
    WordList > .word-list--about { color: $text-muted; }
    WordList:ansi > .word-list--chosen { text-style: reverse; }
    """

    def __init__(self) -> None:
        super().__init__(id="words")
        self.words: tuple[Word, ...] = ()
        self.chosen = 0

    @property
    def is_open(self) -> bool:
        return self.display and bool(self.words)

    def show(self, words: tuple[Word, ...], at: Offset) -> None:
        """Open below a place of the screen, or above it where there is no room below."""
        self.words, self.chosen = words, 0
        height = min(_LINES, len(words))
        below = at.y + 1 + height < self.screen.size.height
        self.styles.height = height
        self.styles.offset = (
            max(0, min(at.x, self.screen.size.width - _WIDTH)),
            at.y + 1 if below else max(0, at.y - height),
        )
        self.display = True
        self.refresh()

    def hide(self) -> None:
        self.words = ()
        self.display = False

    def move(self, by: int) -> None:
        self.chosen = (self.chosen + by) % len(self.words)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        top = max(0, min(self.chosen - _LINES // 2, len(self.words) - _LINES))
        base = self.rich_style
        if top + y >= len(self.words):
            return Strip.blank(self.size.width, base)
        word = self.words[top + y]
        about = base + self.get_component_rich_style("word-list--about", partial=True)
        if top + y == self.chosen:
            base = about = base + self.get_component_rich_style("word-list--chosen", partial=True)
        room = max(0, self.size.width - _WORD_WIDTH - 3)
        return Strip(
            [Segment(f" {fit(word.text, _WORD_WIDTH)} ", base), Segment(fit(word.about, room) + " ", about)]
        ).adjust_cell_length(self.size.width, base)


class SqlEditor(CodeArea):
    """SQL with highlighting and completion."""

    HELP = (
        "SQL over the mirror. Words that fit are offered as you type, or with ctrl+space: "
        "tab or enter takes one, esc closes the list. f5 runs, f6 goes to the rows, "
        "ctrl+z takes back, alt+z gives again."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+space,ctrl+@", "offer", "Words", show=False),
        Binding("alt+z", "redo", "Redo", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(syntax="sql", id="editor")
        # These keys belong to the mode.
        for key in ("f6", "ctrl+y"):
            self._bindings.key_to_bindings.pop(key, None)
        self._offer = Offer(0)
        self._typing = False

    @property
    def words(self) -> WordList:
        return self.screen.query_one(WordList)

    def put(self, sql: str) -> None:
        """Put a text in place of all there is; ctrl+z brings the old one back."""
        self._typing = False
        self.replace(sql, (0, 0), self.document.end)
        self.move_cursor(self.document.end)
        self.words.hide()

    def on_key(self, event: events.Key) -> None:
        words = self.words
        # Only what is typed opens the list, not what is taken, pasted, or brought back.
        self._typing = event.is_printable or (event.key == "backspace" and words.is_open)
        if not words.is_open:
            return
        if event.key in ("up", "down"):
            words.move(-1 if event.key == "up" else 1)
        elif event.key in ("tab", "enter"):
            self._accept(words.words[words.chosen])
        elif event.key == "escape":
            words.hide()
        else:
            if event.key in ("left", "right", "home", "end", "pageup", "pagedown"):
                words.hide()
            return
        event.stop()
        event.prevent_default()

    def on_text_area_changed(self) -> None:
        if self._typing and self.has_focus:
            self._look(_TYPED_BEFORE_OFFERING)
        else:
            self.words.hide()

    def on_paste(self) -> None:
        self._typing = False

    def on_blur(self) -> None:
        self.words.hide()

    def action_offer(self) -> None:
        """Open the list here, whatever is typed so far."""
        self._look(0)

    def _look(self, typed: int) -> None:
        at = self._place()
        self._offer = offer(self.text, at)
        dotted = self.text[self._offer.start - 1 : self._offer.start] == "."
        if self._offer.words and (dotted or at - self._offer.start >= typed):
            self.words.show(self._offer.words, self.cursor_screen_offset - Offset(at - self._offer.start + 1, 0))
        else:
            self.words.hide()

    def _place(self) -> int:
        """The cursor as a place in the text."""
        row, column = self.cursor_location
        return sum(len(line) + len(self.document.newline) for line in self.document.lines[:row]) + column

    def _accept(self, word: Word) -> None:
        row, column = self.cursor_location
        typed = self._place() - self._offer.start
        self.words.hide()
        self.replace(word.text, (row, column - typed), (row, column), maintain_selection_offset=False)
        self.move_cursor((row, column - typed + len(word.text)))
