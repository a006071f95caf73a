"""Which format a file is: its first and last bytes decide, then its suffix, then what its text looks like."""

from __future__ import annotations

import json

from core.errors import FileError
from core.formats.base import Format, Opened, ReadOptions, Span
from core.formats.compression import compression, unpack_head
from core.formats.dialect import find_dialect
from core.formats.random import looks_random
from core.formats.registry import ARROW, CSV, DATABASES, EXCEL, FORMATS, JSON, SQLITE
from core.formats.suffixes import COMPRESSIONS
from core.formats.text import decode, encoding_of

_END = 64 << 10
# An Arrow file says only before each batch how many rows it has: whole, it costs one request and not one a batch.
_WHOLE_ARROW = 4 << 20
_LOOK = 32 << 10

# Known by their bytes, but not read: never to be taken for text.
_UNREAD_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"%PDF-", "pdf"),
    (b"\x89PNG", "png"),
)
# What many programs name their own files: it promises nothing.
_ANYTHING = (".db",)
# A database's pages have no other sizes, encrypted or not.
_PAGE = 512
_FREE_TEXT = (".md", ".rst", ".log", ".py", ".sql", ".sh", ".html", ".xml", ".yaml", ".yml", ".toml", ".ini", ".txt")


def suffix_format(key: str) -> Format | None:
    """The format that a file's name suggests, its compression's ending aside."""
    name = _bare(key)
    return next((f for f in FORMATS if name.endswith(f.suffixes)), None)


def first_span(key: str, size: int, options: ReadOptions) -> Span:
    """The one range to read first: the end that tells the schema, or a small file whole."""
    if size <= _END:
        return 0, size
    suggested = suffix_format(key)
    if suggested is None:
        return 0, _END
    if suggested is ARROW and size <= _WHOLE_ARROW:
        return 0, size
    if suggested.end == "tail" and _bare(key) == key.lower():
        return size - _END, size
    return 0, min(size, options.sample_bytes)


def detect(opened: Opened, options: ReadOptions) -> Format | None:
    """The format of a file, or None when it is none that is read (or not the one asked for)."""
    found = _by_magic(opened)
    unread = unread_type(opened) if found is None else None
    if unread == EXCEL.name:
        found = EXCEL
    elif found is None and unread is None and opened.head:
        found = SQLITE if _encrypted(opened) else _by_text(opened)
    if found is not None and options.only not in (None, found.name):
        return None
    return found


def unread_type(opened: Opened) -> str | None:
    """The name of a format that the bytes tell but that is not read, or None."""
    name = next((name for magic, name in _UNREAD_MAGIC if opened.head.startswith(magic)), None)
    return EXCEL.name if name in ("zip", "ole") and _bare(opened.key).endswith(EXCEL.suffixes) else name


def evidence(opened: Opened, found: Format) -> str | None:
    """What a file was recognised by, when its name does not say the same."""
    if _bare(opened.key).endswith(found.suffixes):
        return None
    promised = suffix_format(opened.key)
    by = "its bytes" if found.sniff(opened.head, opened.tail) else "what its text looks like"
    return f"{by}, though its name says {promised.name}" if promised else f"{by}; its name says nothing"


def misnamed(opened: Opened) -> Format | None:
    """The format that a file's name promises and its bytes don't keep; text has no bytes that tell."""
    promised = suffix_format(opened.key)
    if promised in (CSV, JSON) or opened.key.lower().endswith(_ANYTHING) or unread_type(opened) is not None:
        return None
    if promised in DATABASES and _bare(opened.key) != opened.key.lower():
        return None  # a database that is packed is nothing that could be opened
    return promised


def _bare(key: str) -> str:
    name = key.lower()
    if not name.endswith(COMPRESSIONS):
        return name
    return next((name.removesuffix(ending) for ending in COMPRESSIONS if name.endswith(ending)), name)


def _by_magic(opened: Opened) -> Format | None:
    head, tail = opened.head, opened.tail
    for format_ in FORMATS:
        if format_.sniff(head, tail):
            return format_
    return None


def _encrypted(opened: Opened) -> bool:
    """Whether a file is what SQLCipher and its like make of a database: its name is all there is to tell it by."""
    return suffix_format(opened.key) is SQLITE and opened.size % _PAGE == 0 and looks_random(opened.head)


def _by_text(opened: Opened) -> Format | None:
    """A text format: the suffix decides among them, but JSON named `.csv` (or the reverse) is seen."""
    data = opened.head[:_LOOK]
    kind = compression(data)
    suggested = suffix_format(opened.key)
    if suggested in DATABASES:
        suggested = None  # such a name is no sign of text
    if kind is not None:
        try:
            data, _, _ = unpack_head(opened.head, kind, _LOOK)
        except FileError:
            # Broken: its reader will say how, if the name tells which one.
            return suggested
    by_name = suggested is not None and not _bare(opened.key).endswith(_FREE_TEXT)
    if data and not data.strip(b"\0"):
        return None  # room that was made and never written to
    if not data.strip():
        return suggested if by_name else None
    encoding = encoding_of(data, surely_text=by_name)
    if encoding is None:
        return None
    text = decode(data, encoding).lstrip("\ufeff \t\n")
    if suggested is JSON:
        return JSON
    if _is_json(text):
        return JSON
    if suggested is CSV and by_name:
        return CSV
    dialect = find_dialect(text)
    likely = dialect is not None and dialect.width > 1 and dialect.confidence >= 0.6
    return CSV if likely and not _prose(opened.key, text) else None


def _is_json(text: str) -> bool:
    """Whether text begins with a JSON object, or with an array of some."""
    if not text.startswith(("{", "[")):
        return False
    try:
        value, _ = json.JSONDecoder().raw_decode(text)
    except RecursionError:
        return True
    except ValueError:
        # Cut off by the sample: then a quoted name and a colon must follow the brace.
        inside = text.lstrip("[{ \t\r\n")
        return len(text) >= _LOOK // 2 and inside.startswith('"')
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(v, dict | list) for v in value))


def _prose(key: str, text: str) -> bool:
    """Whether a text without a data suffix is more likely written for people."""
    return _bare(key).endswith(_FREE_TEXT[:-1]) or text.startswith(("#!", "<", "<?xml", "---\n"))
