"""Inputs that fuzzing found, each with what went wrong before."""

from __future__ import annotations

from core.payload.models import SOURCE_TYPES

_AUTO, _SQLITE = (bytes([SOURCE_TYPES.index(name)]) for name in ("auto", "sqlite"))

FINDINGS: dict[str, tuple[str, bytes]] = {
    "a password after white space was taken for a folder's name, stored and shown": (
        "location",
        _AUTO + b" https://user:passwords@host:8080/x",
    ),
    "a signature of S3 in a bucket's path was shown": (
        "location",
        _AUTO + b"s3://b/k?X-Amz-Signature=0123456789abcdef",
    ),
    "a signature in a path without a scheme was shown": ("location", _AUTO + b"::/a/c/x?sv=1&sig=abcdefghij%3D"),
    "so it was in a database file's": ("location", _SQLITE + b"\x01s3://a/x?sv=1&sig=abcdefghij%3D"),
    "bytes that are no text, in a database's URL": (
        "location",
        _AUTO + b"postgresql://\x80u\0postgresql://\x80user:passwords@h:5432/d?sslmode=require",
    ),
    "a password with ? and = was shown": ("location", _AUTO + b"postgresql://user:pass?word=s@h:5432/d"),
    "the password of a user with # was shown": ("location", _AUTO + b"postgresql://use#:passwords@h:5432/d"),
    "the password of a user with @ was shown": ("location", _AUTO + b"postgresql://user@server:passwords@h:5432/d"),
    "a password like a port was shown": ("location", _AUTO + b"postgresql://u:5432/d?ssl@h:54er:prds@h:5432/d"),
    "what is no variable was resolved without end": ("location", _AUTO + b"${0NAME}/"),
    "a password came to light once another was hidden": (
        "location",
        b"tps://a.?sig=blob.cor/c'x?sv=2i&s\x00\x00\x00g\x00=abc?\x00]%2Fttps://a.?sig/adbfshtt:?su@lv=1i&s\x00\x00\x00g\x00=abc?sig=bl\x00htt=f?sig=",
    ),
    "a version beyond any was no error of the log": (
        "log",
        b'\x01{"protocol": {"minReaderVersion": 1e999}}\n{"metaData": {}}\n',
    ),
    "a type that is none was kept as it was written": (
        "log",
        b'\x03{"type": "struct", "fields": [{"name": "x", "type": "decimal(5,2!"}]}',
    ),
    "half a character in an error was stored": (
        "log",
        b'\x07hoodie.table.create.schema={"type": "record", "name": "r", '
        b'"fields": [{"name": "a", "type": ["nul\\ud83dl", "long"]}]}\n',
    ),
}
"""What went wrong: a target's name and an input."""
