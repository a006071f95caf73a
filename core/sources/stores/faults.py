"""What went wrong with a store, as a designed error: which fault, whether to try again, what to check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from core.errors import Fault, SourceError
from core.secrets import mask
from core.sources.guard import Refused

_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_TRANSIENT_CODES = frozenset({"RequestTimeout", "SlowDown", "ServerBusy", "OperationTimedOut", "InternalError"})
_THROTTLED = frozenset({429, 503})
_THROTTLED_CODES = frozenset({"SlowDown", "ServerBusy"})
_REFUSED_CREDENTIALS = frozenset(
    {
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "InvalidToken",
        "ExpiredToken",
        "TokenRefreshRequired",
        "AuthenticationFailed",
        "InvalidAuthenticationInfo",
        "RequestTimeTooSkewed",
    }
)
_NO_CONTAINER = frozenset({"NoSuchBucket", "ContainerNotFound", "ContainerBeingDeleted"})
_ANONYMOUS_REFUSED = frozenset({"PublicAccessNotPermitted", "NoAuthenticationInformation", "ResourceNotFound"})
_NO_TOKEN = (
    "NoCredentialsError",
    "PartialCredentialsError",
    "CredentialRetrievalError",
    "ProfileNotFound",
    "ConfigNotFound",
    "ConfigParseError",
    "SSOError",
    "TokenRetrievalError",
    "NoAuthTokenError",
    "ClientAuthenticationError",
    "AzureSigningError",
)
_UNTRUSTED = ("SSLCertVerificationError", "CertificateError", "ClientSSLError", "SSLError")
_NO_NAME = ("gaierror", "ClientConnectorDNSError")
_SLOW = ("TimeoutError", "ReadTimeoutError", "ConnectTimeoutError", "FSTimeoutError")
_DROPPED = (
    "ConnectionError",
    "IncompleteReadError",
    "ClientConnectionError",
    "ClientPayloadError",
    "ClientOSError",
    "ServiceRequestError",
    "ServiceResponseError",
    "HTTPClientError",
    "EndpointConnectionError",
    "ConnectionClosedError",
    "ResponseStreamingError",
    "ResponseParserError",
)


@dataclass(frozen=True, slots=True)
class Place:
    """What error texts say of a store.

    Attributes:
        shown: the location for people, secret-free.
        container: the container or bucket; empty where there is none.
        credentials: where the credentials came from, or what was looked for when none was found.
        anonymous: whether requests carry no credentials.
        expires: when a SAS in use ends, UTC; None when unknown or never.
    """

    shown: str
    container: str = ""
    credentials: str = ""
    anonymous: bool = False
    expires: datetime | None = None

    @property
    def check(self) -> str:
        """What to check when the server refuses."""
        if self.anonymous:
            return f"no credentials were used: {self.credentials}"
        if not self.credentials:
            return ""
        what = f"`{self.container}`" if self.container else "this place"
        return f"the credentials came from {self.credentials}; check that they may list and read {what}"

    @property
    def expired(self) -> bool:
        return self.expires is not None and self.expires <= datetime.now(UTC)


def refused(
    place: Place,
    status: int | None,
    code: str | None,
    *,
    detail: str = "",
    key: str | None = None,
    retry_after: float | None = None,
) -> SourceError:
    """The error for a server's answer: its HTTP status, the service's error code and its text."""
    doing = f"reading {key} of {place.shown}" if key is not None else f"listing {place.shown}"
    said = " ".join(part for part in (code, f"(HTTP {status})" if status else "") if part)

    def error(fault: Fault, message: str, hint: str, *, transient: bool = False) -> SourceError:
        return SourceError(
            fault,
            mask(message),
            hint=mask(hint),
            transient=transient,
            throttled=transient and (status in _THROTTLED or code in _THROTTLED_CODES),
            retry_after=retry_after if transient else None,
        )

    if code in _TRANSIENT_CODES or (status in _TRANSIENT and code not in _REFUSED_CREDENTIALS):
        return error(
            Fault.UNAVAILABLE, f"{doing} failed: the server is busy: {said}", "try again later", transient=True
        )
    if code in _NO_CONTAINER:
        message = f"{place.shown}: there is no container or bucket `{place.container}`: {said}"
        return error(Fault.NOT_FOUND, message, "check the account, the endpoint and the name's spelling")
    if place.anonymous and (status in (401, 403) or code in _ANONYMOUS_REFUSED):
        return error(Fault.DENIED, f"{doing} was denied without credentials: {said}", place.check)
    if code == "RequestTimeTooSkewed":
        return error(Fault.CREDENTIALS, f"{doing} was denied: {said}", "this machine's clock is wrong: set it")
    if status in (401, 403) or code in _REFUSED_CREDENTIALS:
        text = detail.lower()
        late = place.expired or "expired" in text or "not valid in the specified time" in text
        if late or code == "ExpiredToken":
            hint = f"the credentials came from {place.credentials}; get a new SAS or token there"
            return error(Fault.CREDENTIALS, f"{doing} was denied: the SAS or token has expired: {said}", hint)
        fault = Fault.CREDENTIALS if status == 401 or code in _REFUSED_CREDENTIALS else Fault.DENIED
        return error(fault, f"{doing} was denied: {said}", place.check)
    if status == 404:
        hint = "it was deleted after it was listed" if key is not None else "check the path; names are exact"
        return error(Fault.NOT_FOUND, f"{doing} failed: it does not exist: {said}", hint)
    if status == 416:
        hint = "it is shorter than it was: run again when nothing writes there any more"
        return error(Fault.CORRUPT, f"{doing} failed: it changed since it was listed", hint)
    if status in (301, 307, 308):
        hint = "name the region: in the connection, in AWS_REGION, or in the URL"
        return error(Fault.UNSUPPORTED, f"{doing} failed: it is in another region: {said}", hint)
    return error(
        Fault.UNSUPPORTED, f"{doing} failed: the server refused the request: {said} {detail[:200]}".rstrip(), ""
    )


def fault(error: BaseException, place: Place, *, key: str | None = None) -> SourceError:
    """The error for what a store's library raised."""
    if isinstance(error, SourceError):
        return error
    for link in _chain(error):
        if isinstance(link, Refused):
            return link
    answer = _answer(error)
    if answer is not None:
        status, code, detail, headers = answer
        return refused(place, status, code, detail=detail, key=key, retry_after=retry_after(headers))
    doing = f"reading {key} of {place.shown}" if key is not None else f"listing {place.shown}"
    chain = _chain(error)

    def made(fault: Fault, message: str, hint: str, *, transient: bool = False) -> SourceError:
        return SourceError(fault, mask(f"{doing} failed: {message}"), hint=mask(hint), transient=transient)

    if _is(chain, *_NO_TOKEN):
        return made(Fault.CREDENTIALS, f"no valid credentials: {_short(error)}", place.check)
    if _is(chain, *_UNTRUSTED):
        hint = "check the endpoint; for an authority of your own set SSL_CERT_FILE or AWS_CA_BUNDLE"
        return made(Fault.UNAVAILABLE, f"the server's certificate is not trusted: {_short(chain[-1])}", hint)
    if _is(chain, *_NO_NAME):
        hint = "check the network, and the spelling of the account, bucket or endpoint: no server has that name"
        return made(Fault.UNAVAILABLE, "the server's name is unknown", hint, transient=True)
    if _is(chain, "ConnectionRefusedError"):
        hint = "check the endpoint's host and port, and that the server runs"
        return made(Fault.UNAVAILABLE, "the server does not accept connections", hint, transient=True)
    if _is(chain, *_SLOW):
        return made(Fault.TIMEOUT, "the server did not answer in time", "check the network and proxy", transient=True)
    if isinstance(error, FileNotFoundError):
        return made(Fault.NOT_FOUND, "it does not exist", "check the path; names are exact")
    if isinstance(error, PermissionError):
        return made(Fault.DENIED, f"access was denied: {_short(error)}", place.check)
    if _is(chain, *_DROPPED):
        return made(Fault.UNAVAILABLE, f"the connection broke: {_short(error)}", "check the network", transient=True)
    if _is(chain, "ParamValidationError"):
        return made(Fault.UNSUPPORTED, _short(error), "check the name of the bucket")
    return made(Fault.INTERNAL, f"{type(error).__name__}: {_short(error)}", place.check)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait (`Retry-After`, RFC 9110 10.2.3, or Azure's in ms); None when it doesn't."""
    lower = {name.lower(): value for name, value in headers.items()}
    for name, unit in (("x-ms-retry-after-ms", 1e-3), ("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        value = lower.get(name)
        if not value:
            continue
        try:
            return max(0.0, float(value) * unit)
        except ValueError:
            pass
        try:
            return max(0.0, parsedate_to_datetime(value).timestamp() - datetime.now(UTC).timestamp())
        except ValueError:
            pass
    return None


def _answer(error: BaseException) -> tuple[int | None, str | None, str, Mapping[str, str]] | None:
    """Status, code, text and headers of an answer that a library turned into an exception; None if it is none."""
    response: Any = getattr(error, "response", None)
    if isinstance(response, dict) and "Error" in response:  # botocore's ClientError
        meta = response.get("ResponseMetadata", {})
        code = str(response["Error"].get("Code") or "") or None
        status = meta.get("HTTPStatusCode")
        if code and code.isdigit():
            status, code = int(code), None
        return status, code, str(response["Error"].get("Message") or ""), meta.get("HTTPHeaders", {})
    status = getattr(error, "status", None)  # aiohttp's ClientResponseError
    if isinstance(status, int) and status >= 400:
        return status, None, "", getattr(error, "headers", None) or {}
    return None


def _chain(error: BaseException) -> list[BaseException]:
    """An exception and what caused it, outermost first, in the ways that the libraries write that down."""
    found: list[BaseException] = []
    link: Any = error
    while isinstance(link, BaseException) and link not in found:
        found.append(link)
        inner = getattr(link, "inner_exception", None) or getattr(link, "os_error", None)
        if inner is None and isinstance(kwargs := getattr(link, "kwargs", None), dict):
            inner = kwargs.get("error")
        link = inner if isinstance(inner, BaseException) else link.__cause__ or link.__context__
    return found


def _is(chain: list[BaseException], *names: str) -> bool:
    return any(cls.__name__ in names for link in chain for cls in type(link).__mro__)


def _short(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0][:300] if text else type(error).__name__
