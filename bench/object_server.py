"""An object server to measure against: S3 and Azure Blob, read-only, that delays, refuses and counts.

`python bench/object_server.py` prints its port and serves until it is killed; `Server` does that for a benchmark. A
container is made when it is first asked for, from its name: `lake-FILES-TABLES` (Parquet in partition folders, see
`lake.py`) or `keys-COUNT-FOLDERS` (small objects). S3 is path style, Azure lies below `/devstoreaccount1`. No
signature is checked. `GET /_/set?latency_ms=&refuse_every=&most_in_flight=&fail_share=` says how to treat requests
from now on and starts the counting anew; `GET /_/make?name=` makes a container; `GET /_/stats` tells what was counted.
"""

from __future__ import annotations

import asyncio
import bisect
import json
import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, quote, unquote
from urllib.request import urlopen
from xml.sax.saxutils import escape

from lake import Container, container

_AZURE = "devstoreaccount1"
_S3_PAGE, _AZURE_PAGE = 1_000, 5_000
_ISO_TIME = "2026-01-02T03:04:05.000Z"
_HTTP_TIME = "Fri, 02 Jan 2026 03:04:05 GMT"
_ETAG = "9b2cf535f27731c974343645a3985328"
_LATE_S = 1.0
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Load:
    """Requests in flight: now, at most, and on average over the time that there were any."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self._began = self._changed = self._area = 0.0

    def change(self, by: int) -> None:
        moment = time.monotonic()
        self._began = self._began or moment
        self._area += self.now * (moment - (self._changed or moment))
        self._changed = moment
        self.now += by
        self.most = max(self.most, self.now)

    def mean(self) -> float:
        return self._area / (self._changed - self._began) if self._changed > self._began else 0.0


@dataclass
class State:
    """What the server serves, how, and what it counted."""

    latency_s: float = 0.0
    refuse_every: int = 0
    most_in_flight: int = 0
    fail_share: float = 0.0
    dice: random.Random = field(default_factory=lambda: random.Random(7))
    counts: Counter[str] = field(default_factory=Counter)
    body_bytes: int = 0
    gets: Load = field(default_factory=Load)
    seen: int = 0
    containers: dict[str, Container] = field(default_factory=dict)
    pages: dict[tuple[object, ...], bytes] = field(default_factory=dict)
    listed: Counter[tuple[object, ...]] = field(default_factory=Counter)

    def set(self, how: dict[str, str]) -> None:
        self.latency_s = float(how.get("latency_ms", 0)) / 1000
        self.refuse_every = int(how.get("refuse_every", 0))
        self.most_in_flight = int(how.get("most_in_flight", 0))
        self.fail_share = float(how.get("fail_share", 0))
        self.counts, self.gets, self.body_bytes, self.seen, self.listed = Counter(), Load(), 0, 0, Counter()

    def stats(self) -> dict[str, Any]:
        return {
            **{kind: self.counts[kind] for kind in ("LIST", "GET", "HEAD", "OTHER", "refused")},
            "prefixes": len({which[2] for which in self.listed}),
            "repeated": self.listed.total() - len(self.listed),
            "bytes": self.body_bytes,
            "most_in_flight": self.gets.most,
            "mean_in_flight": self.gets.mean(),
        }

    def container(self, name: str) -> Container | None:
        if name not in self.containers:
            made = container(name)
            if made is None:
                return None
            self.containers[name] = made
        return self.containers[name]


class Protocol(asyncio.Protocol):
    """One connection: requests one after another, each answered after the latency."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._received = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head, self._received = self._received[:end], self._received[end + 4 :]
            self._answer(head.decode("latin-1"))

    def _answer(self, head: str) -> None:
        line, *lines = head.split("\r\n")
        method, target, _ = line.split(" ", 2)
        headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
        path, _, query = target.partition("?")
        state = self._state
        asked = dict(parse_qsl(query, keep_blank_values=True))
        if path.startswith("/_/"):
            if path == "/_/set":
                state.set(asked)
            elif path == "/_/make":
                state.container(asked["name"])
            return self._send("200 OK", json.dumps(state.stats()).encode())
        if "expect" in headers:
            self._transport.write(_CONTINUE)
        parts = unquote(path).lstrip("/").split("/", 2 if path.startswith(f"/{_AZURE}") else 1)
        azure = parts[0] == _AZURE
        name, key = (*parts[azure:], "", "")[:2]
        lists = not key and (asked.get("comp") == "list" or "list-type" in asked)
        kind = "LIST" if lists else method if method in ("GET", "HEAD") else "OTHER"
        kind = "OTHER" if kind == "GET" and not key else kind
        state.counts[kind] += 1
        if kind == "GET":
            state.gets.change(+1)
            state.seen += 1
            busy = state.most_in_flight and state.gets.now > state.most_in_flight
            if busy or (state.refuse_every and state.seen % state.refuse_every == 0):
                state.counts["refused"] += 1
                code = "ServerBusy" if azure else "SlowDown"
                body = f"<Error><Code>{code}</Code><Message>too much at once</Message></Error>".encode()
                return self._later(kind, "503 Slow Down", body, f"x-ms-error-code: {code}\r\n" if azure else "")
        if state.fail_share and state.dice.random() < state.fail_share:
            return self._fail(kind)
        found = state.container(name)
        if found is None:
            body = b"<Error><Code>NoSuchBucket</Code><Message>no such container</Message></Error>"
            return self._later(kind, "404 Not Found", body, "x-ms-error-code: ContainerNotFound\r\n")
        if lists:
            return self._later(
                kind, "200 OK", self._page(azure, name, found, asked), "Content-Type: application/xml\r\n"
            )
        if not key:
            return self._later(kind, "200 OK", b"")
        body = found.read(key)
        if body is None:
            missing = b"<Error><Code>NoSuchKey</Code><Message>no such key</Message></Error>"
            return self._later(kind, "404 Not Found", missing, "x-ms-error-code: BlobNotFound\r\n")
        described = f'ETag: "{_ETAG}"\r\nLast-Modified: {_HTTP_TIME}\r\nAccept-Ranges: bytes\r\n'
        described += "x-ms-blob-type: BlockBlob\r\nx-ms-creation-time: " + _HTTP_TIME + "\r\n" if azure else ""
        if method == "HEAD":
            return self._later(kind, "200 OK", b"", described, len(body))
        span = headers.get("x-ms-range") or headers.get("range")
        if span is None:
            return self._later(kind, "200 OK", body, described)
        first, _, last = span.removeprefix("bytes=").partition("-")
        start = int(first) if first else max(0, len(body) - int(last))
        end = min(int(last) + 1, len(body)) if first and last else len(body)
        described += f"Content-Range: bytes {start}-{end - 1}/{len(body)}\r\n"
        return self._later(kind, "206 Partial Content", body[start:end], described)

    def _fail(self, kind: str) -> None:
        """Answer with a 503, break the connection, or be late and then break it."""
        self._state.counts["refused"] += 1
        how = self._state.dice.randrange(3)
        if how == 0:
            body = b"<Error><Code>ServiceUnavailable</Code><Message>made to fail</Message></Error>"
            return self._later(kind, "503 Service Unavailable", body, "x-ms-error-code: ServerBusy\r\n")
        if kind == "GET":
            self._state.gets.change(-1)
        asyncio.get_running_loop().call_later(0.0 if how == 1 else _LATE_S, self._transport.abort)
        return None

    def _page(self, azure: bool, name: str, found: Container, asked: dict[str, str]) -> bytes:
        token = asked.get("marker" if azure else "continuation-token")
        after = bytes.fromhex(token).decode() if token else asked.get("start-after", "")
        size = asked.get("maxresults" if azure else "max-keys")
        most = min(int(size), _AZURE_PAGE if azure else _S3_PAGE) if size else _AZURE_PAGE if azure else _S3_PAGE
        which = (
            azure,
            name,
            asked.get("prefix", ""),
            asked.get("delimiter", ""),
            after,
            most,
            "encoding-type" in asked,
        )
        self._state.listed[which] += 1
        if (page := self._state.pages.get(which)) is None:
            keys, folders, more = _level(found.keys, which[2], which[3], after, most)
            page = (_azure_page if azure else _s3_page)(name, found, keys, folders, more, which[2], bool(which[6]))
            self._state.pages[which] = page
        return page

    def _later(self, kind: str, status: str, body: bytes, headers: str = "", length: int | None = None) -> None:
        if self._state.latency_s:
            loop = asyncio.get_running_loop()
            loop.call_later(self._state.latency_s, self._finish, kind, status, body, headers, length)
        else:
            self._finish(kind, status, body, headers, length)

    def _finish(self, kind: str, status: str, body: bytes, headers: str, length: int | None) -> None:
        if kind == "GET":
            self._state.gets.change(-1)
            self._state.body_bytes += len(body)
        self._send(status, body, headers, length)

    def _send(self, status: str, body: bytes, headers: str = "", length: int | None = None) -> None:
        size = len(body) if length is None else length
        if not self._transport.is_closing():
            self._transport.write(
                f"HTTP/1.1 {status}\r\n{headers}Content-Length: {size}\r\n\r\n".encode("latin-1") + body
            )


def _level(
    keys: list[str], prefix: str, delimiter: str, after: str, most: int
) -> tuple[list[str], list[str], str | None]:
    """A page of a listing: keys, folders, and after what to go on."""
    at = bisect.bisect_left(keys, prefix)
    if after:
        at = max(at, bisect.bisect_right(keys, after))
    found: list[str] = []
    folders: list[str] = []
    last = after
    while at < len(keys) and keys[at].startswith(prefix):
        if len(found) + len(folders) == most:
            return found, folders, last
        end = keys[at].find(delimiter, len(prefix)) if delimiter else -1
        if end >= 0:
            folders.append(keys[at][: end + 1])
            last = folders[-1] + "\U0010ffff"
            at = bisect.bisect_left(keys, last, at)
        else:
            last = keys[at]
            found.append(last)
            at += 1
    return found, folders, None


def _s3_page(
    name: str, found: Container, keys: list[str], folders: list[str], more: str | None, prefix: str, encoded: bool
) -> bytes:
    shown = quote if encoded else escape
    token = f"<NextContinuationToken>{more.encode().hex()}</NextContinuationToken>" if more else ""
    return "".join(
        (
            '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
            f"<Name>{name}</Name><Prefix>{shown(prefix)}</Prefix><KeyCount>{len(keys) + len(folders)}</KeyCount>",
            "<EncodingType>url</EncodingType>" if encoded else "",
            f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>{token}",
            *(
                f"<Contents><Key>{shown(key)}</Key><LastModified>{_ISO_TIME}</LastModified><ETag>&quot;{_ETAG}&quot;</ETag>"
                f"<Size>{found.size(key)}</Size><StorageClass>STANDARD</StorageClass></Contents>"
                for key in keys
            ),
            *(f"<CommonPrefixes><Prefix>{shown(each)}</Prefix></CommonPrefixes>" for each in folders),
            "</ListBucketResult>",
        )
    ).encode()


def _azure_page(
    name: str, found: Container, keys: list[str], folders: list[str], more: str | None, prefix: str, encoded: bool
) -> bytes:
    del encoded
    return "".join(
        (
            '\ufeff<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="http://127.0.0.1/"'
            f' ContainerName="{name}"><Prefix>{escape(prefix)}</Prefix><Blobs>',
            *(
                f"<Blob><Name>{escape(key)}</Name><Properties><Creation-Time>{_HTTP_TIME}</Creation-Time><Last-Modified>"
                f"{_HTTP_TIME}</Last-Modified><Etag>0x8D9</Etag><Content-Length>{found.size(key)}</Content-Length>"
                "<Content-Type>application/octet-stream</Content-Type><Content-Encoding /><Content-Language />"
                "<Content-CRC64 /><Content-MD5 /><Cache-Control /><Content-Disposition /><BlobType>BlockBlob</BlobType>"
                "<AccessTier>Hot</AccessTier><AccessTierInferred>true</AccessTierInferred><LeaseStatus>unlocked"
                "</LeaseStatus><LeaseState>available</LeaseState><ServerEncrypted>true</ServerEncrypted></Properties>"
                "<OrMetadata /></Blob>"
                for key in keys
            ),
            *(f"<BlobPrefix><Name>{escape(each)}</Name></BlobPrefix>" for each in folders),
            f"</Blobs><NextMarker>{more.encode().hex() if more else ''}</NextMarker></EnumerationResults>",
        )
    ).encode()


class Server:
    """The object server in a process of its own."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    def set(
        self, *, latency_ms: float = 0, refuse_every: int = 0, most_in_flight: int = 0, fail_share: float = 0
    ) -> None:
        """Say how to treat requests, and start the counting anew."""
        how = f"latency_ms={latency_ms}&refuse_every={refuse_every}&most_in_flight={most_in_flight}"
        self._ask(f"set?{how}&fail_share={fail_share}")

    def prepare(self, name: str) -> None:
        """Make a container, which takes seconds, before anyone is measured who asks for it."""
        self._ask(f"make?name={name}")

    def stats(self) -> dict[str, Any]:
        """Requests by kind, bytes of the objects sent, GETs in flight: at most, and on average."""
        return self._ask("stats")

    def environ(self) -> dict[str, str]:
        """Variables by which S3 and Azure clients find it."""
        azure = f"{self.url}/{_AZURE}"
        return {
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench-secret",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AZURE_STORAGE_CONNECTION_STRING": f"DefaultEndpointsProtocol=http;AccountName={_AZURE};"
            f"AccountKey=YmVuY2g=;BlobEndpoint={azure};",
        }

    def _ask(self, what: str) -> dict[str, Any]:
        with urlopen(f"{self.url}/_/{what}") as answer:
            found: dict[str, Any] = json.load(answer)
        return found


async def serve() -> None:
    """Print the port and answer for as long as the process lives."""
    state = State()
    server = await asyncio.get_running_loop().create_server(lambda: Protocol(state), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    import uvloop

    uvloop.run(serve())
