"""What others do to know rows and columns of a lake's Parquet files: the peers of `peers.py` and `listings.py`,
each by its usual means.

`python bench/readers.py PEER CONTAINER` finds the object server by the environment (`AWS_ENDPOINT_URL`,
`AZURE_STORAGE_CONNECTION_STRING`) and prints the files and rows it found. Where a library has a faster way,
that is what is measured; each peer runs in a process of its own, so imports count as they do for nuvyn.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

_TAIL = 64 << 10
_AT_ONCE = 64


def naive(filesystem: Any, container: str) -> tuple[int, int]:
    """One file after another, as a loop over `find` does it."""
    import pyarrow.parquet as pq

    paths = filesystem.find(container)
    rows = 0
    for path in paths:
        with filesystem.open(path) as file:
            meta = pq.read_metadata(file)
            meta.schema.to_arrow_schema()
            rows += meta.num_rows
    return len(paths), rows


def s3fs(container: str) -> tuple[int, int]:
    """s3fs with `find` and `open`."""
    return naive(_s3fs(), container)


def s3fs_find(container: str) -> tuple[int, int]:
    """What `find` of s3fs lists."""
    return len(_s3fs().find(container)), 0


def adlfs(container: str) -> tuple[int, int]:
    """adlfs with `find` and `open`."""
    return naive(_adlfs(), container)


def adlfs_find(container: str) -> tuple[int, int]:
    """What `find` of adlfs lists."""
    return len(_adlfs().find(container)), 0


def _s3fs() -> Any:
    import s3fs

    return s3fs.S3FileSystem(endpoint_url=os.environ["AWS_ENDPOINT_URL"])


def _adlfs() -> Any:
    import adlfs

    return adlfs.AzureBlobFileSystem(connection_string=os.environ["AZURE_STORAGE_CONNECTION_STRING"])


def pyarrow(container: str) -> tuple[int, int]:
    """A dataset of all files: the schema over all of them, and the rows."""
    import pyarrow.dataset as ds
    from pyarrow import fs

    endpoint = urlsplit(os.environ["AWS_ENDPOINT_URL"])
    found = ds.FileSystemDatasetFactory(
        fs.S3FileSystem(endpoint_override=endpoint.netloc, scheme="http", region="us-east-1"),
        fs.FileSelector(container, recursive=True),
        ds.ParquetFileFormat(),
    ).finish()
    return len(found.files), found.count_rows()


def polars(container: str) -> tuple[int, int]:
    """A lazy frame for each table, whose schema is asked for, and its rows."""
    import polars as pl

    options = {"aws_endpoint_url": os.environ["AWS_ENDPOINT_URL"], "aws_allow_http": "true", "aws_region": "us-east-1"}
    options |= {
        "aws_access_key_id": os.environ["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": os.environ["AWS_SECRET_ACCESS_KEY"],
    }
    files, tables = map(int, container.split("-")[1:])
    rows = 0
    for at in range(tables):
        path = f"s3://{container}/warehouse/db{at % 10}/table_{at:04}/**/*.parquet"
        frame = pl.scan_parquet(path, storage_options=options, hive_partitioning=True)
        frame.collect_schema()
        rows += frame.select(pl.len()).collect().item()
    return files, rows


def duckdb_metadata(container: str) -> tuple[int, int]:
    """DuckDB's own table function for footers."""
    glob = f"s3://{container}/**/*.parquet"
    [(files, rows)] = _duckdb().sql(f"SELECT count(*), sum(num_rows) FROM parquet_file_metadata('{glob}')").fetchall()
    return files, rows


def duckdb_union(container: str) -> tuple[int, int]:
    """DuckDB reading all footers for a union by name, with 32 threads."""
    connection = _duckdb()
    connection.execute("SET threads = 32")
    glob = f"s3://{container}/**/*.parquet"
    [(rows,)] = connection.sql(f"SELECT count(*) FROM read_parquet('{glob}', union_by_name = true)").fetchall()
    return int(container.split("-")[1]), rows


def obstore(container: str) -> tuple[int, int]:
    """obstore alone: list, and one ranged GET a file, 64 at once; nothing is done with what comes."""
    import asyncio

    import obstore
    import uvloop
    from obstore.store import S3Store

    store = S3Store(
        container,
        endpoint=os.environ["AWS_ENDPOINT_URL"],
        region="us-east-1",
        client_options={"allow_http": True},
        virtual_hosted_style_request=False,
    )

    async def run() -> int:
        found = [(each["path"], each["size"]) for page in obstore.list(store) for each in page]
        left = iter(found)

        async def work() -> None:
            for path, size in left:
                await obstore.get_range_async(store, path, start=max(0, size - _TAIL), end=size)

        await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
        return len(found)

    return uvloop.run(run()), 0


def _duckdb() -> Any:
    import duckdb

    connection = duckdb.connect()
    try:
        connection.execute("INSTALL httpfs; LOAD httpfs")
    except duckdb.Error:
        # Where there is no internet: the extension as a package.
        from duckdb_extensions import import_extension

        import_extension("httpfs", con=connection)
        connection.execute("LOAD httpfs")
    endpoint = urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc
    connection.execute(
        "CREATE SECRET (TYPE s3, KEY_ID $key, SECRET $secret, REGION 'us-east-1', ENDPOINT $endpoint,"
        " URL_STYLE 'path', USE_SSL false)".replace("$key", f"'{os.environ['AWS_ACCESS_KEY_ID']}'")
        .replace("$secret", f"'{os.environ['AWS_SECRET_ACCESS_KEY']}'")
        .replace("$endpoint", f"'{endpoint}'")
    )
    return connection


PEERS: dict[str, Callable[[str], tuple[int, int]]] = {
    "s3fs": s3fs,
    "adlfs": adlfs,
    "pyarrow": pyarrow,
    "polars": polars,
    "duckdb": duckdb_metadata,
    "duckdb-union": duckdb_union,
    "obstore": obstore,
}
FINDERS: dict[str, Callable[[str], tuple[int, int]]] = {"s3fs-find": s3fs_find, "adlfs-find": adlfs_find}

if __name__ == "__main__":
    print(*(PEERS | FINDERS)[sys.argv[1]](sys.argv[2]))
