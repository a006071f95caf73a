"""`nuvyn run --dry-run`: what a run would cost, with nothing read and nothing kept."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.command import Nuvyn, place
from tests.servers.objects import Bucket, ObjectServer

_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}


def _bucket(server: ObjectServer) -> Bucket:
    sink = io.BytesIO()
    pq.write_table(pa.table({"a": [1, 2]}), sink)
    lake = {f"t/day={n}/part.parquet": sink.getvalue() for n in range(30)}
    return server.bucket(lake | {"t/_SUCCESS": b"", "big.csv": b"a,b\n" + b"1,2\n" * 1_000})


def test_it_tells_what_a_run_then_does(tmp_path: Path, object_server: ObjectServer) -> None:
    bucket = _bucket(object_server)
    nuvyn = Nuvyn(tmp_path, _CREDENTIALS | {"AWS_ENDPOINT_URL": bucket.url})
    payload = nuvyn.payload({"s": place(bucket)})
    done = nuvyn("run", payload, "--dry-run", "--json")
    assert done.code == 0, done.err
    [told] = done.json()["sources"]
    assert (told["listed"], told["ignored"], told["to_read"], told["unchanged"]) == (32, 1, 31, 0)
    assert (bucket.counts["GET"], bucket.counts["LIST"]) == (0, told["list_requests"])
    assert not list(tmp_path.glob("mirror.duckdb"))
    assert nuvyn("jobs", "--json").json() in ([], {"jobs": []})

    ran = nuvyn("run", payload, "--json")
    requests = ran.last_json()["result_data"]["sources"][0]["requests"]
    assert requests["GET"] == told["get_requests"] == 31
    assert told["bytes"] == sum(map(len, bucket.objects.values()))
    assert told["seconds"] > 0

    again = nuvyn("run", payload, "--dry-run")
    assert "0 to read, 31 unchanged" in again.out
    assert "nothing was read" in again.out


def test_each_source_has_its_own_and_a_fault_is_its_sources(tmp_path: Path) -> None:
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "a.csv").write_text("x,y\n1,2\n")
    nuvyn = Nuvyn(tmp_path)
    database = f"sqlite:///{tmp_path}/none.db"
    payload = nuvyn.payload({"here": str(tmp_path / "lake"), "gone": str(tmp_path / "gone"), "base": database})
    done = nuvyn("run", payload, "--dry-run", "--json")
    assert done.code == 1
    here, gone, base = done.json()["sources"]
    assert (here["to_read"], here["bytes"]) == (1, 8)
    assert "gone" in gone["error"]["message"]
    assert "catalog" in base["note"]
    assert done.json()["total"]["to_read"] == 1
    shown = nuvyn("run", payload, "--dry-run")
    assert "all sources" in shown.out
    assert "error: " in shown.out
