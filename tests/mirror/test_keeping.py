"""Results as files, queries saved by name, and what was asked before."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UsageError
from core.history import History
from core.mirror.results import format_of, lines_of, unlike, write_file, write_text
from core.mirror.saved import own_queries, save_query, saved_queries, saved_query
from tests.command import Nuvyn

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TABLE = pa.table([pa.array([1, None]), pa.array(["x[red]\ty", "ü\n"]), pa.array([["a"], None])], names=["a", "a", "l"])


def test_a_result_is_the_same_in_every_format(tmp_path: Path) -> None:
    for form in ("csv", "json", "parquet"):
        write_file(TABLE, tmp_path / f"out.{form}", form)
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [["a", "a", "l"], ["1", "x[red]\ty", '["a"]'], ["", "ü\n", ""]]
    rows = [{"a": 1, "a_2": "x[red]\ty", "l": ["a"]}, {"a": None, "a_2": "ü\n", "l": None}]
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8")) == rows
    assert pq.read_table(tmp_path / "out.parquet").to_pylist() == rows
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "out.json", "out.parquet"]


def test_sums_are_numbers_in_json() -> None:
    text = io.StringIO()
    write_text(pa.table({"n": [Decimal(3)], "p": [Decimal("0.5")]}), "json", text)
    assert json.loads(text.getvalue()) == [{"n": 3, "p": "0.5"}]


def test_copied_rows_stay_rows() -> None:
    assert lines_of(TABLE, names=True) == 'a\ta\tl\n1\tx[red]\\ty\t["a"]\n\tü\\n\t'


def test_no_text_becomes_a_formula(tmp_path: Path) -> None:
    table = pa.table({"=n": ["=1+1", "+1", "-1", "@x", "\tx", "a=b", "", None], "number": [-1] * 8})
    write_file(table, tmp_path / "out.csv", "csv")
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        found = list(csv.reader(file))
    assert [row[0] for row in found] == ["'=n", "'=1+1", "'+1", "'-1", "'@x", "'\tx", "a=b", "", ""]
    assert {row[1] for row in found[1:]} == {"-1"}
    assert lines_of(table, names=False).startswith("'=1+1\t-1\n")
    write_file(table, tmp_path / "out.parquet", "parquet")
    assert pq.read_table(tmp_path / "out.parquet").column(0).to_pylist() == table.column(0).to_pylist()


def test_an_exported_mirror_holds_no_formula(tmp_path: Path) -> None:
    nuvyn, lake = Nuvyn(tmp_path), tmp_path / "lake"
    lake.mkdir()
    (lake / "=cmd.csv").write_text("@sum,b\n1,2\n")
    assert nuvyn("run", nuvyn.payload({"s": str(lake)})).code == 0
    for form in ("csv", "parquet"):
        assert nuvyn("export", str(tmp_path / "out"), "-f", form).code == 0
    with (tmp_path / "out" / "columns.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["table_name"], row["column_name"]) for row in rows] == [("'=cmd", "'@sum"), ("'=cmd", "b")]
    assert pq.read_table(tmp_path / "out" / "columns.parquet").column("column_name").to_pylist() == ["@sum", "b"]


@given(st.lists(st.sampled_from(["a", "a_2", "b", ""]), max_size=8))
def test_names_become_unlike(names: list[str]) -> None:
    found = unlike(names)
    assert len(set(found)) == len(names)
    assert all(fresh.startswith(name) for fresh, name in zip(found, names, strict=True))


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        write_file(TABLE, tmp_path / "missing" / "out.csv", "csv")
    with pytest.raises(UsageError, match=r"no such output format: xls"):
        format_of(Path("a.xls"))
    with pytest.raises(UsageError, match="no suffix"):
        format_of(Path("a"))


def test_ones_own_queries_are_found_by_the_command_line_too(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    nuvyn = Nuvyn(home)
    assert nuvyn("demo").code in (0, 3)
    path = save_query(own_queries(home), "mine", "How many\ntables.", "SELECT count(*) AS n FROM tables")
    assert path.stat().st_mode & 0o777 == 0o600
    assert saved_queries(own_queries(home))[0].about == "How many tables."
    assert "How many tables." in nuvyn("query", "--saved", "list").out
    assert json.loads(nuvyn("query", "--saved", "mine", "--json").out)[0]["n"] > 0


def test_saving_again_does_not_double_the_comment(tmp_path: Path) -> None:
    save_query(tmp_path, "mine", "What.", "SELECT 1")
    sql = saved_query("mine", tmp_path).sql
    save_query(tmp_path, "mine", "What.", sql)
    assert saved_query("mine", tmp_path).sql == sql == "-- What.\nSELECT 1\n"


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "list", "x\n"])
def test_a_name_that_is_no_files_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        save_query(tmp_path, name, "", "SELECT 1")
    assert not list(tmp_path.iterdir())


def test_a_broken_file_hides_no_other(tmp_path: Path) -> None:
    (tmp_path / "bad.sql").write_bytes(b"\xff\xfe")
    (tmp_path / "empty.sql").write_bytes(b"")
    names = [query.name for query in saved_queries(tmp_path)]
    assert "bad" not in names and names[0] == "empty" and "sources" in names


def test_saved_queries_follow_the_settings_names() -> None:
    sql = saved_query("sources").filled(workflow_id="o'x", catalog="main", schema='a"b')
    assert '"main"."a""b".sources' in sql and "'o''x'" in sql


def test_history_is_newest_first_without_secrets(tmp_path: Path) -> None:
    history = History(tmp_path / "history.sql")
    history.add("SELECT 1", NOON)
    history.add("SELECT 'password=hunter22'\n-- asked for it", NOON + timedelta(hours=1))
    history.add("SELECT 1", NOON + timedelta(hours=2))
    history.add("  ", NOON)
    entries = History(history.path).entries()
    assert [e.sql.splitlines()[0] for e in entries] == ["SELECT 1", "SELECT 'password=***'"]
    assert entries[0].moment == NOON + timedelta(hours=2)
    assert history.path.stat().st_mode & 0o777 == 0o600
    assert "hunter22" not in history.path.read_text()


def test_history_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.history._REWRITE_AT", 20_000)
    history = History(tmp_path / "history.sql")
    for at in range(1_000):
        history.add(f"SELECT {at}", NOON)
    assert history.entries()[0].sql == "SELECT 999"
    assert history.path.stat().st_size <= 20_100
    assert history.path.stat().st_mode & 0o777 == 0o600
