"""Where a payload's text comes from."""

import io
from pathlib import Path

import pytest

from core.errors import UsageError
from core.payload import options
from core.payload.decode import decode
from core.payload.load import read_payload
from core.payload.models import OPTION_NAMES

TEXT = '{"workflow_id": "wörk"}'


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "payload.json"
    path.write_text(TEXT, encoding="utf-8")
    assert read_payload(str(path), io.StringIO(), {}) == (TEXT, str(path))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_with_a_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "payload.json"
    path.write_text(TEXT, encoding=encoding)
    assert read_payload(str(path), io.StringIO(), {})[0] == TEXT


def test_standard_input_and_the_variable() -> None:
    assert read_payload("-", io.StringIO(TEXT), {}) == (TEXT, "standard input")
    assert read_payload(None, io.StringIO(), {"NUVYN_JOB_PAYLOAD": TEXT}) == (TEXT, "NUVYN_JOB_PAYLOAD")


@pytest.mark.parametrize("environ", [{}, {"NUVYN_JOB_PAYLOAD": " "}])
def test_nothing_to_read_says_how_to_give_it(environ: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="NUVYN_JOB_PAYLOAD") as caught:
        read_payload(None, io.StringIO(), environ)
    assert caught.value.hint


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    binary = tmp_path / "binary.json"
    binary.write_bytes(b"\xff\x00\xc3")
    for source in (str(tmp_path), str(tmp_path / "missing.json"), str(binary), "a\0b", '{"workflow_id": "w"}'):
        with pytest.raises(UsageError) as caught:
            read_payload(source, io.StringIO(), {})
        assert caught.value.hint


def test_many_names_of_which_one_is_there_twice() -> None:
    """Each is looked at once: a longer way would outlast the test run."""
    names = ", ".join(f'"n{at}": {at}' for at in range(200_000))
    assert decode(f'{{{names}, "n0": 1}}').names == ("n0",)


def test_every_option_is_read_and_described() -> None:
    """One that only `Options` had would be taken without a word, and have no effect."""
    assert set(options._OptionsIn.model_fields) == set(OPTION_NAMES) == set(options._EXPECTED)
