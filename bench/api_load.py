"""The HTTP API under load: 64 connections on status and list while 20 jobs run, and 200 listeners on one job.

`python bench/api_load.py [SECONDS]` starts a server and an object store (a process each), and prints a table. It fails
on any answer that is not well, when a listener misses the end of a source, and when the server's memory grows by more
than a tenth while it answers. The client is a process of its own, so its garbage is not the server's latency.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.command import Nuvyn
from tests.servers.api import Api
from tests.servers.objects import ObjectServer

CONNECTIONS, JOBS, LISTENERS, LISTENED_SOURCES = 64, 20, 200, 10
OBJECTS, LATENCY_S = 1_000, 0.25
MOST_GROWTH = 1.10


def objects(ready: Connection) -> None:
    """An object store until it is told to end: a slow bucket, and a quick one a source."""
    with ObjectServer() as server:
        body = b"id,total\n1,2.5\n"
        slow = server.bucket({f"d{at % 20}/part-{at}.csv": body for at in range(OBJECTS)}, latency_s=LATENCY_S)
        quick = server.bucket({f"s{at}/a.csv": body for at in range(LISTENED_SOURCES)}, latency_s=LATENCY_S)
        ready.send((server.url, slow.name, quick.name))
        ready.recv()


def load(port: int, paths: list[str], seconds: float, result: Connection) -> None:
    """Ask on every connection for one path after the other; sends the seconds of each, and what was not well."""
    took: list[float] = []
    wrong: list[str] = []

    async def one(first: int, end: float) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        at = first
        while time.perf_counter() < end:
            path = paths[at % len(paths)]
            at += 1
            began = time.perf_counter()
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            took.append(time.perf_counter() - began)
            if not head.startswith(b"http/1.1 200"):
                wrong.append(f"{path}: {head[:40]!r}")
        writer.close()

    async def everything() -> None:
        end = time.perf_counter() + seconds
        await asyncio.gather(*(one(at, end) for at in range(CONNECTIONS)))

    asyncio.run(everything())
    result.send((took, wrong))


def listen(port: int, job_id: str, ready: Connection) -> None:
    """All listeners on one job; sends which sources' ends each has heard."""

    async def one() -> list[str]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET /jobs/{job_id}/events HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        lines = (await reader.read()).decode().split("\n")
        writer.close()
        found = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
        return [event["source_id"] for event in found if event.get("status") == "success"]

    async def everything() -> list[list[str]]:
        listeners = [asyncio.ensure_future(one()) for _ in range(LISTENERS)]
        await asyncio.sleep(0)
        ready.send("listening")
        return await asyncio.gather(*listeners)

    ready.send(asyncio.run(everything()))


def memory_mb(pid: int) -> float:
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main(seconds: float) -> int:
    """Start everything, load it, and judge."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    store = context.Process(target=objects, args=(there,))
    store.start()
    url, slow, quick = here.recv()
    home = Path(tempfile.mkdtemp(prefix="nuvyn-bench-"))
    env = {"NUVYN_PARALLEL_JOBS": str(JOBS + 1), "NUVYN_API_HOSTS": "127.0.0.1", "AWS_ENDPOINT_URL": url}
    with Api(Nuvyn(home), env=env) as api:
        port = int(api.url.rpartition(":")[2])
        jobs = [
            api.create({f"s{n}": f"s3://{slow}" for n in range(2)}, f"w{at}", options={"max_concurrency": 2})
            for at in range(JOBS)
        ]
        while api.get("/jobs/stats")["active_jobs"] < JOBS:
            time.sleep(0.2)

        paths = [path for job in jobs for path in (f"/jobs/{job}/status", "/jobs?limit=50")]
        result, sender = context.Pipe()
        before: float | None = None
        for length in (3.0, seconds):  # The first warms up: what stays of it is not growth.
            before = memory_mb(api.process.pid) if length == seconds else None
            client = context.Process(target=load, args=(port, paths, length, sender))
            client.start()
            took, wrong = result.recv()
            client.join()
        assert before is not None
        after = memory_mb(api.process.pid)
        running = api.get("/jobs/stats")["active_jobs"]
        took.sort()
        p50, p99 = (took[int(len(took) * share)] * 1e3 for share in (0.5, 0.99))
        names = ("calls", "a second", "p50 ms", "p99 ms", "max ms", "wrong", "MB before", "MB after")
        print(" ".join(f"{name:>9}" for name in names))
        values = (len(took), len(took) / seconds, p50, p99, took[-1] * 1e3, len(wrong), before, after)
        print(" ".join(f"{value:>9.1f}" for value in values), f"  ({running} of {JOBS} jobs still running)")

        with api.no_worker():
            job_id = api.create({f"l{at}": f"s3://{quick}/s{at}" for at in range(LISTENED_SOURCES)}, "listened")
            client = context.Process(target=listen, args=(port, job_id, sender))
            client.start()
            assert result.recv() == "listening"
        heard = result.recv()
        client.join()
        whole = sum(sorted(ends) == sorted(f"l{at}" for at in range(LISTENED_SOURCES)) for ends in heard)
        print(f"{whole} of {LISTENERS} listeners heard the end of all {LISTENED_SOURCES} sources")
        for job in jobs:
            api("DELETE", f"/jobs/{job}/cancel")
    here.send("end")
    store.join()
    for text in wrong[:5]:
        print(text)
    return int(bool(wrong) or whole < LISTENERS or after > before * MOST_GROWTH)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 30.0))
