"""S3 and what speaks its protocol, through s3fs: its session and client, our pages and ranges.

s3fs's own `find` and `cat_file` normalise paths; its client takes keys as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pyarrow as pa

from core.errors import Fault, SourceError
from core.sources.credentials import S3Credential
from core.sources.locations import Location
from core.sources.stores.base import Span
from core.sources.stores.faults import Place, fault
from core.sources.stores.keys import Root, Row

_CONNECT_S, _READ_S = 10, 60


class S3Store:
    """One bucket below a prefix."""

    def __init__(self, location: Location, credential: S3Credential, *, max_concurrency: int) -> None:
        try:
            import s3fs
        except ImportError as error:
            raise SourceError(
                Fault.MISSING_DRIVER, "reading S3 needs the package s3fs", hint="pip install 'nuvyn[s3]'"
            ) from error
        self.requests: Counter[str] = Counter()
        self._bucket = location.container
        self._root = Root(location.path, location.shown)
        self._place = Place(location.shown, credential.described)
        self._credential = credential
        self._max_concurrency = max_concurrency
        self._class = s3fs.S3FileSystem
        self._fs: Any = None
        self._client: Any = None

    async def pages(self) -> AsyncIterator[pa.RecordBatch]:
        async for page in self._root.pages(self._list):
            yield page

    async def read(self, key: str, spans: Sequence[Span]) -> list[bytes]:
        client = await self._connect()
        found = []
        for start, end in spans:
            self.requests["GET"] += 1
            try:
                answer = await client.get_object(
                    Bucket=self._bucket, Key=self._root.full(key), Range=f"bytes={start}-{end - 1}"
                )
                async with answer["Body"] as body:
                    found.append(await body.read())
            except Exception as error:
                raise fault(error, self._place, key=key) from error
        return found

    async def close(self) -> None:
        fs, self._fs, self._client = self._fs, None, None
        if fs is not None and fs._s3 is not None:
            await fs._s3.__aexit__(None, None, None)

    async def _list(self, prefix: str) -> AsyncIterator[list[Row]]:
        client = await self._connect()
        token: dict[str, str] = {}
        while True:
            self.requests["LIST"] += 1
            try:
                answer = await client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, **token)
            except Exception as error:
                raise fault(error, self._place) from error
            yield [(o["Key"], o["Size"], o.get("ETag"), o.get("LastModified")) for o in answer.get("Contents", ())]
            if not answer.get("IsTruncated"):
                return
            token = {"ContinuationToken": answer["NextContinuationToken"]}

    async def _connect(self) -> Any:
        if self._client is None:
            try:
                self._fs = self._filesystem(anonymous=self._credential.anonymous)
                self._client = await self._fs.set_session()
                if self._credential.chain and await self._without_credentials():
                    await self.close()
                    self._place = Place(self._place.shown, "no AWS credentials were found (anonymous)")
                    self._fs = self._filesystem(anonymous=True)
                    self._client = await self._fs.set_session()
            except Exception as error:
                raise fault(error, self._place) from error
        return self._client

    async def _without_credentials(self) -> bool:
        return await self._fs.session.get_credentials() is None

    def _filesystem(self, *, anonymous: bool) -> Any:
        use = self._credential
        config: dict[str, Any] = {
            "connect_timeout": _CONNECT_S,
            "read_timeout": _READ_S,
            "max_pool_connections": self._max_concurrency,
            # Tries are ours to count and to space out.
            "retries": {"max_attempts": 0},
        }
        if use.endpoint:
            config["s3"] = {"addressing_style": "path"}
        client: dict[str, Any] = {"region_name": use.region or ("us-east-1" if use.endpoint else None)}
        return self._class(
            anon=anonymous,
            key=use.access_key_id,
            secret=use.secret_access_key,
            token=use.session_token,
            profile=use.profile,
            endpoint_url=use.endpoint,
            client_kwargs={k: v for k, v in client.items() if v},
            config_kwargs=config,
            asynchronous=True,
            skip_instance_cache=True,
        )
