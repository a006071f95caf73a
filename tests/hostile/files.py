"""Files made to break what reads them, a few kilobytes each."""

from __future__ import annotations

import bz2
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable

from core.formats.zstd import zstd
from tests.lakehouse import delta_log

_ZEROS = b"\0" * (1 << 20)
_ROW = b"1,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n" * 30_000


def gz_bomb() -> bytes:
    """2 GB of rows."""
    packer = zlib.compressobj(9, wbits=31)
    return packer.compress(b"id,name\n") + b"".join(packer.compress(_ROW) for _ in range(2_000)) + packer.flush()


def gz_of_gz() -> bytes:
    """Packed ten times over."""
    data = b"id,name\n1,a\n"
    for _ in range(10):
        packer = zlib.compressobj(9, wbits=31)
        data = packer.compress(data) + packer.flush()
    return data


def zst_bomb() -> bytes:
    """8 GB of rows, at a ratio of some ten thousand."""
    packer = zstd.ZstdCompressor()
    return b"".join(packer.compress(_ROW) for _ in range(8_000)) + packer.flush()


def bz2_bomb() -> bytes:
    """A hundred times 10 MB of zeros."""
    return bz2.compress(_ZEROS * 10) * 100


def _workbook(sheet: Callable[[zipfile.ZipFile, str], None]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{office}">'
            '<sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        )
        book.writestr("[Content_Types].xml", "<Types/>")
        sheet(book, f'<worksheet xmlns="{main}"><sheetData>')
    return out.getvalue()


def xlsx_bomb() -> bytes:
    """A sheet of 2 GB, and it says so."""

    def sheet(book: zipfile.ZipFile, start: str) -> None:
        with book.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as out:
            out.write(start.encode())
            for _ in range(2_000):
                out.write(b" " * (1 << 20))

    return _workbook(sheet)


def xlsx_that_lies() -> bytes:
    """A sheet of 2 GB that says it is a kilobyte."""
    data = bytearray(xlsx_bomb())
    at = data.rfind(b"PK\x01\x02")
    while at >= 0:
        if b"sheet1.xml" in data[at : at + 120]:
            data[at + 24 : at + 28] = struct.pack("<I", 1_000)
            break
        at = data.rfind(b"PK\x01\x02", 0, at)
    return bytes(data)


def xlsx_far_cell() -> bytes:
    """Two cells, as far apart as a sheet goes."""
    cells = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    return _workbook(
        lambda book, start: book.writestr("xl/worksheets/sheet1.xml", f"{start}{cells}</sheetData></worksheet>")
    )


def _parquet_footer(footer: bytes) -> bytes:
    return b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1"


def parquet_of_endless_groups() -> bytes:
    """A footer that has 10^12 row groups, so it says."""
    schema = b"\x19\x1c\x48\x01s\x15\x00\x00"  # a list of one element, the root, without children
    return _parquet_footer(b"\x15\x02" + schema + b"\x16\x00" + b"\x19\xfc" + _varint(10**12) + b"\0" * 64)


def parquet_of_endless_columns() -> bytes:
    """A footer whose schema has 2^31 - 1 elements, so it says."""
    return _parquet_footer(b"\x15\x02" + b"\x19\xfc" + _varint(2**31 - 1) + b"\x48\x01s\x00" * 16)


def parquet_of_endless_depth() -> bytes:
    """A schema of groups in groups, a hundred thousand deep."""
    group = b"\x48\x01g\x15\x02\x00"  # a name, and one child
    return _parquet_footer(b"\x15\x02\x19\xfc" + _varint(100_000) + group * 100_000 + b"\x16\x00\x19\x0c\x00")


def parquet_of_a_long_name() -> bytes:
    """A name of 2 GB, so it says."""
    return _parquet_footer(b"\x15\x02\x19\x1c\x48" + _varint(2**31 - 1) + b"s" * 64)


def _varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def deep_json() -> bytes:
    """Arrays in arrays."""
    return b'{"a":' * 100_000 + b"1" + b"}" * 100_000


def deep_lines() -> bytes:
    """A line of JSON that is deep, among others."""
    return b'{"a": 1}\n' * 3 + b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n" + b'{"a": 2}\n' * 3


def wide_json() -> bytes:
    """A hundred thousand keys."""
    return json.dumps({f"k{at}": at for at in range(100_000)}).encode()


def wide_csv() -> bytes:
    """A header of 200,000 names."""
    return ",".join(f"c{at}" for at in range(200_000)).encode() + b"\n" + b",".join([b"1"] * 200_000)


def quotes_csv() -> bytes:
    """One quote that nothing ends, and commas."""
    return b'a,b\n"' + b"," * 3_000_000


def long_number_csv() -> bytes:
    """A number of a million digits."""
    return b"n\n" + b"9" * 1_000_000 + b"\n1\n"


def avro_deep() -> bytes:
    """A schema of arrays in arrays."""
    schema = '{"type":"array","items":' * 20_000 + '"int"' + "}" * 20_000
    return _avro(f'{{"type":"record","name":"r","fields":[{{"name":"a","type":{schema}}}]}}'.encode())


def avro_that_lies() -> bytes:
    """A schema of 2^60 bytes, so it says."""
    return b"Obj\x01\x02\x16avro.schema" + _zigzag(2**60) + b"{}"


def avro_of_endless_blocks() -> bytes:
    """Blocks of 2^62 rows in no bytes."""
    data = _avro(b'{"type":"record","name":"r","fields":[]}')
    return data + (_zigzag(2**62) + _zigzag(0) + b"s" * 16) * 1_000


def _avro(schema: bytes) -> bytes:
    return b"Obj\x01\x02\x16avro.schema" + _zigzag(len(schema)) + schema + b"\0" + b"s" * 16


def _zigzag(number: int) -> bytes:
    return _varint(number << 1)


def orc_that_lies() -> bytes:
    """A postscript whose footer is larger than any file."""
    script = b"\x08" + _varint(2**60) + b"\x10\x00\x18" + _varint(2**60) + b"\x82\xf4\x03\x03ORC"
    return b"ORC" + b"\0" * 100 + script + bytes([len(script)])


def arrow_that_lies() -> bytes:
    """A message of 2 GB, so it says."""
    return (
        b"ARROW1\0\0\xff\xff\xff\xff"
        + struct.pack("<I", 2**31 - 8)
        + b"\0" * 100
        + struct.pack("<I", 2**31 - 1)
        + b"ARROW1"
    )


def sqlite_in_circles() -> bytes:
    """Pages whose children are themselves."""
    page = bytearray(4096)
    page[:16] = b"SQLite format 3\0"
    page[16:18] = struct.pack(">H", 4096)
    page[18:24] = b"\1\1\0\x40\x20\x20"
    page[28:32] = struct.pack(">I", 3)
    page[44:48], page[56:60] = struct.pack(">I", 4), struct.pack(">I", 1)
    inner = b"\x05\0\0\0\x01\x0f\xfb\0" + struct.pack(">I", 2) + struct.pack(">H", 4091)
    page[100 : 100 + len(inner)] = inner
    page[4091:4095] = struct.pack(">I", 2)
    second = bytearray(4096)
    second[: len(inner)] = inner
    second[4091:4095] = struct.pack(">I", 2)
    return bytes(page) + bytes(second) * 2


def duckdb_of_noise() -> bytes:
    """The magic of DuckDB, and what looks like random."""
    return b"\0" * 8 + b"DUCK" + struct.pack("<Q", 64) + zlib.compress(bytes(range(256)) * 64)[:3] * 5_000


FILES: dict[str, Callable[[], bytes]] = {
    "rows.csv.gz": gz_bomb,
    "again.csv.gz": gz_of_gz,
    "rows.csv.zst": zst_bomb,
    "rows.csv.bz2": bz2_bomb,
    "sheet.xlsx": xlsx_bomb,
    "lies.xlsx": xlsx_that_lies,
    "far.xlsx": xlsx_far_cell,
    "groups.parquet": parquet_of_endless_groups,
    "columns.parquet": parquet_of_endless_columns,
    "depth.parquet": parquet_of_endless_depth,
    "name.parquet": parquet_of_a_long_name,
    "deep.json": deep_json,
    "deep.ndjson": deep_lines,
    "wide.json": wide_json,
    "wide.csv": wide_csv,
    "quotes.csv": quotes_csv,
    "number.csv": long_number_csv,
    "deep.avro": avro_deep,
    "lies.avro": avro_that_lies,
    "blocks.avro": avro_of_endless_blocks,
    "lies.orc": orc_that_lies,
    "lies.arrow": arrow_that_lies,
    "circles.sqlite": sqlite_in_circles,
    "noise.duckdb": duckdb_of_noise,
}


def deep_delta() -> dict[str, bytes]:
    """A Delta log with an action that is deep."""
    deep = b'{"add": {"path": "x", "size": 1, "stats": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}\n"
    return {delta_log.key(0): delta_log.commit(delta_log.protocol(), delta_log.meta()) + deep}


def deep_iceberg() -> dict[str, bytes]:
    """Iceberg metadata that is deep."""
    return {"t/metadata/v1.metadata.json": b'{"a":' * 100_000 + b"1" + b"}" * 100_000}
