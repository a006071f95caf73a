"""What was asked before: SQL with its time in one file, the newest last, secrets hidden."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.secrets import mask

_MOST = 500
_REWRITE_AT = 1 << 20
_HEAD = re.compile(r"-- asked (\S+)\n")


@dataclass(frozen=True, slots=True)
class Asked:
    """One SQL text and when it was run (UTC)."""

    moment: datetime
    sql: str


class History:
    """A file that is also SQL: a comment line `-- asked TIME` before each text. Several may append."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, sql: str, moment: datetime) -> None:
        """Remember a text. A file that can't be written is no reason to fail: it is then forgotten."""
        text = mask(sql.strip())
        if not text:
            return
        # A line of the text itself that looks like a head is moved by a space.
        body = re.sub(r"(?m)^-- asked ", " -- asked ", text)
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(f"-- asked {moment.isoformat(timespec='seconds')}\n{body}\n\n")
            if self.path.stat().st_size > _REWRITE_AT:
                self._shorten()
        except OSError:
            return

    def entries(self) -> list[Asked]:
        """The newest first, each text once."""
        try:
            text = self.path.read_text(encoding="utf-8", errors="backslashreplace")
        except OSError:
            return []
        parts = _HEAD.split(text)[1:]
        found: dict[str, Asked] = {}
        for said, body in zip(parts[-2::-2], parts[-1::-2], strict=True):
            sql = body.strip()
            try:
                moment = datetime.fromisoformat(said)
            except ValueError:
                continue
            found.setdefault(sql, Asked(moment, sql))
        return list(found.values())[:_MOST]

    def _shorten(self) -> None:
        kept = self.entries()[: _MOST // 2]
        fresh = self.path.with_name(self.path.name + ".part")
        fresh.touch(mode=0o600)
        fresh.write_text(
            "".join(f"-- asked {a.moment.isoformat(timespec='seconds')}\n{a.sql}\n\n" for a in reversed(kept)),
            encoding="utf-8",
        )
        fresh.replace(self.path)
