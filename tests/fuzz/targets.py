"""What is fuzzed: functions of any bytes that raise when an answer is not one that nuvyn may give.

An answer is a job or problems, a place or a designed error, a table or a file's error. Anything else (another
exception, text that no database stores, a type that is none, a range outside the file, minutes of work) is a finding.
"""

from __future__ import annotations

import gzip
import json
import re
import struct
import time
from collections.abc import Callable, Mapping

from core import secrets
from core.catalog import DataFile, FileReading
from core.csv_options import CsvOptions
from core.datatypes import spark
from core.engines.base import Outcome
from core.engines.file_steps import Apart, Given, advance, file_steps
from core.engines.tails import Tails
from core.errors import FileError, NuvynError
from core.formats.base import ReadOptions
from core.lakehouse.base import Account, Folder
from core.lakehouse.registry import READERS
from core.lakehouse.sound import sound
from core.payload.load import check, parse
from core.payload.models import SOURCE_TYPES
from core.payload.problems import Checked
from core.sources.locations import locate
from tests.lakehouse import delta_log, iceberg_files

MOST_CPU_S = 5.0
"""Of one input of at most `MOST_BYTES`."""
MOST_BYTES = 64 << 10
_MOST_STEPS = 10_000


def payload(data: bytes) -> None:
    """A payload's text."""
    with secrets.passing_secrets():
        answered(parse(data.decode("utf-8", "surrogateescape")))


def answered(checked: Checked) -> None:
    """A payload's check is a job or errors; what is stored of a job is itself a payload of the same job."""
    assert (checked.job is None) == bool(checked.errors)
    assert all(problem.message for problem in checked.problems)
    if checked.job is None:
        return
    job = checked.job
    assert job.workflow_id.strip()
    assert job.sources
    assert len({source.source_id for source in job.sources}) == len(job.sources)
    stored = json.loads(json.dumps(job.masked(), allow_nan=False).encode())
    again = check(stored).accepted()
    assert [s.source_id for s in again.sources] == [s.source_id for s in job.sources]
    assert again.masked() == stored


def location(data: bytes) -> None:
    """A source type (the first byte) and a path."""
    kind = SOURCE_TYPES[data[0] % len(SOURCE_TYPES)] if data else "auto"
    with secrets.passing_secrets():
        _placed(data[1:].decode("utf-8", "surrogateescape"), kind)


def _placed(path: str, kind: str) -> None:
    try:
        found = locate(path, kind, environ={"NAME": "value"})
    except NuvynError as error:
        assert error.message
        return
    assert found.shown
    for name, secret in found.secrets.items():
        # Of a signed URL only the signature is secret; and what is short is as likely part of a name.
        hidden = re.findall(r"(?:^|[&;])sig=([^&;]+)", secret) if name == "sas" else [secret]
        assert not any(len(part) >= 8 and found.shown.count(part) >= path.count(part) > 0 for part in hidden), name
    signed = re.search(r"[?&]X-Amz-Signature=(\w{8,})", path)
    assert signed is None or found.shown.count(signed[1]) < path.count(signed[1])
    # What is shown is what is stored, and stays what it is when it is masked again.
    assert secrets.mask_url(found.shown) == found.shown


def csv(data: bytes) -> None:
    """A CSV file; the first byte chooses how it is read."""
    how, data = data[:1] or b"\0", data[1:]
    options = ReadOptions(
        row_counts="exact" if how[0] & 1 else "metadata",
        sample_values=3 if how[0] & 2 else 0,
        sample_bytes=64 if how[0] & 4 else 1 << 20,
        only="csv" if how[0] & 8 else None,
        csv=CsvOptions(header=bool(how[0] & 32)) if how[0] & 16 else CsvOptions(),
    )
    _file("x.tsv" if how[0] & 64 else "x.csv", data, options)


def packed(data: bytes) -> None:
    """A compressed file: as it is, and what it would hold packed by gzip."""
    for suffix in ("gz", "zst", "bz2"):
        _file(f"x.csv.{suffix}", data, ReadOptions(sample_values=3))
    _file("x.json.gz", gzip.compress(data, 1, mtime=0), ReadOptions(row_counts="exact"))


def jsons(data: bytes) -> None:
    """JSON: one value, or a line each; the first byte chooses how it is read."""
    how, data = data[:1] or b"\0", data[1:]
    options = ReadOptions(
        row_counts="exact" if how[0] & 1 else "metadata",
        sample_values=3 if how[0] & 2 else 0,
        sample_bytes=64 if how[0] & 4 else 1 << 20,
    )
    _file("x.ndjson" if how[0] & 8 else "x.json", data, options)


def footer(data: bytes) -> None:
    """Files whose schema is in a footer or header: the first byte names the format, the rest is all of the file.

    With its highest bit set the rest is the footer only, and the file around it is sound.
    """
    how, data = (data[0], data[1:]) if data else (0, b"")
    suffix = ("parquet", "orc", "avro", "arrow", "arrows")[how % 8 % 5]
    options = ReadOptions(row_counts="exact" if how & 16 else "metadata")
    _file(f"x.{suffix}", _around(suffix, data) if how & 128 else data, options)


def log(data: bytes) -> None:
    """A lakehouse table's log, of which the first byte says the kind and the part that the rest is."""
    how, data = (data[0], data[1:]) if data else (0, b"")
    kind, objects = _LOGS[how % len(_LOGS)](data)
    key = next(iter(objects))
    root = key.partition("/")[0]
    files = {key: DataFile(key, len(data)) for key, data in objects.items()}
    marks = {"delta": "_delta_log/", "iceberg": "metadata/", "hudi": ".hoodie/"}
    logs = tuple(file for key, file in files.items() if key.startswith(f"{root}/{marks[kind]}"))
    with _InTime():
        try:
            account = sound(_replayed(kind, Folder(root, kind, files, logs), objects))
        except FileError as error:
            _sound(error.message)
            return
    for column in account.columns:
        _sound(column.name, column.native_type or "", column.comment or "")
        assert str(spark.parse(column.type)) == column.type
    _sound(account.comment or "", *account.warnings, *account.properties, *account.properties.values())
    json.dumps(dict(account.properties)).encode()
    for live in account.files or ():
        assert live.key is None or live.key in files
        assert live.rows is None or live.rows >= 0
    assert account.rows is None or account.rows >= 0


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "payload": payload,
    "location": location,
    "csv": csv,
    "packed": packed,
    "json": jsons,
    "footer": footer,
    "log": log,
}


class _InTime:
    """Fails when what is inside took more CPU than one input may."""

    def __enter__(self) -> None:
        self._began = time.thread_time()

    def __exit__(self, *_: object) -> None:
        took = time.thread_time() - self._began
        assert took < MOST_CPU_S, f"{took:.1f} s of CPU"


def _file(key: str, data: bytes, options: ReadOptions) -> None:
    with _InTime():
        outcome = _outcome(key, data, options)
    if outcome.error is not None:
        _sound(outcome.error)
    if outcome.reading is not None:
        _sensible(outcome.reading)


def _outcome(key: str, data: bytes, options: ReadOptions) -> Outcome:
    steps = file_steps(DataFile(key, len(data)), options, Tails())
    given: Given | None = None
    for _ in range(_MOST_STEPS):
        wanted = advance(steps, given)
        if isinstance(wanted, Outcome):
            return wanted
        if isinstance(wanted, Apart):
            # A workbook or a database by its first bytes: read in another process, and not here.
            return Outcome(wanted.format.name)
        start, end = wanted
        assert 0 <= start <= end <= len(data), wanted
        given = data[start:end]
    raise AssertionError("it reads without end")


def _sensible(reading: FileReading) -> None:
    parts = [table.part for table in reading.tables]
    assert len(set(parts)) == len(parts)
    for table in reading.tables:
        assert (table.row_count is None) == (table.row_count_source is None)
        for column in table.columns:
            assert str(spark.parse(column.type)) == column.type, column.type
            _sound(column.name, column.native_type or "", column.comment or "", *column.samples)
        names = [column.name for column in table.columns]
        # A footer may have two of a name, and then they are there; of text we name them.
        assert len(set(names)) == len(names) or reading.file_type not in ("csv", "json"), "two columns of one name"
        _sound(table.part, *table.warnings, *(text for pair in table.properties for text in pair))


def _sound(*texts: str) -> None:
    """Text that every database stores."""
    for text in texts:
        text.encode()


def _around(suffix: str, footer: bytes) -> bytes:
    """A file of a format around a footer or header."""
    if suffix == "parquet":
        return b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1"
    if suffix == "orc":
        # A post script of a footer without compression and metadata.
        script = b"\x08" + _varint(len(footer)) + b"\x10\x00" + b"\x82\xf4\x03\x03ORC"
        return b"ORC" + footer + script + bytes([len(script)])
    if suffix == "avro":
        sync = b"0123456789abcdef"
        return b"Obj\x01\x02\x16avro.schema" + _varint(len(footer) * 2) + footer + b"\x00" + sync
    if suffix == "arrow":
        # Room for the blocks that it points to.
        return b"ARROW1\0\0" + bytes(4096) + footer + struct.pack("<I", len(footer)) + b"ARROW1"
    return b"\xff\xff\xff\xff" + struct.pack("<I", len(footer)) + footer


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


def _delta_commit(data: bytes) -> tuple[str, Mapping[str, bytes]]:
    first = delta_log.commit(delta_log.protocol(), delta_log.meta(), delta_log.add("a.parquet", 5))
    return "delta", {delta_log.key(0): first, delta_log.key(1): data, "t/a.parquet": b"", "t/b.parquet": b""}


def _delta_first(data: bytes) -> tuple[str, Mapping[str, bytes]]:
    return "delta", {delta_log.key(0): data, "t/a.parquet": b"", "t/b.parquet": b""}


def _delta_checkpoint(data: bytes) -> tuple[str, Mapping[str, bytes]]:
    return "delta", {delta_log.key(3, "checkpoint.parquet"): data, delta_log.key(4): delta_log.commit()}


def _delta_schema(data: bytes) -> tuple[str, Mapping[str, bytes]]:
    meta = delta_log.meta()
    meta["metaData"]["schemaString"] = data.decode("utf-8", "surrogateescape")
    return "delta", {delta_log.key(0): delta_log.commit(delta_log.protocol(), meta)}


def _iceberg(name: str) -> Callable[[bytes], tuple[str, Mapping[str, bytes]]]:
    return lambda data: ("iceberg", {**_ICEBERG, f"t/metadata/{name}": data, "t/data/a.parquet": b""})


def _hudi(data: bytes) -> tuple[str, Mapping[str, bytes]]:
    return "hudi", {"t/.hoodie/hoodie.properties": data, "t/.hoodie/20240101000000000.commit": data, "t/a.parquet": b""}


ICEBERG_FILES = ("v1.metadata.json", "snap-1.avro", "m0.avro")
"""Whose content is fuzzed, in `t/metadata`."""
_ICEBERG = iceberg_files.table((1, [iceberg_files.entry("data/a.parquet", 3)]))


_LOGS = (
    *(_delta_commit, _delta_first, _delta_checkpoint, _delta_schema),
    *map(_iceberg, ICEBERG_FILES),
    _hudi,
)


def _replayed(kind: str, folder: Folder, objects: Mapping[str, bytes]) -> Account:
    steps = READERS[kind](folder)
    given: list[bytes] | None = None
    for _ in range(_MOST_STEPS):
        try:
            asks = next(steps) if given is None else steps.send(given)
        except StopIteration as stop:
            account: Account = stop.value
            return account
        assert all(0 <= ask.start <= ask.end <= len(objects[ask.key]) for ask in asks)
        given = [objects[ask.key][ask.start : ask.end] for ask in asks]
    raise AssertionError("it reads without end")
