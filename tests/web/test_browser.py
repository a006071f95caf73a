"""The app in a real browser, by keyboard."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from core.house import House
from core.jobs.model import JobState
from core.settings import load_settings
from tests.command import Nuvyn
from tests.servers.browser import Browser, Page, open_browser
from tests.servers.run import CannotStart, missing
from tests.servers.web import Web

WAIT_S = 60


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    with Web(Nuvyn(tmp_path)) as found:
        yield found


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    try:
        async with open_browser() as found:
            yield found
    except CannotStart as error:
        missing(f"Chromium could not be started: {error}")


async def until(page: Page, wanted: Callable[[], bool] | str) -> None:
    """Wait until the app has drawn a text, or something else is so."""
    async with asyncio.timeout(WAIT_S):
        while not (wanted in page.drawn if isinstance(wanted, str) else wanted()):
            await page.evaluate("new Promise(done => setTimeout(done, 50))")


async def opened(browser: Browser, url: str) -> Page:
    page = await browser.page()
    await page.open(url)
    await until(page, "Press d for a demo")
    return page


async def test_the_demo_by_keyboard_and_two_windows_on_one_home(web: Web, browser: Browser, tmp_path: Path) -> None:
    first, second = await opened(browser, web.url), await opened(browser, web.url)
    await first.press("d")
    await until(first, "demo")
    with House(load_settings(home=str(tmp_path), environ={})) as house:
        await until(first, lambda: any(job.state is JobState.COMPLETED for job in house.store.jobs()))
        await until(first, "job completed")
        # The other window sees it without being asked.
        await until(second, "completed")
        assert len(house.store.jobs()) == 1
    assert len(await first.picture()) > 10_000
    assert {url.split("/")[2] for url in first.requested} == {web.url.split("/")[2]}
    # The one is left, the other goes on.
    await first.press("ctrl+q")
    await until(first, lambda: first.closed)
    second.drawn = ""
    await second.press("4")
    await until(second, "shop")


async def test_rows_are_copied_and_downloaded_by_the_browser(web: Web, browser: Browser, tmp_path: Path) -> None:
    assert Nuvyn(tmp_path)("demo").code == 0
    page = await browser.page()
    await page.open(web.url)
    await until(page, "demo")
    await page.press("5")
    await until(page, "SQL")
    await page.press(*"SELECT source_id FROM sources ORDER BY 1", "f5")
    await until(page, "finance")
    page.drawn = ""
    # An escape with a key right behind it would be that key with alt.
    await page.press("escape")
    await until(page, "Export")
    await page("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    page.drawn = ""
    await page.press("y")
    await until(page, "opied")
    assert await page.evaluate("navigator.clipboard.readText()") == "finance"
    await page.press("e")
    await until(page, "Download 3 rows as which file?")
    await page.press("enter")
    target = browser.downloads / "query.csv"
    await until(page, lambda: target.exists() and target.stat().st_size > 0)
    assert target.read_text().split() == ["source_id", "finance", "shop", "web"]
    assert not list((tmp_path / "runs").glob("download-*"))


async def test_windows_end_with_their_server(web: Web, browser: Browser) -> None:
    page = await opened(browser, web.url)
    windows = web.windows()
    assert len(windows) == 1
    web.process.kill()
    await until(page, lambda: not any(os.path.exists(f"/proc/{pid}") for pid in windows))
