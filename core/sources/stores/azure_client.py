"""Signed requests below one Azure container."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, quote

from core.errors import Fault, SourceError
from core.secrets import register
from core.sources.credentials import LOOKED_FOR_AZURE, AzureCredential
from core.sources.guard import Guard
from core.sources.locations import Location
from core.sources.stores.base import Span
from core.sources.stores.faults import Place
from core.sources.stores.obstore import CLIENT_OPTIONS, NO_RETRIES
from core.sources.stores.spans import read_most

_CONNECT_S, _READ_S, _TOKEN_S = 10, 60, 20
MOST_PAGE = 64 << 20
_VERSION = "2023-11-03"
_SCOPE = "https://storage.azure.com/.default"


class AzureClient:
    """Opens on first use, since only then an event loop runs and a token can be asked for.

    Attributes:
        place: what errors say of it; final once it is open.
    """

    def __init__(
        self, location: Location, credential: AzureCredential, *, max_concurrency: int, guard: Guard | None = None
    ) -> None:
        if credential.account_url is None:
            raise SourceError(
                Fault.CREDENTIALS,
                f"{location.shown} names no storage account",
                hint="write abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/…, or set AZURE_STORAGE_ACCOUNT_NAME",
            )
        self.place = Place(
            location.shown,
            location.container,
            credential.described,
            anonymous=credential.anonymous,
            expires=credential.expires,
        )
        self._account_url = credential.account_url
        self._container = location.container
        self._credential = credential
        self._max_concurrency = max_concurrency
        self._guard = guard
        self._opening = asyncio.Lock()
        self._session: Any = None
        self._identity: Any = None
        self._pipeline: Any = None

    async def open(self) -> None:
        """Connect, if that was not done yet."""
        async with self._opening:
            if self._pipeline is None:
                self._pipeline = await self._connect()

    async def get(
        self, below: str, headers: Mapping[str, str], span: Span = (0, MOST_PAGE)
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body of the answer to one GET; `below` is encoded already.

        `span` is what is wanted: of an answer with everything (200) only that is kept.
        """
        from azure.core.pipeline.transport import HttpRequest

        request = HttpRequest("GET", f"{self._account_url}/{quote(self._container, safe='$')}{below}")
        request.headers.update({"x-ms-version": _VERSION, **headers})
        # Streamed, since the pipeline would parse and decompress a body that it loads.
        answer = (await self._pipeline.run(request, stream=True)).http_response
        response = answer.internal_response
        start, end = span
        data = await read_most(response.content, end - start, skip=0 if answer.status_code == 206 else start)
        if response.content.at_eof():
            response.release()
        else:
            # A server that sends more than was asked for; the line is of no further use.
            response.close()
        return answer.status_code, answer.headers, data

    async def twin(self) -> Any:
        """The container as a store of obstore's; None before it is open."""
        if self._pipeline is None:
            return None
        from obstore.store import AzureStore as Twin

        given = {"skip_signature": True} if self._signed is None else {"credential_provider": self._signed}
        return Twin(
            self._container,
            account_name=self._credential.account or "anonymous",
            endpoint=self._account_url,
            # The environment counts for nothing here: what it says was weighed before.
            use_emulator=False,
            client_options=CLIENT_OPTIONS,
            retry_config=NO_RETRIES,
            **given,
        )

    @property
    def _signed(self) -> Callable[[], Any] | None:
        """What signs a request, in obstore's words; None when nothing does."""
        use = self._credential
        if use.sas is not None:
            sas = parse_qsl(use.sas, keep_blank_values=True)
            return lambda: {"sas_token": sas, "expires_at": None}
        if use.account_key is not None:
            return lambda: {"access_key": use.account_key, "expires_at": None}
        if self._identity is not None:
            return partial(_bearer, self._identity)
        return None

    async def close(self) -> None:
        session, identity = self._session, self._identity
        self._session = self._identity = self._pipeline = None
        for owned in (session, identity):
            if owned is not None:
                await owned.close()

    async def _connect(self) -> Any:
        import aiohttp
        from azure.core.pipeline.transport import AioHttpTransport
        from azure.storage.blob.aio import ContainerClient

        credential = await self._sign_in()
        self._session = aiohttp.ClientSession(
            trust_env=True,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            connector=aiohttp.TCPConnector(
                limit=self._max_concurrency, **(self._guard.connector() if self._guard else {})
            ),
        )
        client = ContainerClient(
            self._account_url,
            self._container,
            credential=credential,
            transport=AioHttpTransport(
                session=_AsSigned(self._session),
                session_owner=False,
                connection_timeout=_CONNECT_S,
                read_timeout=_READ_S,
            ),
            # The caller tries again: it counts the tries and spaces them out.
            retry_total=0,
        )
        return client._pipeline

    async def _sign_in(self) -> Any:
        from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential

        use = self._credential
        if use.sas is not None:
            return AzureSasCredential(use.sas)
        if use.account_key is not None:
            return AzureNamedKeyCredential(use.account or "", use.account_key)
        return await self._token() if use.identity else None

    async def _token(self) -> Any:
        """azure-identity's default chain, or None (anonymous) when it gives no token."""
        try:
            from azure.core.exceptions import ClientAuthenticationError
            from azure.identity.aio import DefaultAzureCredential
        except ImportError:
            reason = "azure-identity is not installed"
        else:
            self._identity = DefaultAzureCredential(process_timeout=10)
            try:
                async with asyncio.timeout(_TOKEN_S):
                    await self._identity.get_token(_SCOPE)
                return self._identity
            except TimeoutError:
                reason = f"it gave no token within {_TOKEN_S} s"
            except ClientAuthenticationError as error:
                reason = (error.message or "it gave no token").strip().splitlines()[0][:200]
            await self._identity.close()
            self._identity = None
        text = f"{LOOKED_FOR_AZURE}, and azure-identity's default chain ({reason})"
        self.place = Place(self.place.shown, self._container, text, anonymous=True)
        return None


async def _bearer(identity: Any) -> dict[str, Any]:
    token = await identity.get_token(_SCOPE)
    register(token.token)
    return {"token": token.token, "expires_at": datetime.fromtimestamp(token.expires_on, UTC)}


class _AsSigned:
    """An aiohttp session that sends the path that was signed, and the query as it is written.

    The signature is over the path as yarl writes a bare path; of a whole URL yarl would also
    resolve `..`, and write a SAS anew.
    """

    def __init__(self, session: Any) -> None:
        self._session = session
        self.auto_decompress = False

    async def __aenter__(self) -> _AsSigned:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def request(self, method: str, url: str, **options: Any) -> Any:
        from yarl import URL

        address, mark, query = url.partition("?")
        start = address.index("/", address.index("//") + 2)
        sent = f"{address[:start]}{URL(address[start:])}{mark}{query}"
        return await self._session.request(method, URL(sent, encoded=True), **options)
