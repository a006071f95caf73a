"""Server-sent events: in order, each once, resumable, and closed at the end."""

from __future__ import annotations

import threading
from pathlib import Path

from core.api.feeds import Feeds
from core.house import House
from core.jobs.requests import create
from core.payload.load import check
from core.settings import load_settings
from tests.command import Nuvyn
from tests.servers.api import Api, Event


def named(events: list[Event], name: str) -> list[Event]:
    return [event for event in events if event.name == name]


def test_every_source_is_told_and_the_line_is_closed_at_the_end(api: Api, opened: Path) -> None:
    job_id = api.create({"a": str(opened / "s0"), "b": str(opened / "s1"), "c": str(opened / "none")}, "events")
    events = list(api.events(job_id))
    ids = [event.id for event in events if event.id is not None]
    assert ids == sorted(set(ids))
    assert events[0].name == "created" and events[-1].name == "ended"
    assert events[-1].data["status"] == "partial"
    ends = {e.data["source_id"]: e.data for e in named(events, "source") if e.data["status"] != "running"}
    assert {name: end["status"] for name, end in ends.items()} == {"a": "success", "b": "success", "c": "failed"}
    assert (ends["a"]["files_found"], ends["a"]["tables_found"]) == (1, 1)
    assert ends["c"]["hint"] == "check the path's spelling"

    # Once more, from the middle: only what is later.
    assert [event.id for event in api.events(job_id, after=ids[2])] == ids[3:]
    # Nothing is later than the end: a browser that came again would come forever.
    assert api("GET", f"/jobs/{job_id}/events", headers={"Last-Event-ID": str(ids[-1])}).status == 204
    assert api("GET", f"/jobs/{job_id}/events", headers={"Last-Event-ID": "x"}).status == 400


def test_those_who_listen_from_the_start_and_who_come_later_hear_the_same(tmp_path: Path, opened: Path) -> None:
    heard: dict[str, list[Event]] = {}
    with Api(Nuvyn(tmp_path), ("--root", str(opened))) as api:
        with api.no_worker():
            job_id = api.create({"a": str(opened / "s0"), "b": str(opened / "s1")}, "listeners")

            def listen(name: str) -> None:
                heard[name] = [event for event in api.events(job_id) if event.id is not None]

            early = [threading.Thread(target=listen, args=(f"early {at}",)) for at in range(20)]
            for thread in early:
                thread.start()
        for thread in early:
            thread.join()
        listen("late")
    assert len(heard) == 21 and len({tuple(e.id for e in events) for events in heard.values()}) == 1
    assert [e.data["status"] for e in named(heard["late"], "source")].count("success") == 2


def test_a_retry_goes_on_where_the_events_ended(api: Api, opened: Path) -> None:
    job_id = api.create({"a": str(opened / "missing")}, "retried")
    last = [event.id for event in api.events(job_id)][-1]
    assert api("POST", f"/jobs/{job_id}/retry").status == 200
    events = list(api.events(job_id, after=last))
    assert events[0].name == "retry" and events[-1].name == "ended"


async def test_one_who_reads_slowly_keeps_nobody_from_a_retry(tmp_path: Path) -> None:
    settings = load_settings(home=str(tmp_path), environ={})
    with House(settings) as house:
        job_id = create(house.store, check({"workflow_id": "w", "data_source_path": "/x"}).accepted())
        feeds = Feeds(house.store)
        slow = feeds.listen(job_id, 0)
        first = await anext(slow)
        assert b"event: created" in first
        house.store.request_cancel(job_id)
        async for _ in feeds.listen(job_id, 0):
            pass  # The feed is over, and the slow one has not read that.
        house.store.requeue(job_id)
        again = feeds.listen(job_id, house.store.newest_event(job_id) - 1)
        assert b"event: retry" in await anext(again)
        house.store.request_cancel(job_id)
        assert b"event: ended" in [text async for text in again][-1]
        assert b"event: ended" in [text async for text in slow][-1]
        feeds.close()
