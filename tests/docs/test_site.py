"""The docs make a site without a warning, and the site needs no other server."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import ROOT

_PAGE = """# Home

[a test](../{name}#test_it), [code](../{name}) and `[no link](../gone.py)`

| a |
| --- |
| `x\\|y` |
"""
_FENCE = '\n```json title="payload.json"\n{}\n```\n'


def build(config: Path, into: Path) -> subprocess.CompletedProcess[str]:
    command = (
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--config-file",
        str(config),
        "--site-dir",
        str(into),
    )
    return subprocess.run(command, capture_output=True, text=True, timeout=100)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = build(ROOT / "mkdocs.yml", folder)
    assert built.returncode == 0 and "WARNING" not in built.stderr, built.stderr
    return folder


def test_every_page_is_there(site: Path) -> None:
    pages = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")]
    assert len(pages) > 15
    index = (site / "index.html").read_text()
    for page in pages:
        assert (site / page.with_suffix(".html")).is_file()
        assert page.name == "index.md" or f'href="{page.with_suffix(".html")}"' in index, f"{page} is in no section"


def test_nothing_else_of_the_docs_is_there(site: Path) -> None:
    assert not [path for path in site.rglob("*") if path.suffix in (".py", ".toml", ".md", ".pyc")]


def test_no_page_takes_anything_from_another_server(site: Path) -> None:
    for page in site.rglob("*.html"):
        taken = re.findall(r'<(?:script|link|img|iframe)\b[^>]*(?:src|href)="(?:https?:)?//[^"]*"', page.read_text())
        assert taken == [], page
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(?:https?:)?//", style.read_text()), style


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A small site of its own, with the same hook."""
    folder = tmp_path / "docs"
    folder.mkdir()
    hook = ROOT / "docs" / "site.py"
    (tmp_path / "mkdocs.yml").write_text(f"site_name: small\nuse_directory_urls: false\nhooks: ['{hook}']\n")
    return folder


def test_what_only_the_repository_has_is_shown_as_text(docs: Path, tmp_path: Path) -> None:
    (tmp_path / "it.py").touch()
    (docs / "index.md").write_text("<!-- Generated -->\n\n" + _PAGE.format(name="it.py") + _FENCE)
    built = build(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert built.returncode == 0, built.stderr
    page = (tmp_path / "site" / "index.html").read_text()
    assert '<span title="it.py, test_it">a test</span>' in page
    assert '<span title="it.py">code</span>' in page
    assert "<code>[no link](../gone.py)</code>" in page
    assert "<code>x|y</code>" in page
    assert "<code>payload.json</code>" in page and '<code class="language-json">{}' in page
    assert "Generated" not in page


def test_a_link_to_a_file_that_is_not_there_is_an_error(docs: Path, tmp_path: Path) -> None:
    (docs / "index.md").write_text(_PAGE.format(name="gone.py"))
    built = build(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert built.returncode == 1
    assert "index.md has a link to ../gone.py, which is not there" in built.stderr
