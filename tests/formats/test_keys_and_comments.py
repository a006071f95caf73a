"""What a file says of a column besides its type gets as far as the mirror's rows, and is remembered."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tests.formats.test_containers import avro
from tests.pipeline import run


def test_keys_and_comments(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    with sqlite3.connect(database) as open_database:
        open_database.execute("CREATE TABLE t (a INTEGER, b TEXT, c TEXT, PRIMARY KEY (a, b))")
    open_database.close()
    fields = [{"name": "id", "type": "long", "doc": "who it is"}, {"name": "x", "type": "int"}]
    objects = {
        "x.db": database.read_bytes(),
        "y.avro": avro({"type": "record", "name": "R", "fields": fields}, [(1, b"\x02\x02")]),
    }
    first = run(objects)
    for ran in (first, run(objects, remembered=first.remembered)):
        assert [row["column_name"] for row in ran.rows["columns"] if row["is_primary_key"]] == ["a", "b"]
        assert {row["column_name"]: row["comment"] for row in ran.columns("y")} == {"id": "who it is", "x": None}
    assert first.rows["columns"] == ran.rows["columns"]
