"""S3 and what speaks its protocol, through aiobotocore: the client that s3fs is built on.

s3fs's own verbs normalise keys and ask for more than they need; its client takes a key as it
is, and sends one request a page and one a range.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

from core.errors import Fault, SourceError
from core.secrets import register
from core.sources.credentials import S3Credential
from core.sources.guard import Guard
from core.sources.locations import Location
from core.sources.stores.base import Span
from core.sources.stores.faults import Place, fault
from core.sources.stores.obstore import CLIENT_OPTIONS, NO_RETRIES
from core.sources.stores.page import Page
from core.sources.stores.paging import PrefixPages
from core.sources.stores.s3_xml import PAGE, ListingParsers, spare_listings
from core.sources.stores.spans import fetch_spans, read_most

_CONNECT_S, _READ_S = 10, 60
_KEYS_FOR = timedelta(minutes=5)
_SCOPE = re.compile(r"Credential=[^/]*/\d+/([^/]+)/s3/")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_CREDENTIALS = (
    "looked for a connection, AWS_ACCESS_KEY_ID, AWS_PROFILE, the AWS configuration files and an instance role"
)


class S3Store:
    """One bucket below a path."""

    def __init__(
        self, location: Location, credential: S3Credential, *, max_concurrency: int, guard: Guard | None = None
    ) -> None:
        try:
            import aiobotocore.session  # noqa: F401 - asked for here, so that a missing extra is told at once
        except ImportError as error:
            raise SourceError(
                Fault.MISSING_DRIVER, f"{location.shown}: reading S3 needs s3fs", hint="pip install 'nuvyn[s3]'"
            ) from error
        self.requests: Counter[str] = Counter()
        self.warnings: list[str] = []
        self._bucket = location.container
        self._path, self._shown = location.path, location.shown
        self._max_concurrency = max_concurrency
        self._listing = self._pages()
        self.place = Place(location.shown, location.container, credential.described)
        self._credential = credential
        self._guard = guard
        self._opening = asyncio.Lock()
        self._stack = AsyncExitStack()
        self._client: Any = None
        self._signer: Any = None
        self._answered_at: _Service | None = None

    def pages(self) -> AsyncIterator[pa.RecordBatch]:
        self._listing = self._pages()
        return self._listing

    def whole(self, key: str) -> str:
        return self._listing.root + key

    async def twin(self) -> Any:
        service = self._answered_at
        if service is None:
            return None
        from obstore.store import S3Store as Twin

        given = {"skip_signature": True} if self._signer is None else {"credential_provider": self._keys}
        return Twin(
            self._bucket,
            endpoint=service.endpoint,
            region=service.region or "us-east-1",
            virtual_hosted_style_request=service.bucket_in_host,
            client_options=CLIENT_OPTIONS,
            retry_config=NO_RETRIES,
            **given,
        )

    async def read(self, key: str, spans: Sequence[Span]) -> list[bytes]:
        whole = self.whole(key)

        async def fetch(start: int, end: int) -> bytes:
            try:
                client = await self._open()
                answer = await client.get_object(Bucket=self._bucket, Key=whole, Range=f"bytes={start}-{end - 1}")
                # A server that knows no ranges answers 200 with everything.
                everything = answer["ResponseMetadata"]["HTTPStatusCode"] != 206
                async with answer["Body"] as body:
                    return await read_most(body, end - start, skip=start if everything else 0)
            except Exception as error:
                raise fault(error, self.place, key=key) from error

        return await fetch_spans(fetch, key, spans)

    async def close(self) -> None:
        await self._listing.close()
        self._client = None
        await self._stack.aclose()

    def _pages(self) -> PrefixPages:
        return PrefixPages(self._page, self._path, self._shown, at_once=self._max_concurrency)

    async def _page(self, prefix: str, token: str | None, one_level: bool) -> Page:
        more = {} if token is None else {"ContinuationToken": token}
        more |= {"Delimiter": "/"} if one_level else {}
        try:
            client = await self._open()
            answer = await client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, **more)
        except Exception as error:
            raise fault(error, self.place) from error
        page: Page | None = answer.get(PAGE)
        if page is not None:
            return page
        objects = answer.get("Contents", ())
        return Page(
            keys=[entry["Key"] for entry in objects],
            sizes=[entry["Size"] for entry in objects],
            etags=[entry.get("ETag") for entry in objects],
            modified=[_micros(entry.get("LastModified")) for entry in objects],
            token=answer.get("NextContinuationToken") if answer.get("IsTruncated") else None,
            folders=[entry["Prefix"] for entry in answer.get("CommonPrefixes", ())],
        )

    async def _open(self) -> Any:
        async with self._opening:
            if self._client is None:
                self._client = await self._connect()
        return self._client

    async def _connect(self) -> Any:
        from aiobotocore.config import AioConfig
        from aiobotocore.session import AioSession
        from botocore import UNSIGNED

        use = self._credential
        session = AioSession(profile=use.profile)
        # The default chain ends with the instance's metadata service, which is not there on most machines.
        session.set_config_variable("metadata_service_timeout", 1)
        session.set_config_variable("metadata_service_num_attempts", 1)
        parsers = session.get_component("response_parser_factory")
        session.register_component("response_parser_factory", ListingParsers(parsers))
        anonymous = use.anonymous
        if use.chain:
            self._signer = await session.get_credentials()
            anonymous = self._signer is None
        if use.access_key_id and not anonymous:
            from aiobotocore.credentials import AioCredentials

            self._signer = AioCredentials(use.access_key_id, use.secret_access_key, use.session_token)
        if self._signer is not None:
            await self._keys()
        described = _NO_CREDENTIALS if use.chain else use.described
        self.place = Place(
            self.place.shown, self._bucket, described if anonymous else use.described, anonymous=anonymous
        )
        endpoint = use.endpoint or (None if use.public else _configured_endpoint(session))
        config = AioConfig(
            connect_timeout=_CONNECT_S,
            read_timeout=_READ_S,
            max_pool_connections=self._max_concurrency,
            # The caller tries again: it counts the tries and spaces them out.
            retries={"mode": "standard", "total_max_attempts": 1},
            signature_version=UNSIGNED if anonymous else None,
            ignore_configured_endpoint_urls=True,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            # Servers of one's own seldom have a host name for each bucket.
            s3={"addressing_style": "path"} if endpoint else None,
            **({"http_session_cls": _guarded(self._guard)} if self._guard else {}),
        )
        keys = {} if anonymous else {"aws_access_key_id": use.access_key_id, "aws_session_token": use.session_token}
        secret = {} if anonymous else {"aws_secret_access_key": use.secret_access_key}
        client = await self._stack.enter_async_context(
            session.create_client(
                "s3",
                endpoint_url=endpoint,
                region_name=use.region or session.get_config_variable("region") or "us-east-1",
                config=config,
                **keys,
                **secret,
            )
        )
        client.meta.events.register("before-send.s3", self._sending)
        spare_listings(client.meta.events)
        return client

    async def _keys(self) -> dict[str, Any]:
        """The keys as they are now: those of a role are renewed."""
        frozen = await self._signer.get_frozen_credentials()
        register(frozen.secret_key)
        register(frozen.token)
        renewed = datetime.now(UTC) + _KEYS_FOR if hasattr(self._signer, "refresh_needed") else None
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": renewed,
        }

    def _sending(self, request: Any, event_name: str, **_: Any) -> None:
        """Count what is really sent, also what botocore adds, such as looking for a bucket's region."""
        kind = "HEAD" if request.method == "HEAD" else "LIST" if event_name.endswith("ListObjectsV2") else "GET"
        self.requests[kind] += 1
        if kind == "LIST":
            self._answered_at = _Service.of(request, self._bucket)


@dataclass(frozen=True, slots=True)
class _Service:
    """Where a bucket is, as the last request found it: botocore follows a bucket to its region."""

    endpoint: str
    bucket_in_host: bool
    region: str | None

    @classmethod
    def of(cls, request: Any, bucket: str) -> _Service:
        parts = urlsplit(request.url)
        signed = _SCOPE.search(str(request.headers.get("Authorization", "")))
        in_host = (parts.hostname or "").startswith(f"{bucket.lower()}.")
        return cls(f"{parts.scheme}://{parts.netloc}", in_host, signed[1] if signed else None)


def _guarded(guard: Guard) -> Any:
    """aiobotocore's session, connecting only where the guard lets it."""
    from aiobotocore.httpsession import AIOHTTPSession

    class Guarded(AIOHTTPSession):  # type: ignore[misc]  # the package has no types
        def __init__(self, *given: Any, connector_args: dict[str, Any] | None = None, **more: Any) -> None:
            super().__init__(*given, connector_args={**(connector_args or {}), **guard.connector()}, **more)

    return Guarded


def _configured_endpoint(session: Any) -> str | None:
    """`endpoint_url` of the profile in the AWS configuration file."""
    from botocore.configprovider import ConfiguredEndpointProvider

    found: str | None = ConfiguredEndpointProvider(
        session.full_config, session.get_scoped_config(), "s3", environ={}
    ).provide()
    return found


def _micros(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    past = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
    return (past.days * 86_400 + past.seconds) * 1_000_000 + past.microseconds
