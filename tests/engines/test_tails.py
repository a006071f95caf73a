"""Large footers: one request a file once the first of a table has told how large they are."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core.engines.tails import Tails
from tests.pipeline import DictStore, run


def _wide(columns: int) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({f"a_rather_long_name_of_column_{n:05}": [1] for n in range(columns)}), sink)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def test_only_the_first_file_of_a_table_costs_a_second_request(tmp_path: Path) -> None:
    data = _wide(2_000)
    assert len(data) > 128 << 10
    lake = {f"wide/day={n}/part.parquet": data for n in range(10)} | {
        f"slim/day={n}/part.parquet": _wide(3) for n in range(4)
    }
    store = DictStore(lake)
    ran = run(store, max_concurrency=1)
    assert ran.tables["wide"]["file_count"] == 10
    assert store.requests["GET"] == 10 + 1 + 4


def test_what_is_read_first_never_begins_before_the_file_or_shrinks() -> None:
    tails = Tails()
    tails.learn("t/day=1/a.parquet", 200_000)
    tails.learn("t/day=1/b.parquet", 100_000)
    assert tails.lengthened("t/day=2/c.parquet", (434_464, 500_000)) == (300_000, 500_000)
    assert tails.lengthened("t/day=2/d.parquet", (34_464, 100_000)) == (0, 100_000)
    assert tails.lengthened("other/e.parquet", (434_464, 500_000)) == (434_464, 500_000)
    assert tails.lengthened("t/day=2/f.csv", (0, 65_536)) == (0, 65_536)


def test_a_footer_too_large_to_read_of_every_file_is_not_learnt() -> None:
    tails = Tails()
    tails.learn("t/a.parquet", 64 << 20)
    assert tails.lengthened("t/b.parquet", (900, 1_000)) == (900, 1_000)
