"""The queries of the metadata schema's users, to the letter but for the workflow id, over a two-source run."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.command import Nuvyn

WORKFLOW_SOURCES = """
-- Get all sources in a workflow
SELECT 
    s.workflow_id,
    s.source_id,
    s.source_path,
    s.source_type,
    s.extraction_timestamp,
    s.files_found,
    COUNT(DISTINCT t.table_name) as table_count,
    COUNT(c.column_name) as total_columns
FROM hive_metastore._executor_metadata.sources s
LEFT JOIN hive_metastore._executor_metadata.tables t 
    ON s.workflow_id = t.workflow_id AND s.source_id = t.source_id
LEFT JOIN hive_metastore._executor_metadata.columns c 
    ON t.workflow_id = c.workflow_id 
    AND t.source_id = c.source_id 
    AND t.table_name = c.table_name
WHERE s.workflow_id = 'retail'
GROUP BY s.workflow_id, s.source_id, s.source_path, s.source_type, s.extraction_timestamp, s.files_found
ORDER BY s.source_id;
"""  # noqa: W291 - to the letter
SOURCE_COLUMNS = """
-- Get metadata for a specific source
SELECT 
    c.workflow_id,
    c.source_id,
    c.table_name,
    c.column_name,
    c.data_type,
    c.position,
    c.is_nullable
FROM hive_metastore._executor_metadata.columns c
WHERE c.workflow_id = 'retail'
  AND c.source_id = 'amazon_data'
ORDER BY c.table_name, c.position;
"""  # noqa: W291 - to the letter
COMPARE = """
-- Compare table counts across sources
SELECT 
    source_id,
    COUNT(DISTINCT table_name) as table_count,
    COUNT(column_name) as column_count,
    SUM(CASE WHEN is_nullable THEN 1 ELSE 0 END) as nullable_columns
FROM hive_metastore._executor_metadata.columns
WHERE workflow_id = 'retail'
GROUP BY source_id
ORDER BY source_id;
"""  # noqa: W291 - to the letter
STORED = """
-- Check all sources were stored
SELECT workflow_id, source_id, source_path, extraction_timestamp
FROM hive_metastore._executor_metadata.sources
WHERE workflow_id = 'retail'
ORDER BY source_id;
"""
TABLE_COLUMNS = """
-- Get all columns for amazon_data source
SELECT 
    table_name,
    column_name,
    data_type,
    position
FROM hive_metastore._executor_metadata.columns
WHERE workflow_id = 'retail'
  AND source_id = 'amazon_data'
ORDER BY table_name, position;
"""  # noqa: W291 - to the letter


@pytest.fixture
def retail(nuvyn: Nuvyn, tmp_path: Path) -> Nuvyn:
    """Two sources: one of a Parquet and a CSV table, one of a partitioned JSON table."""
    amazon, ebay = tmp_path / "amazon", tmp_path / "ebay"
    for folder in (amazon, ebay / "bids/day=1", ebay / "bids/day=2"):
        folder.mkdir(parents=True)
    schema = pa.schema([pa.field("id", pa.int64(), nullable=False), pa.field("price", pa.decimal128(8, 2))])
    pq.write_table(pa.table({"id": [1, 2], "price": [None, None]}, schema=schema), amazon / "orders.parquet")
    (amazon / "stock.csv").write_text("sku,count\n007,5\n008,6\n")
    (ebay / "bids/day=1/bids.json").write_text('{"bid": 1}\n{"bid": 2}\n')
    (ebay / "bids/day=2/bids.json").write_text('{"bid": 3, "by": "x"}\n')
    payload = nuvyn.payload({"amazon_data": str(amazon), "ebay_data": str(ebay)}, workflow="retail")
    assert nuvyn("run", payload).code == 0
    return nuvyn


def test_each_query_gives_what_the_files_hold(retail: Nuvyn, tmp_path: Path) -> None:
    amazon, ebay = retail.rows(WORKFLOW_SOURCES)
    assert (amazon["source_id"], amazon["files_found"], amazon["table_count"], amazon["total_columns"]) == (
        "amazon_data",
        2,
        2,
        4,
    )
    assert (ebay["source_id"], ebay["files_found"], ebay["table_count"], ebay["total_columns"]) == (
        "ebay_data",
        2,
        1,
        3,
    )
    assert (amazon["source_path"], amazon["source_type"]) == (str(tmp_path / "amazon"), "local_filesystem")

    found = [
        (r["table_name"], r["column_name"], r["data_type"], r["position"], r["is_nullable"])
        for r in retail.rows(SOURCE_COLUMNS)
    ]
    assert found == [
        ("orders", "id", "bigint", 0, False),
        ("orders", "price", "decimal(8,2)", 1, True),
        ("stock", "sku", "string", 0, True),
        ("stock", "count", "bigint", 1, True),
    ]
    assert [
        (r["source_id"], r["table_count"], r["column_count"], r["nullable_columns"]) for r in retail.rows(COMPARE)
    ] == [
        ("amazon_data", 2, 4, 3),
        ("ebay_data", 1, 3, 3),
    ]
    assert [r["source_id"] for r in retail.rows(STORED)] == ["amazon_data", "ebay_data"]
    assert [(r["table_name"], r["column_name"]) for r in retail.rows(TABLE_COLUMNS)] == [f[:2] for f in found]


def test_saved_queries_answer_the_same(retail: Nuvyn) -> None:
    saved = retail("query", "--saved", "compare-sources", "--workflow", "retail", "--json").json()
    assert saved == retail.rows(COMPARE)
    for name in ("sources", "verify-sources", "failures", "changes", "accounting"):
        assert retail("query", "--saved", name, "--workflow", "retail").code == 0
    for name in ("source-columns", "table-columns"):
        assert retail("query", "--saved", name, "--workflow", "retail", "--source", "amazon_data").code == 0
    assert "needs a workflow" in retail("query", "--saved", "sources").err


def test_results_can_be_written_in_every_form(retail: Nuvyn, tmp_path: Path) -> None:
    sql = "SELECT table_name, row_count FROM tables ORDER BY 1"
    assert retail("query", sql, "-f", "csv").out == "table_name,row_count\nbids,3\norders,2\nstock,2\n"
    assert retail("query", sql, "-f", "table").out.split() == [
        "table_name",
        "row_count",
        "bids",
        "3",
        "orders",
        "2",
        "stock",
        "2",
    ]
    target = tmp_path / "out.parquet"
    assert retail("query", sql, "-o", str(target)).code == 0
    assert pq.read_table(target).column("row_count").to_pylist() == [3, 2, 2]


def test_the_whole_mirror_can_be_exported(retail: Nuvyn, tmp_path: Path) -> None:
    assert retail("export", str(tmp_path / "out"), "-f", "csv").code == 0
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        f"{name}.csv" for name in ("sources", "tables", "columns", "files", "executor_runs", "schema_changes")
    }
    assert len((tmp_path / "out/columns.csv").read_text().splitlines()) == 1 + 7
