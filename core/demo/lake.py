"""A small lake for trying nuvyn: made-up shop data with the faults that real lakes have.

The same seed gives the same data. Three sources: a shop's exports (drift, partitions, a broken
file), a web site's events (nested JSON, compressed, by date), and a finance folder (other
delimiters, decimals, a lakehouse table, a file whose name lies).
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

SOURCES = ("shop", "web", "finance")
WORKFLOW = "demo"

_SEED = 20_240_131
_CITIES = ("Aarhus", "Bergen", "Göteborg", "Kraków", "Lyon", "Porto", "Turin", "Zürich")
_PRODUCTS = ("kettle", "lamp", "desk, oak", "mug", "chair", "rug 2x3", 'clock 12"', "shelf")
_PAGES = ("/", "/search", "/cart", "/checkout", "/help")


def make_lake(folder: Path) -> dict[str, Any]:
    """Write the lake below `folder` and return the payload that reads it."""
    dice = random.Random(_SEED)  # noqa: S311 - data to look at, not a secret
    _shop(folder / "shop", dice)
    _web(folder / "web", dice)
    _finance(folder / "finance", dice)
    return {
        "job_type": "metadata_extraction",
        "workflow_id": WORKFLOW,
        "sources": [
            {
                "source_id": name,
                "data_source_path": str(folder / name),
                "data_source_type": "local_filesystem",
            }
            for name in SOURCES
        ],
    }


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _csv(header: list[str], rows: list[list[Any]], delimiter: str = ",") -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def _parquet(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def _shop(root: Path, dice: random.Random) -> None:
    """Customers, products, orders by year and month (a column appears later), price lists."""
    customers = [
        [n, f"Customer {n}", dice.choice(_CITIES), f"{dice.randrange(10_000):05d}", date(1960 + n % 45, 1 + n % 12, 3)]
        for n in range(1, 501)
    ]
    _put(root / "customers.csv", _csv(["customer_id", "name", "city", "postcode", "born"], customers))
    _put(root / "products.json", json.dumps(
        [{"sku": f"P{n:03d}", "name": name, "price": 5 + n * 1.5, "tags": ["home", name.split(" ")[0]]}
         for n, name in enumerate(_PRODUCTS)], indent=2).encode())  # fmt: skip
    for year, month in ((2023, 11), (2023, 12), (2024, 1), (2024, 2)):
        _put(
            root / f"orders/year={year}/month={month:02d}/part-00000.parquet",
            _parquet(_orders(dice, year, month, with_coupon=year == 2024)),
        )
    _put(root / "orders/_SUCCESS", b"")
    whole = _parquet(_orders(dice, 2024, 3, with_coupon=True))
    _put(root / "orders/year=2024/month=03/part-00000.parquet", whole[: len(whole) // 2])
    for month in (1, 2, 3):
        prices = [[f"P{n:03d}", 5 + n + (0.25 * month if month > 1 else 0)] for n in range(len(_PRODUCTS))]
        _put(root / f"prices/prices_2024-{month:02d}.csv", _csv(["sku", "price"], prices))


def _orders(dice: random.Random, year: int, month: int, *, with_coupon: bool) -> pa.Table:
    count = dice.randrange(800, 1200)
    first = datetime(year, month, 1)
    columns: dict[str, pa.Array] = {
        "order_id": pa.array(range(year * 100_000 + month * 2_000, year * 100_000 + month * 2_000 + count), pa.int64()),
        "customer_id": pa.array([dice.randrange(1, 501) for _ in range(count)], pa.int32()),
        "ordered_at": pa.array(
            [first + timedelta(seconds=dice.randrange(27 * 86_400)) for _ in range(count)], pa.timestamp("us", "UTC")
        ),
        "total": pa.array([Decimal(dice.randrange(500, 90_000)) / 100 for _ in range(count)], pa.decimal128(10, 2)),
    }
    if with_coupon:
        columns["coupon"] = pa.array([dice.choice([None, "WELCOME", "SPRING"]) for _ in range(count)], pa.string())
    schema = pa.schema([pa.field(n, a.type, nullable=n != "order_id") for n, a in columns.items()])
    return pa.table(columns, schema=schema)


def _web(root: Path, dice: random.Random) -> None:
    """Click events, a compressed NDJSON file a day; sessions with nested devices; a broken file."""
    for day in range(1, 6):
        events = [
            {
                "ts": datetime(2024, 1, day, dice.randrange(24), dice.randrange(60)).isoformat(),
                "user": dice.randrange(1, 501),
                "page": dice.choice(_PAGES),
                "device": {"os": dice.choice(["ios", "android", "linux"]), "width": dice.choice([390, 1280])},
            }
            for _ in range(dice.randrange(300, 500))
        ]
        if day > 3:
            events = [event | {"experiment": dice.choice(["a", "b"])} for event in events]
        lines = "\n".join(json.dumps(event) for event in events) + "\n"
        _put(root / f"events/2024/01/{day:02d}/events.ndjson.gz", gzip.compress(lines.encode(), mtime=0))
    sessions = "\n".join(
        json.dumps({"session": f"s{n}", "pages": dice.sample(_PAGES, 3), "seconds": dice.random() * 600})
        for n in range(250)
    )
    _put(root / "sessions.jsonl", sessions.encode())
    _put(root / "broken.json", b'[{"session": "s1"}, {"session": ')
    _put(root / "logo.png", b"\x89PNG\r\n\x1a\n" + dice.randbytes(200))


def _finance(root: Path, dice: random.Random) -> None:
    """A ledger with semicolons and decimal commas, rates, a Delta table, and a Parquet file named .csv."""
    ledger = [
        [f"{n:06d}", f"{dice.randrange(1, 29):02d}.01.2024", f"{dice.randrange(1, 90_000) / 100:.2f}".replace(".", ",")]
        for n in range(400)
    ]
    _put(root / "ledger 2024.csv", _csv(["Beleg", "Datum", "Betrag"], ledger, delimiter=";"))
    rates = [[day, dice.choice(["EUR", "NOK", "SEK"]), round(dice.random() * 12, 4)] for day in range(1, 101)]
    _put(root / "rates.tsv.bz2", bz2.compress(_csv(["day", "currency", "rate"], rates, delimiter="\t")))
    table = pa.table({"account": pa.array([1, 2, 3], pa.int64()), "owner": ["ops", "it", None]})
    _put(root / "accounts.csv", _parquet(table))
    _delta(root / "budget", dice)


def _delta(root: Path, dice: random.Random) -> None:
    """A Delta table of two commits: the second one removes the first one's file."""
    fields = [
        {"name": n, "type": t, "nullable": True, "metadata": {}} for n, t in (("unit", "string"), ("cents", "long"))
    ]
    make: Callable[[int], bytes] = lambda count: _parquet(  # noqa: E731
        pa.table({"unit": [f"unit {n}" for n in range(count)], "cents": [dice.randrange(10**6) for _ in range(count)]})
    )
    files = {"part-00000-a.snappy.parquet": make(40), "part-00000-b.snappy.parquet": make(60)}
    for name, data in files.items():
        _put(root / name, data)
    add = [
        {"add": {"path": name, "partitionValues": {}, "size": len(data), "modificationTime": 0, "dataChange": True,
                 "stats": json.dumps({"numRecords": count})}}
        for (name, data), count in zip(files.items(), (40, 60), strict=True)
    ]  # fmt: skip
    schema = json.dumps({"type": "struct", "fields": fields})
    start: list[dict[str, Any]] = [
        {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
        {"metaData": {"id": "budget", "format": {"provider": "parquet", "options": {}}, "schemaString": schema,
                      "partitionColumns": [], "configuration": {}, "createdTime": 0}},
        add[0],
    ]  # fmt: skip
    remove = {"remove": {"path": "part-00000-a.snappy.parquet", "deletionTimestamp": 0, "dataChange": True}}
    for version, actions in enumerate((start, [remove, add[1]])):
        log = "".join(json.dumps(action) + "\n" for action in actions)
        _put(root / f"_delta_log/{version:020d}.json", log.encode())
