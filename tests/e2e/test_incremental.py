"""A second run reads what changed and nothing else."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa
import pytest

from tests.command import Nuvyn, place
from tests.every_format import arrow_bytes, orc_bytes
from tests.every_format import lake as every_format
from tests.lakehouse.delta_log import table_bytes
from tests.servers.objects import Bucket, ObjectServer

PUBLIC = ("tables", "columns")


def lake(object_server: ObjectServer) -> Bucket:
    found = {f"orders/d={n}/part.csv": f"id,total\n{n},1\n".encode() for n in range(5)}
    found |= {
        "stock.json": b'[{"sku": "a", "count": 1}]',
        "logo.png": b"\x89PNG\r\n\x1a\n1234",
        "broken.json": b'[{"a":',
    }
    return object_server.bucket(found)


def snapshot(nuvyn: Nuvyn) -> dict[str, list[dict[str, Any]]]:
    rows = {table: nuvyn.rows(f"SELECT * FROM {table} ORDER BY ALL") for table in PUBLIC}
    rows["files"] = nuvyn.rows("SELECT * EXCLUDE (status) FROM files ORDER BY ALL")
    return rows


def counts(nuvyn: Nuvyn) -> dict[str, int]:
    rows = nuvyn.rows("SELECT status, count(*) AS n FROM files GROUP BY 1")
    return {row["status"]: row["n"] for row in rows}


def test_an_unchanged_source_costs_listing_only_and_gives_the_same_rows(
    nuvyn: Nuvyn, object_server: ObjectServer
) -> None:
    bucket = lake(object_server)
    payload = nuvyn.payload({"lake": place(bucket)})
    assert nuvyn("run", payload).code == 0
    assert bucket.counts == {"LIST": 1, "GET": 8}
    first = snapshot(nuvyn)
    bucket.counts.clear()
    assert nuvyn("run", payload).code == 0
    assert bucket.counts == {"LIST": 1}
    assert snapshot(nuvyn) == first
    assert counts(nuvyn) == {"unchanged": 6, "unknown": 1, "failed": 1}
    [run] = nuvyn.rows("SELECT * FROM executor_runs ORDER BY started_at DESC LIMIT 1")
    assert (run["files_read"], run["files_unchanged"], run["requests"]) == (0, 6, 1)
    assert nuvyn.rows("SELECT * FROM schema_changes") == []


def test_exactly_what_changed_is_read_and_the_change_is_recorded(nuvyn: Nuvyn, object_server: ObjectServer) -> None:
    bucket = lake(object_server)
    payload = nuvyn.payload({"lake": place(bucket)})
    assert nuvyn("run", payload).code == 0
    bucket.objects["orders/d=2/part.csv"] = b"id,total,note\n2,2.5,x\n3,1,y\n"
    bucket.objects["new.csv"] = b"a,b\n1,2\n"
    del bucket.objects["stock.json"]
    bucket.counts.clear()
    bucket.ranges.clear()
    assert nuvyn("run", payload).code == 0
    assert sorted(key for key, _ in bucket.ranges) == ["new.csv", "orders/d=2/part.csv"]
    assert counts(nuvyn) == {"read": 2, "unchanged": 4, "unknown": 1, "failed": 1}
    changes = nuvyn.rows(
        "SELECT table_name, column_name, change, old_value, new_value FROM schema_changes ORDER BY 1, 2"
    )
    assert [tuple(c.values()) for c in changes] == [
        ("new", None, "table_added", None, "csv"),
        ("orders", "note", "column_added", None, "string"),
        ("orders", "total", "type_changed", "bigint", "double"),
        ("stock", None, "table_removed", "json", None),
    ]
    assert nuvyn.rows("SELECT row_count FROM tables WHERE table_name = 'orders'") == [{"row_count": 6}]


def test_other_options_or_no_increment_read_all_again(nuvyn: Nuvyn, object_server: ObjectServer) -> None:
    bucket = lake(object_server)
    assert nuvyn("run", nuvyn.payload({"lake": place(bucket)})).code == 0
    for options in ({"incremental": False}, {"csv": {"header": True}}, {"sample_values": 2}):
        bucket.counts.clear()
        assert nuvyn("run", nuvyn.payload({"lake": place(bucket)}, options=options)).code == 0
        assert bucket.counts["GET"] == 8
    samples = nuvyn.rows("SELECT sample_values FROM columns WHERE table_name = 'orders' AND column_name = 'id'")
    assert samples == [{"sample_values": ["0", "1"]}]


def test_the_accounting_holds(nuvyn: Nuvyn, object_server: ObjectServer) -> None:
    bucket = lake(object_server)
    bucket.objects |= {"orders/_SUCCESS": b"", "x/": b"", ".hidden": b"1", "empty.csv": b""}
    ran = nuvyn("run", nuvyn.payload({"lake": place(bucket)}), "--json")
    meta = ran.last_json()["result_data"]["sources"][0]["metadata"]
    assert meta["listed"] == 12 == sum(meta["counts"].values())
    assert meta["files_found"] == 12 - meta["counts"]["ignored"] == 8
    assert meta["ignored"] == {"empty": 1, "folder placeholder": 1, "hidden": 1, "marker": 1}


def test_one_request_a_file_in_every_format_and_none_the_second_time(nuvyn: Nuvyn, object_server: ObjectServer) -> None:
    """What needs more: a file whose name promised a footer, and live files that their table's log does not count."""
    objects = every_format()
    bucket = object_server.bucket(objects)
    payload = nuvyn.payload({"lake": place(bucket)}, options={"row_counts": "metadata"})
    assert nuvyn("run", payload).code == 0
    first = snapshot(nuvyn)
    asked = Counter(key for key, _ in bucket.ranges)
    silent = ("empty.csv", "_SUCCESS", "db/duck.duckdb.wal", "delta/t/a b.parquet", "iceberg/t/data/x=1/a.parquet")
    assert asked == Counter(key for key in objects if key not in silent)
    bucket.counts.clear()
    assert nuvyn("run", payload).code == 0
    assert bucket.counts == {"LIST": 1}
    assert snapshot(nuvyn) == first


def test_one_request_a_large_file(nuvyn: Nuvyn, object_server: ObjectServer) -> None:
    """Each is larger than what is read of it at first; a footer larger than that costs a second request."""
    rows = pa.table({"id": range(300_000), "name": [f"name {at * 7919 % 1000003}" for at in range(300_000)]})
    wide = pa.table({f"column {at} {'x' * 60}": [1] for at in range(2_000)})
    lines = b"".join(b'{"id": %d, "name": "n%d"}\n' % (at, at) for at in range(100_000))
    bucket = object_server.bucket(
        {
            "a/x.parquet": table_bytes(rows, compression="none"),
            "b/x.orc": orc_bytes(rows),
            "c/x.feather": arrow_bytes(rows.slice(0, 150_000)),
            "d/x.csv": b"id,name\n" + b"".join(b"%d,n%d\n" % (at, at) for at in range(200_000)),
            "e/x.ndjson": lines,
            "f/wide.parquet": table_bytes(wide),
        }
    )
    assert min(map(len, bucket.objects.values())) > 100_000
    assert nuvyn("run", nuvyn.payload({"lake": place(bucket)}, options={"row_counts": "metadata"})).code == 0
    asked = Counter(key for key, _ in bucket.ranges)
    assert asked == dict.fromkeys(bucket.objects, 1) | {"f/wide.parquet": 2}
    counts = {row["table_name"]: row["row_count"] for row in nuvyn.rows("SELECT table_name, row_count FROM tables")}
    assert [counts[name] for name in ("a/x", "b/x", "c/x", "f/wide")] == [300_000, 300_000, 150_000, 1]
    assert counts["d/x"] == pytest.approx(200_000, rel=0.15) and counts["e/x"] == pytest.approx(100_000, rel=0.15)
