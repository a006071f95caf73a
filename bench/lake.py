"""Lakes to measure on, made from their names: `lake-FILES-TABLES` and `keys-COUNT-FOLDERS`.

A lake's tables have a schema each, and partition folders by day. Files of one table differ in their rows and
statistics, as real ones do: the footers are of one schema, not the same. A file is larger than the piece of it that
is read.
"""

from __future__ import annotations

import io
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

VARIANTS = 4
"""Different files of a table; the others repeat them."""
_FEWEST_ROWS = 1_000
_ROW_BYTES = 160
_COLUMNS = 14
_FOLDER_FILES = 25


@dataclass(frozen=True)
class Container:
    """Keys in order, and what lies there; `read` gives None for a key that isn't there."""

    keys: list[str]
    size: Callable[[str], int]
    read: Callable[[str], bytes | None]


def container(name: str) -> Container | None:
    """What a name stands for; None when it stands for nothing."""
    found = re.fullmatch(r"(lake|keys)-(\d+)-(\d+)", name)
    if found is None:
        return None
    count, parts = int(found[2]), int(found[3])
    return _lake(count, parts) if found[1] == "lake" else _plain(count, parts)


def rows(files: int, tables: int) -> int:
    """All rows of a lake."""
    return sum(_rows(at % tables, at // tables % VARIANTS) for at in range(files))


def write(folder: Path, files: int, tables: int) -> None:
    """The same lake as files in a folder."""
    lake = _lake(files, tables)
    for key in lake.keys:
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(lake.read(key) or b"")


def _lake(files: int, tables: int) -> Container:
    bodies = [[parquet(table, variant) for variant in range(VARIANTS)] for table in range(tables)]
    keys: list[str] = []
    # What a key holds can be told from it, so nothing is kept for one but its text.
    for at in range(files):
        table, nth = at % tables, at // tables
        day = nth // _FOLDER_FILES
        keys.append(
            f"warehouse/db{table % 10}/table_{table:04}/day=2025-{day // 28 % 12 + 1:02}-{day % 28 + 1:02}/"
            f"part-{nth:06}-{nth % VARIANTS}.snappy.parquet"
        )
    keys.sort()

    def read(key: str) -> bytes | None:
        found = re.search(r"/table_(\d{4})/.*-(\d)\.snappy\.parquet$", key)
        return bodies[int(found[1])][int(found[2])] if found else None

    return Container(keys, lambda key: len(read(key) or b""), read)


def parquet(table: int, variant: int) -> bytes:
    """One file of a table, larger than 100 KiB; `variant` gives it its own rows."""
    dice = random.Random(table * VARIANTS + variant)
    count = _rows(table, variant)
    columns: dict[str, pa.Array] = {
        f"id_{table}": pa.array(range(variant, count + variant)),
        "payload": pa.array([dice.randbytes(_ROW_BYTES) for _ in range(count)]),
    }
    for nth in range(_COLUMNS - 2):
        columns[f"column_{nth}"] = (
            pa.array([dice.random() for _ in range(count)]) if nth % 2 else pa.array([f"value {nth}"] * count)
        )
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, compression="snappy", row_group_size=500)
    return out.getvalue()


def _rows(table: int, variant: int) -> int:
    return _FEWEST_ROWS + 10 * (table % 10) + variant


def _plain(count: int, folders: int) -> Container:
    keys = sorted(f"events/source={at % folders:04}/{at // folders:08}-2f1c77aa90.bin" for at in range(count))
    known = set(keys)
    return Container(keys, lambda key: 100, lambda key: b"\0" * 100 if key in known else None)
