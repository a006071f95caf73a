"""Makes a site of the docs as they are written for a repository: mkdocs calls this module, as `mkdocs.yml` says.

The pages are found where they lie, so that a new how-to needs no list. What a site cannot have is made into what it
can: links to files outside of the docs, a title on a fence.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.pages import Page

# Below mkdocs' own name, so that a strict build counts what is warned of here.
_LOG = logging.getLogger("mkdocs.hooks.site")
_NAV: Sequence[tuple[str, Sequence[str]]] = (
    ("Home", ("index.md",)),
    ("First ten minutes", ("start.md",)),
    ("How-tos", ("howto/*.md",)),
    ("Reference", ("reference/*.md",)),
    (
        "Explanations",
        (
            *("usage.md", "formats.md", "grouping.md", "scale.md", "terminal.md", "keys.md"),
            *("databases.md", "databricks.md", "http-api.md"),
        ),
    ),
    ("Guarantees", ("guarantees.md",)),
    ("Troubleshooting", ("troubleshooting.md",)),
    ("Architecture", ("architecture.md", "decisions/*.md")),
)
"""Sections with the pages in them; a section of one page is that page."""

_COMMENT = re.compile(r"\A\s*<!--.*?-->\s*", re.DOTALL)
_FENCE = re.compile(r"^(?P<fence>`{3,}|~{3,})(?P<language>\S+)[ ]+(?P<words>[^\n`{]+)$", re.MULTILINE)
_TITLE = re.compile(r'title="([^"]+)"')
_SOURCES = (".py", ".toml")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the pages that are there in order, and read their Markdown with `_Repository`."""
    docs = Path(config.docs_dir)
    config.nav = [entry for title, patterns in _NAV for entry in _section(title, _found(docs, patterns))]
    config.markdown_extensions = [*config.markdown_extensions, _Repository(docs)]
    return config


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, **_: Any) -> str:
    """Take out the comment of a generated page, and what a fence says after its language; a title stands above it."""
    for extension in config.markdown_extensions:
        if isinstance(extension, _Repository):
            extension.page = Path(page.file.src_uri)
    return _FENCE.sub(_plain_fence, _COMMENT.sub("", markdown))


def _found(docs: Path, patterns: Iterable[str]) -> list[str]:
    """The pages of these patterns; of a folder, `index.md` first."""
    found = (sorted(docs.glob(pattern), key=lambda path: (path.name != "index.md", path.name)) for pattern in patterns)
    return [path.relative_to(docs).as_posix() for paths in found for path in paths]


def _section(title: str, pages: Sequence[str]) -> list[Mapping[str, Any]]:
    if not pages:
        return []
    return [{title: pages[0] if len(pages) == 1 else list(pages)}]


def _plain_fence(match: re.Match[str]) -> str:
    title = _TITLE.search(match["words"])
    above = f"`{title[1]}`\n\n" if title else ""
    return f"{above}{match['fence']}{match['language']}"


class _Repository(Extension):
    """Markdown as a repository shows it. `page` is the page that is read, below the docs."""

    def __init__(self, docs: Path) -> None:
        super().__init__()
        self.docs = docs
        self.page = Path()

    def extendMarkdown(self, md: Markdown) -> None:
        # After inline text was parsed (20), before mkdocs looks at the links (0).
        md.treeprocessors.register(_Links(md, self), "repository", 4)


class _Links(Treeprocessor):
    def __init__(self, md: Markdown, ours: _Repository) -> None:
        super().__init__(md)
        self._ours = ours

    def run(self, root: Element) -> None:
        for link in root.iter("a"):
            self._look(link)
        for cell in root.iter("td"):
            for code in cell.iter("code"):
                # Only a table needs the backslash.
                code.text = (code.text or "").replace("\\|", "|")

    def _look(self, link: Element) -> None:
        """Make a link to a file that the site does not have into its text, which shows the file's path."""
        url = urlsplit(link.get("href", ""))
        if url.scheme or url.netloc or not url.path or url.path.startswith("/"):
            return
        docs, page = self._ours.docs, self._ours.page
        path = Path(os.path.normpath(docs / page.parent / unquote(url.path)))
        if path.is_relative_to(docs) and path.suffix not in _SOURCES:
            return
        if not path.exists():
            _LOG.warning("%s has a link to %s, which is not there", page, url.path)
        shown = os.path.relpath(path, docs.parent)
        link.tag, link.attrib = "span", {"title": f"{shown}, {url.fragment}" if url.fragment else shown}
