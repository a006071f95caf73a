"""File name endings: which belong to a format rather than to a table's name."""

from __future__ import annotations

from functools import lru_cache

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
    name = key.rfind("/") + 1
    dot = key.find(".", name)
    if dot < 0:
        return key
    left = len(key) - _ending(key[dot:])
    return key[:left] if left > name else key


@lru_cache(maxsize=4_096)
def _ending(text: str) -> int:
    """How long the known endings of a text are together; the files of a table mostly end alike."""
    lower = text.lower()
    bare = _strip(_strip(lower, COMPRESSIONS), _DATA)
    return len(lower) - len(bare)


def _strip(lower: str, endings: tuple[str, ...]) -> str:
    ending = next((ending for ending in endings if lower.endswith(ending)), "")
    return lower.removesuffix(ending)
