"""Makes what the docs show of the app from the app itself: `./dev docs`.

Writes `reference/`, `keys.md` and one picture a mode, taken while the app shows the demo and a scripted job.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from textual.pilot import Pilot

from core.demo.prepare import prepare_demo
from core.house import House
from core.jobs.model import SourceState
from core.jobs.owners import this_owner
from core.jobs.requests import create
from core.jobs.worker import Worker
from core.payload.load import parse
from core.progress import Phase, Progress
from core.settings import load_settings
from docs.recording import DEMO, record
from docs.reference import write_reference
from nuvyn_tui.app import NuvynApp
from nuvyn_tui.commands.table import key_table
from nuvyn_tui.widgets.grid import Grid
from tests.command import Nuvyn
from tests.servers.api import Api
from tests.servers.browser import open_browser
from tests.servers.warehouse import Warehouse
from tests.servers.web import Web
from tests.transcript import Shell, rewritten

DOCS = Path(__file__).resolve().parent
SIZE = (110, 30)

SOURCES = (
    ("azure-sales", Phase.READING, 48_210, 48_190, 31_004, 3),
    ("azure-returns", Phase.READING, 9_300, 9_280, 8_112, 0),
    ("s3-events", Phase.LISTING, 212_000, None, 0, 0),
    ("s3-clicks", Phase.COMMITTING, 3_020, 3_020, 3_020, 0),
)


async def run_demo(house: House) -> None:
    """Run the demo's payload in this process."""
    payload = prepare_demo(house.settings.home / "demo-lake")
    job = parse(payload.read_text()).job
    assert job is not None
    create(house.store, job)
    await Worker(house.settings, house.store, house.mirror).work(idle_s=0)


class Script:
    """A large job as a worker elsewhere would run it."""

    def __init__(self, house: House) -> None:
        self._store = house.store
        names = [*(name for name, *_ in SOURCES), "exports", "ftp-drop", "archive"]
        self._job = house.store.create(
            workflow_id="retail", tenant_id="t", payload={}, source_ids=names, owner=this_owner()
        )
        for seq in range(len(names) - 1):
            house.store.move_source(self._job, seq, SourceState.RUNNING)
        found = {"files_found": 1_190, "total_size_bytes": 9_000_000, "tables_found": 14, "columns_found": 310}
        house.store.move_source(self._job, 4, SourceState.SUCCESS, result={"metadata": found})
        error = "the server refused the credentials (403)"
        house.store.move_source(self._job, 5, SourceState.FAILED, error=error, hint="check its connection")

    def step(self, number: int) -> None:
        """Move every counter on."""
        counters = []
        for seq, (_, phase, listed, to_read, done, failed) in enumerate(SOURCES):
            more = 0 if to_read is None else min(done + number * 600, to_read)
            grown = listed + number * 3_000 * (to_read is None)
            counters.append((seq, Progress(phase, grown, to_read, more, failed, more * 9_000, more + 50, 0)))
        self._store.put_progress(self._job, counters).result()


async def picture(pilot: Pilot[int], name: str) -> None:
    """Write what the app shows now."""
    await pilot.pause(0.5)
    text = pilot.app.export_screenshot(title="nuvyn", simplify=True)
    # Without web fonts: a picture must need no network.
    text = re.sub(r"@font-face \{.*?\}\s*", "", text, flags=re.DOTALL)
    (DOCS / "pictures" / f"{name}.svg").write_text(text, encoding="utf-8")


async def until(pilot: Pilot[int], holds: Callable[[], bool]) -> None:
    """Let the app run until something holds."""
    async with asyncio.timeout(30):
        while not holds():
            await pilot.pause(0.02)


async def pictures(home: Path) -> None:
    """A picture of each mode."""
    with House(load_settings(home=str(home), environ={"NUVYN_THEME": "textual-dark"})) as house:
        await run_demo(house)
        script = Script(house)
        app = NuvynApp(house)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("down")
            await picture(pilot, "jobs")
            await pilot.press("p")
            await picture(pilot, "build")
            await pilot.press("escape", "1", "up", "enter")
            for number in range(1, 26):
                script.step(number)
                await pilot.pause(0.3)
            await picture(pilot, "run")
            await explore(pilot)
            await query(pilot)
            await sync(pilot)


async def explore(pilot: Pilot[int]) -> None:
    """The demo's first table."""
    await pilot.press("1", "down", "e")
    await pilot.pause(1)
    await pilot.press("right", "down", "enter")
    await picture(pilot, "explore")


async def query(pilot: Pilot[int]) -> None:
    """A question about the demo."""
    from nuvyn_tui.screens.query import QueryScreen

    sql = (
        "SELECT source_id, table_name, row_count, row_count_source, file_count\n"
        "FROM hive_metastore._executor_metadata.tables\nORDER BY row_count DESC"
    )
    app = pilot.app
    assert isinstance(app, NuvynApp)
    await app.open("query", lambda screen: screen.ask(sql) if isinstance(screen, QueryScreen) else None)
    await pilot.pause(1)
    await picture(pilot, "query")


async def sync(pilot: Pilot[int]) -> None:
    """The demo half sent to a warehouse."""
    from nuvyn_tui.screens.sync import SyncScreen

    def idle() -> bool:
        screen = pilot.app.screen
        return isinstance(screen, SyncScreen) and not screen.busy and bool(screen.query_one("#sources", Grid).rows)

    with tempfile.TemporaryDirectory() as folder:
        warehouse = Warehouse(Path(folder) / "volumes")
        os.environ |= warehouse.environ(DATABRICKS_SERVER_HOSTNAME=warehouse.address.replace("127.0.0.1", "localhost"))
        await pilot.app.switch_mode("sync")
        await until(pilot, idle)
        warehouse.fail("conflict", "INSERT INTO .*`tables`")
        warehouse.fail("slow", "INSERT INTO .*`files`", seconds=60)
        await pilot.press("s")
        await until(pilot, lambda: bool(warehouse.sent("INSERT INTO .*`files`")))
        await picture(pilot, "sync")
        await pilot.press("x")
        await until(pilot, idle)
        warehouse.close()


def transcript(page: str) -> None:
    """Run the commands of a page against a server, and write what they print now."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        with Api(Nuvyn(Path(folder)), ("--root", str(data)), env={}) as api:
            path = DOCS / page
            path.write_text(rewritten(path.read_text(), Shell(data, api.url.removeprefix("http://"))))


async def in_browser(home: Path) -> None:
    """The demo's run as a browser shows it."""
    with Web(Nuvyn(home)) as web:
        async with open_browser() as browser:
            page = await browser.page()
            await page.open(web.url)
            while "Press d for a demo" not in page.drawn:
                await page.evaluate("new Promise(done => setTimeout(done, 50))")
            await page.press("d")
            while "job completed" not in page.drawn:
                await page.evaluate("new Promise(done => setTimeout(done, 50))")
            await page.evaluate("new Promise(done => setTimeout(done, 1500))")
            (DOCS / "pictures" / "web.png").write_bytes(await page.picture())


def main() -> None:
    """Write everything anew."""
    write_reference()
    record(DEMO, DOCS / "pictures" / "demo.cast")
    transcript("http-api.md")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(in_browser(Path(folder)))
    (DOCS / "keys.md").write_text(key_table())
    home = Path(tempfile.gettempdir()) / "nuvyn"
    shutil.rmtree(home, ignore_errors=True)
    try:
        asyncio.run(pictures(home))
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
