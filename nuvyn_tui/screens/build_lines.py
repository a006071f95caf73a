"""The lines of Build: sources with their validity, problems with their place."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from core.payload.draft import Draft
from core.payload.models import DATABASE_KINDS
from core.payload.problems import Checked, Problem
from core.secrets import mask_url
from core.sources.database_urls import dialect_of, is_database
from core.text import plural
from nuvyn_tui.widgets.grid import Cell, Column, Grid

SOURCE_COLUMNS = (Column("source"), Column("state", 10), Column("path", wide=56))
PROBLEM_COLUMNS = (Column("", 7), Column("place", 26), Column("message"), Column("hint", wide=100))

EMPTY = """A payload names the
sources of a workflow.
n adds a source
o opens a file
p takes pasted JSON
R takes a job's payload"""
PROBLEMS_EMPTY = "What is wrong with the payload stands here; enter goes to its place."


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A source of the draft; `kind` is its type, with the job's default, and the database that `auto` means."""

    index: int
    source_id: str
    path: str
    kind: str
    errors: int
    warnings: int


def source_lines(draft: Draft, checked: Checked) -> list[SourceLine]:
    """The draft's sources with the count of their problems."""
    errors: dict[int, int] = defaultdict(int)
    warnings: dict[int, int] = defaultdict(int)
    for problem in checked.problems:
        index, _ = draft.place_of(problem.path)
        if index is not None:
            (errors if problem.severity == "error" else warnings)[index] += 1
    default = draft.raw.get("data_source_type")
    return [
        SourceLine(
            index,
            str(entry.get("source_id") or ""),
            mask_url(str(entry.get("data_source_path") or "")),
            _kind(str(entry.get("data_source_type") or default or "auto").lower(), entry.get("data_source_path")),
            errors[index],
            warnings[index],
        )
        for index, entry in enumerate(draft.sources)
    ]


def _kind(named: str, path: object) -> str:
    scheme, mark, _ = str(path or "").partition("://")
    if named != "auto" or not mark or not is_database(scheme):
        return named
    dialect = dialect_of(scheme)
    return dialect if dialect in DATABASE_KINDS else "database"


def source_cells(line: SourceLine) -> list[Cell]:
    """A source's cells: its mark is a word, never only a colour."""
    if line.errors:
        mark = (plural(line.errors, "error"), "bad")
    elif line.warnings:
        mark = (plural(line.warnings, "warning"), "warn")
    else:
        mark = ("ok", "good")
    return [line.source_id or ("(no id)", "quiet"), mark, (line.path, "quiet")]


def problem_cells(problem: Problem) -> list[Cell]:
    """A problem's cells."""
    meaning = "bad" if problem.severity == "error" else "warn"
    return [(problem.severity, meaning), (problem.path, "quiet"), problem.message, (problem.hint, "quiet")]


def source_grid() -> Grid[SourceLine]:
    """The list of sources."""
    return Grid(SOURCE_COLUMNS, source_cells, lambda line: line.index, empty=EMPTY, header=False, id="sources")


def problem_grid() -> Grid[Problem]:
    """The list of problems."""
    return Grid(PROBLEM_COLUMNS, problem_cells, lambda p: (p.path, p.message), header=False, id="problems")
