"""Keys made to break what lists, stores or shows them: names and nothing else, to store, mirror and terminal."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest

from tests.command import Nuvyn
from tests.hostile.test_files import MOST_CPU_S, MOST_MEMORY, measured
from tests.servers.objects import ObjectServer

KEYS = {
    "beyond the root": "../../etc/passwd.csv",
    "from the root": "/etc/passwd.csv",
    "dots": "x/../../y.csv",
    "a dot": "./x.csv",
    "empty folders": "//x.csv",
    "a drive": "C:\\Windows\\x.csv",
    "a share": "\\\\server\\share\\x.csv",
    "a device": "con.csv",
    "a screen that is cleared": "\x1b[2J\x1b]0;owned\x07.csv",
    "a line that is overwritten": "good\r\x1b[1Kbad.csv",
    "a header": "x\r\nSet-Cookie: a=b.csv",
    "backspaces": "a\x08\x08b.csv",
    "delete": "a\x7f.csv",
    "C1 controls": "a\x9b2J.csv",
    "right to left": "\u202egpj.csv",
    "no width": "a\u200b\ufeffb.csv",
    "a line separator": "a\u2028b.csv",
    "SQL": "'; DROP TABLE files; --.csv",
    "an identifier": '"; DROP SCHEMA x; --.csv',
    "HTML": "<script>alert(1)</script>.csv",
    "an entity": "&lt;&#0;&xxe;.csv",
    "markup": "[red]bold[/red].csv",
    "an action": "[@click=app.quit]x[/].csv",
    "a bracket": "[/x.csv",
    "a formula": "=cmd|' /C calc'!A0.csv",
    "another formula": "@SUM(1+1).csv",
    "a variable": "${HOME}.csv",
    "a shell": "$(id)`id`;id|id&.csv",
    "a template": "{{7*7}}{0.__class__}%(x)s%s%n.csv",
    "encoded": "%2e%2e%2fx%00.csv",
    "encoded twice": "%252e.csv",
    "a question": "x?sig=abcdefgh&password=abcdefgh.csv",
    "a fragment": "x#y.csv",
    "spaces": "  .csv",
    "as long as can be": "k" * 1020 + ".csv",
    "a partition of lies": "d=1/d=2/d=../x.csv",
    "a pattern": "*?[!a]**.csv",
    "an emoji": "\U0001f600\u200d\U0001f600.csv",
}
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u2028\u2029\u202a-\u202e\ufeff]")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, object_server: ObjectServer) -> tuple[Nuvyn, list[str]]:
    """A home whose mirror has a bucket of all these keys, and what was printed on the way."""
    folder = tmp_path_factory.mktemp("keys")
    home = folder / "home"
    home.mkdir()
    bucket = object_server.bucket(dict.fromkeys(KEYS.values(), b"id,name\n1,a\n"))
    s3 = {"AWS_ENDPOINT_URL": object_server.url, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "canary-of-keys"}
    nuvyn = Nuvyn(home, s3)
    code, out, err, memory, cpu = measured(nuvyn, "run", nuvyn.payload({"s": f"s3://{bucket.name}"}))
    assert code == 0, err
    assert memory < MOST_MEMORY and cpu < MOST_CPU_S
    texts = [out, err]
    for command in (
        *(("query", "SELECT * FROM files"), ("query", "SELECT * FROM tables"), ("query", "SELECT * FROM columns")),
        *(("inspect", f"s3://{bucket.name}"), ("jobs",), ("doctor",)),
    ):
        said = nuvyn(*command)
        assert said.code == 0, said.err
        texts += [said.out, said.err]
    # Nothing was written but the home: no key led anywhere else.
    assert {path.name for path in folder.iterdir()} == {"home"}
    return nuvyn, texts


@pytest.fixture(scope="module")
def rows(ran: tuple[Nuvyn, list[str]]) -> dict[str, dict[str, Any]]:
    return {row["file_path"]: row for row in ran[0].rows("SELECT file_path, status, row_count, table_name FROM files")}


@pytest.mark.parametrize("name", KEYS)
def test_a_key_is_stored_as_it_is_and_read(rows: dict[str, dict[str, Any]], name: str) -> None:
    row = rows[KEYS[name]]
    assert (row["status"], row["row_count"]) == ("read", 1)


def test_nothing_that_a_terminal_obeys_is_printed(ran: tuple[Nuvyn, list[str]]) -> None:
    for text in ran[1]:
        assert not (found := _CONTROL.search(text)), text[max(0, found.start() - 60) : found.end() + 60]


def test_an_export_has_each_key_and_no_formula(ran: tuple[Nuvyn, list[str]], tmp_path: Path) -> None:
    out = tmp_path / "files.csv"
    said = ran[0]("query", "SELECT file_path FROM files", "-f", "csv")
    assert said.code == 0, said.err
    out.write_text(said.out, newline="")
    with out.open(newline="") as file:
        cells = [row[0] for row in csv.reader(file)][1:]
    assert len(cells) == len(KEYS)
    assert not any(cell.startswith(("=", "@", "+", "-", "\t", "\r")) for cell in cells)
