"""The docs say of the app what the app says of itself."""

from __future__ import annotations

from nuvyn_tui.commands.app import MODES
from nuvyn_tui.commands.table import key_table
from tests.command import ROOT


def test_the_key_table_is_up_to_date() -> None:
    assert (ROOT / "docs" / "keys.md").read_text() == key_table(), "run `./dev docs`"


def test_each_mode_has_its_picture() -> None:
    for mode in MODES:
        picture = (ROOT / "docs" / "pictures" / f"{mode}.svg").read_text()
        assert "<svg" in picture and "http://" not in picture.replace("http://www.w3.org", "")
