"""The reference of the docs is what the code says."""

from __future__ import annotations

import pytest

from docs.generate.meanings import Unexplained, listed, meanings
from docs.reference import FOLDER, PAGES


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text() == PAGES[name](), (
        "run `./dev docs`, or for these pages `python docs/reference.py`"
    )


def test_there_is_no_other_page() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(PAGES)


def test_what_has_no_meaning_and_what_has_one_too_many_are_errors() -> None:
    known = listed("columns.schema_changes")
    assert meanings("columns.schema_changes", known) == known
    with pytest.raises(Unexplained, match=r"lacks \['more'\]"):
        meanings("columns.schema_changes", [*known, "more"])
    with pytest.raises(Unexplained, match=r"does not have \['change'\]"):
        meanings("columns.schema_changes", known.keys() - {"change"})
