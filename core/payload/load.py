"""Where payloads come from, and their text as a checked job."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from core.errors import UsageError
from core.payload.check import check
from core.payload.decode import NotJson, decode
from core.payload.models import Options
from core.payload.problems import Checked, Problem

__all__ = ["VARIABLE", "check", "parse", "read_payload"]

VARIABLE = "NUVYN_JOB_PAYLOAD"


def read_payload(source: str | None, stdin: TextIO, environ: Mapping[str, str]) -> tuple[str, str]:
    """The text of a payload and where it came from.

    `source` is a file, `-` for standard input, or None for the environment variable.

    Raises:
        UsageError: there is nothing to read, or it is not text.
    """
    if source == "-":
        try:
            return stdin.read(), "standard input"
        except UnicodeDecodeError:
            raise UsageError("standard input is not UTF-8 text", hint="encode the payload as UTF-8") from None
    if source is None:
        text = environ.get(VARIABLE, "")
        if not text.strip():
            raise UsageError(
                f"no payload: neither a file was named nor is {VARIABLE} set",
                hint="nuvyn run PAYLOAD.json, or `nuvyn demo` to see it work",
            )
        return text, VARIABLE
    if source.lstrip().startswith("{"):
        raise UsageError("a payload was given where a file's name belongs", hint="pipe it in and name the file `-`")
    try:
        return _text(Path(source).read_bytes()), source
    except UnicodeDecodeError:
        raise UsageError(f"the payload {source} is not UTF-8 text", hint="save it as UTF-8") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(
            f"the payload {source} cannot be read: {reason}", hint="name a JSON file, or `-` for standard input"
        ) from None


def parse(text: str, *, where: str = "payload", defaults: Options | None = None) -> Checked:
    """Check the text of a payload. Never raises: what is wrong is in `problems`.

    `where` names the text in messages; `defaults` are the options where the payload names none.
    """
    try:
        value = decode(text)
    except NotJson as error:
        return Checked(None, (Problem("", f"{where} is not JSON: {error}", error.hint),))
    return check(value, where=where, defaults=defaults)


def _text(data: bytes) -> str:
    """UTF-8, or UTF-16 when a byte order mark says so (as PowerShell's `>` writes)."""
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if marked else "utf-8-sig")
