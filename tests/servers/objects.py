"""An S3 server in a thread that counts, delays, refuses and breaks on demand.

It speaks what a reader needs: path-style URLs, ListObjectsV2 and ranged GETs. It checks no
signatures. Every test takes a bucket of its own, so that counts don't mix.
"""

import asyncio
import bisect
import hashlib
import ssl
import threading
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, quote, unquote
from xml.sax.saxutils import escape

MODIFIED = "2026-01-02T03:04:05.000Z"
_HTTP_DATE = "Fri, 02 Jan 2026 03:04:05 GMT"


@dataclass
class Trouble:
    """What goes wrong with every `every`-th request (of one kind, or of any).

    `status` answers with that status; `drop` breaks the connection in the middle of the answer.
    """

    every: int = 1
    status: int = 503
    code: str = "SlowDown"
    kind: str | None = None
    drop: bool = False
    retry_after: str | None = None


@dataclass
class Bucket:
    """A bucket and how the server treats it; all of it may be changed at any time.

    `counts` has the requests by kind (`LIST`, `GET`, `HEAD`, `OTHER`), also those that were made to
    fail; `signed` those that carried credentials. With `redirect_to` every answer sends elsewhere.
    `latency_s` is waited before each answer, `body_pause_s` between the two halves of a body.
    """

    name: str
    url: str
    objects: dict[str, bytes]
    page_size: int = 1000
    latency_s: float = 0.0
    body_pause_s: float = 0.0
    trouble: Trouble | None = None
    redirect_to: str = ""
    signed: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    ranges: list[tuple[str, str | None]] = field(default_factory=list)
    most_in_flight: int = 0
    in_flight: int = 0

    def put(self, objects: Mapping[str, bytes]) -> None:
        self.objects.update(objects)


@dataclass(frozen=True)
class _Answer:
    status: str
    body: bytes
    headers: tuple[str, ...] = ()
    drop: bool = False


class ObjectServer:
    """Runs from `with` to its end; `url` is its endpoint."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._buckets: dict[str, Bucket] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="object-server", daemon=True)
        self._connections: set[asyncio.Task[None]] = set()
        self.url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024, ssl=self._tls), self._loop
        ).result()
        scheme = "https" if self._tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def bucket(self, objects: Mapping[str, bytes] | None = None, **settings: object) -> Bucket:
        """A fresh bucket that holds these objects; settings are `Bucket`'s fields."""
        name = f"t{uuid.uuid4().hex}"
        made = Bucket(name, self.url, dict(objects or {}), **settings)  # type: ignore[arg-type]
        self._buckets[name] = made
        return made

    async def _end(self) -> None:
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *fields = head.rstrip().split("\r\n")
        method, target, _ = line.split(" ", 2)
        headers = {name.strip().lower(): value.strip() for name, _, value in (text.partition(":") for text in fields)}
        if length := int(headers.get("content-length", 0)):
            await reader.readexactly(length)
        path, _, query = target.partition("?")
        name, _, key = path.removeprefix("/").partition("/")
        bucket = self._buckets.get(name)
        if bucket is None:
            return await _send(writer, method, _error(404, "NoSuchBucket"), 0.0)
        wanted = dict(parse_qsl(query, keep_blank_values=True))
        kind = method if method != "GET" else "LIST" if "list-type" in wanted else "GET" if key else "OTHER"
        bucket.counts[kind] += 1
        bucket.signed += "authorization" in headers
        if bucket.redirect_to:
            moved = _Answer("302 Found", b"", (f"Location: {bucket.redirect_to}",))
            return await _send(writer, method, moved, 0.0)
        bucket.in_flight += 1
        bucket.most_in_flight = max(bucket.most_in_flight, bucket.in_flight)
        try:
            if bucket.latency_s:
                await asyncio.sleep(bucket.latency_s)
            answer = _answer(bucket, kind, unquote(key), wanted, headers.get("range"))
            return await _send(writer, method, answer, bucket.body_pause_s)
        finally:
            bucket.in_flight -= 1


def _answer(bucket: Bucket, kind: str, key: str, wanted: Mapping[str, str], span: str | None) -> _Answer:
    trouble = bucket.trouble
    seen = bucket.counts[kind] if trouble and trouble.kind else bucket.counts.total()
    hit = trouble is not None and trouble.kind in (None, kind) and seen % trouble.every == 0
    if hit and trouble is not None and not trouble.drop:
        more = (f"Retry-After: {trouble.retry_after}",) if trouble.retry_after else ()
        return _error(trouble.status, trouble.code, more)
    good = _list(bucket, wanted) if kind == "LIST" else _get(bucket, key, span) if kind == "GET" else _error(400, "Bad")
    return _Answer(good.status, good.body, good.headers, drop=True) if hit else good


def _list(bucket: Bucket, wanted: Mapping[str, str]) -> _Answer:
    prefix = wanted.get("prefix", "")
    after = bytes.fromhex(wanted.get("continuation-token", "")).decode()
    keys = sorted((key for key in bucket.objects if key.startswith(prefix)), key=str.encode)
    encoded = [key.encode() for key in keys]
    start = bisect.bisect_right(encoded, after.encode()) if after else 0
    page = keys[start : start + bucket.page_size]
    more = start + len(page) < len(keys)
    write = quote if wanted.get("encoding-type") == "url" else escape
    entries = [
        f"<Contents><Key>{write(key)}</Key><LastModified>{MODIFIED}</LastModified>"
        f"<ETag>{_etag(bucket.objects[key])}</ETag><Size>{len(bucket.objects[key])}</Size></Contents>"
        for key in page
    ]
    token = f"<NextContinuationToken>{page[-1].encode().hex()}</NextContinuationToken>" if more else ""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>{bucket.name}</Name><Prefix>{write(prefix)}</Prefix><KeyCount>{len(page)}</KeyCount>"
        f"<EncodingType>{wanted.get('encoding-type', '')}</EncodingType>"
        f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{''.join(entries)}</ListBucketResult>"
    )
    return _Answer("200 OK", body.encode(), ("Content-Type: application/xml",))


def _get(bucket: Bucket, key: str, span: str | None) -> _Answer:
    bucket.ranges.append((key, span))
    data = bucket.objects.get(key)
    if data is None:
        return _error(404, "NoSuchKey")
    headers = (f"ETag: {_etag(data)}", f"Last-Modified: {_HTTP_DATE}", "Content-Type: application/octet-stream")
    if span is None:
        return _Answer("200 OK", data, headers)
    first, _, last = span.removeprefix("bytes=").partition("-")
    start, end = int(first), min(int(last) + 1, len(data)) if last else len(data)
    if start >= len(data):
        return _error(416, "InvalidRange")
    ranged = (*headers, f"Content-Range: bytes {start}-{end - 1}/{len(data)}")
    return _Answer("206 Partial Content", data[start:end], ranged)


def _etag(data: bytes) -> str:
    return f'"{hashlib.md5(data).hexdigest()}"'


def _error(status: int, code: str, headers: tuple[str, ...] = ()) -> _Answer:
    body = f"<Error><Code>{code}</Code><Message>made to fail</Message></Error>".encode()
    return _Answer(f"{status} {code}", body, ("Content-Type: application/xml", *headers))


async def _send(writer: asyncio.StreamWriter, method: str, answer: _Answer, pause_s: float) -> bool:
    head = "\r\n".join((f"HTTP/1.1 {answer.status}", f"Content-Length: {len(answer.body)}", *answer.headers))
    body = b"" if method == "HEAD" else answer.body
    half = len(body) // 2
    writer.write(head.encode("latin-1") + b"\r\n\r\n" + body[:half])
    await writer.drain()
    if answer.drop:
        return False
    if pause_s:
        await asyncio.sleep(pause_s)
    writer.write(body[half:])
    await writer.drain()
    return True
