"""Writing the config file: a connection at its end, everything that is there as it was."""

from __future__ import annotations

import json
import os
import re
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import UsageError

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def add_connection(config: Path, name: str, fields: Mapping[str, str | bool]) -> None:
    """Add `[connections.NAME]` with these fields; only its owner may read the file.

    Raises:
        UsageError: there is one of that name, the file is not TOML, or it cannot be written.
    """
    try:
        text = config.read_text("utf-8-sig") if config.exists() else ""
        known: dict[str, Any] = tomllib.loads(text).get("connections", {})
    except (OSError, ValueError) as error:
        raise UsageError(f"{config} cannot be read: {error}", hint="mend it, then run `nuvyn init` again") from None
    if name in known:
        raise UsageError(f"there is a connection `{name}` in {config} already", hint="give the new one another name")
    key = name if _BARE.fullmatch(name) else _text(name)
    lines = [f"[connections.{key}]", *(f"{field} = {_text(value)}" for field, value in fields.items())]
    before = f"{text.rstrip()}\n\n" if text.strip() else ""
    try:
        _replace(config, before + "\n".join(lines) + "\n")
    except OSError as error:
        raise UsageError(f"{config} cannot be written: {error.strerror}", hint="NUVYN_CONFIG names another") from None


def _text(value: str | bool) -> str:
    # A JSON text is one of TOML too, but for DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(made, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise
