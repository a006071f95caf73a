"""Makes the pages of `docs/reference` from the code: a part of `./dev docs`, and quick by itself.

python docs/reference.py
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from docs.generate.calls import http_page
from docs.generate.cli import cli_page
from docs.generate.datatypes import types_page
from docs.generate.payload import payload_page
from docs.generate.schema import schema_page
from docs.generate.settings import settings_page

FOLDER = Path(__file__).resolve().parent / "reference"
PAGES: Mapping[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "http.md": http_page,
    "payload.md": payload_page,
    "schema.md": schema_page,
    "settings.md": settings_page,
    "types.md": types_page,
}
"""Every page by its name."""


def write_reference() -> None:
    """Write every page anew."""
    FOLDER.mkdir(exist_ok=True)
    for name, made in PAGES.items():
        (FOLDER / name).write_text(made(), encoding="utf-8")


if __name__ == "__main__":
    write_reference()
