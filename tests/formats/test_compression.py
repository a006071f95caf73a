import bz2
import gzip
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Fault, FileError
from core.formats.base import ReadOptions
from core.formats.compression import Unpacker, compression, unpack_head
from core.formats.zstd import zstd
from tests.formats.driver import EXACT, read

PACK = {"gz": gzip.compress, "zst": zstd.compress, "bz2": bz2.compress}
kinds = pytest.mark.parametrize("kind", PACK)
TEXT = "".join(f"{i},name {random.Random(i).random()}\n" for i in range(20_000)).encode()


@kinds
def test_recognised_by_the_first_bytes(kind: str) -> None:
    assert compression(PACK[kind](b"x")) == kind
    assert compression(b"a,b\n") is None


@kinds
def test_several_members_are_one_text(kind: str) -> None:
    data = PACK[kind](b"abc") + PACK[kind](b"def")
    assert unpack_head(data, kind, 100) == (b"abcdef", len(data), True)


@kinds
def test_no_more_than_the_limit_is_unpacked(kind: str) -> None:
    data = PACK[kind](b"\0" * (50 << 20))
    text, used, whole = unpack_head(data, kind, 1000)
    assert (len(text), whole) == (1000, False)
    assert 0 < used <= len(data)


@kinds
def test_a_highly_packed_stream_comes_in_bounded_pieces(kind: str) -> None:
    data = PACK[kind](b"\0" * (200 << 20))
    assert max(map(len, Unpacker(kind).feed(data))) <= 64 << 20


@kinds
def test_the_beginning_of_a_cut_stream_is_its_text(kind: str) -> None:
    data = PACK[kind](TEXT * 4)
    text, _, whole = unpack_head(data[: len(data) * 2 // 3], kind, 10 << 20)
    assert not whole
    assert len(text) > 100_000
    assert (TEXT * 4).startswith(text)


@given(st.binary(max_size=3000), st.sampled_from(sorted(PACK)), st.lists(st.integers(1, 400), min_size=1))
def test_pieces_of_any_size_unpack_to_the_same(data: bytes, kind: str, sizes: list[int]) -> None:
    packed, unpacker, out, at = PACK[kind](data), Unpacker(kind), b"", 0
    while at < len(packed):
        size = sizes[at % len(sizes)]
        out += b"".join(unpacker.feed(packed[at : at + size]))
        at += size
    assert out == data
    assert unpacker.between


@kinds
@pytest.mark.parametrize("options", [ReadOptions(), EXACT])
def test_a_compressed_csv_is_read_through(kind: str, options: ReadOptions) -> None:
    run = read(PACK[kind](b"id,name\n" + TEXT), f"a.csv.{kind}", options)
    assert run.types == {"id": "bigint", "name": "string"}
    assert run.rows == 20_000


@kinds
def test_a_file_that_breaks_off_is_an_error(kind: str) -> None:
    data = PACK[kind](b"id,name\n" + TEXT[:3000])
    with pytest.raises(FileError) as caught:
        read(data[:-20], f"a.csv.{kind}")
    assert caught.value.fault is Fault.CORRUPT


def test_broken_compressed_data_is_an_error() -> None:
    with pytest.raises(FileError) as caught:
        read(gzip.compress(TEXT)[:30] + b"junk" * 10, "a.csv.gz")
    assert caught.value.fault is Fault.CORRUPT
