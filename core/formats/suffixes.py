"""File name endings: which belong to a format rather than to a table's name."""

from __future__ import annotations

COMPRESSIONS = (".gz", ".gzip", ".zst", ".zstd", ".bz2")
_DATA = (
    ".parquet",
    ".parq",
    ".pq",
    ".csv",
    ".tsv",
    ".psv",
    ".txt",
    ".tab",
    ".dat",
    ".tbl",
    ".json",
    ".ndjson",
    ".jsonl",
    ".geojson",
    ".geojsonl",
    ".avro",
    ".orc",
    ".arrow",
    ".feather",
    ".ipc",
    ".arrows",
    ".xlsx",
    ".xls",
    ".xlsb",
    ".xlsm",
    ".ods",
    ".db",
    ".sqlite",
    ".sqlite3",
    ".db3",
    ".s3db",
    ".gpkg",
    ".duckdb",
    ".ddb",
)


def strip_suffix(key: str) -> str:
    """A key without its compression's and its format's ending: `a/b.csv.gz` becomes `a/b`.

    Only a known ending goes, and never the whole name.
    """
    bare = _strip(_strip(key, COMPRESSIONS), _DATA)
    return bare if not bare.endswith("/") and bare else key


def _strip(key: str, endings: tuple[str, ...]) -> str:
    lower = key.lower()
    if lower.endswith(endings):
        return key[: -next(len(ending) for ending in endings if lower.endswith(ending))]
    return key
