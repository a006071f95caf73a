"""Exceptions of the store libraries as designed errors: which fault, whether to try again, what to check."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import time
from typing import Any

from core.errors import Fault, SourceError
from core.secrets import mask

_TRANSIENT_STATUS = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
_BAD_CREDENTIALS = frozenset(
    {
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "ExpiredToken",
        "InvalidToken",
        "AuthenticationFailed",
        "InvalidAuthenticationInfo",
        "NoAuthenticationInformation",
        "AuthorizationHeaderMalformed",
    }
)
_MISSING = frozenset({"NoSuchBucket", "ContainerNotFound", "NoSuchKey", "BlobNotFound", "ResourceNotFound"})
_DROPPED = (ConnectionError, TimeoutError, asyncio.TimeoutError, asyncio.IncompleteReadError)
_DROPPED_NAMES = frozenset(
    {
        "ServiceRequestError",
        "ServiceResponseError",
        "IncompleteReadError",
        "HttpResponseParseError",
        "EndpointConnectionError",
        "ConnectTimeoutError",
        "ReadTimeoutError",
        "ConnectionClosedError",
        "HTTPClientError",
        "ResponseStreamingError",
        "ClientPayloadError",
        "ClientConnectorError",
        "ServerDisconnectedError",
        "ClientOSError",
        "ServiceRequestTimeoutError",
        "ServiceResponseTimeoutError",
        "FSTimeoutError",
    }
)


@dataclass(frozen=True, slots=True)
class Place:
    """What error texts say of a store: the path for people, and whose credentials were used."""

    shown: str
    credentials: str


def fault(error: BaseException, place: Place, *, key: str | None = None) -> SourceError:
    """The designed error for what a store library raised."""
    if isinstance(error, SourceError):
        return error
    status, code, retry_after = _answer(error)
    what = mask(f"{place.shown} (object {key})" if key is not None else place.shown)
    check = f"credentials: {place.credentials}; check that they are right and may list and read this place"
    detail = mask(code or f"status {status}")
    if code in _BAD_CREDENTIALS or status == 401:
        expired = " (a SAS or token may have expired)" if "expired" in str(error).lower() else ""
        return SourceError(
            Fault.CREDENTIALS, f"{what}: the credentials were refused{expired}: {detail}", hint=mask(check)
        )
    if code in _MISSING or status == 404:
        return SourceError(Fault.NOT_FOUND, f"{what} does not exist: {detail}", hint="check the path; names are exact")
    if status == 416:
        return SourceError(Fault.CORRUPT, f"{what} is shorter than it was listed", hint="it changed during the run")
    if status == 403:
        return SourceError(Fault.DENIED, f"{what}: access was denied: {detail}", hint=mask(check))
    if status in _TRANSIENT_STATUS:
        return SourceError(
            Fault.UNAVAILABLE,
            f"{what} is not available now: {detail}",
            hint="try again later",
            transient=True,
            retry_after=retry_after,
        )
    if _caused_by(error, "CertificateError", "SSLError", "SSLCertVerificationError"):
        return SourceError(
            Fault.UNAVAILABLE, f"{what}: the server's certificate is not trusted", hint="check the endpoint's host name"
        )
    if _dropped(error):
        return SourceError(
            Fault.UNAVAILABLE,
            f"{what} could not be reached: {_short(error)}",
            hint="check the network, and that the account, bucket or endpoint is written right",
            transient=True,
        )
    if isinstance(error, FileNotFoundError):
        return SourceError(Fault.NOT_FOUND, f"{what} does not exist", hint="check the path; names are exact")
    if isinstance(error, PermissionError):
        return SourceError(Fault.DENIED, f"{what}: access was denied: {_short(error)}", hint=mask(check))
    if type(error).__name__ in ("NoCredentialsError", "PartialCredentialsError", "ClientAuthenticationError"):
        return SourceError(Fault.CREDENTIALS, f"{what}: no credentials: {_short(error)}", hint=mask(check))
    if type(error).__name__ == "ProfileNotFound":
        return SourceError(Fault.CREDENTIALS, f"{what}: {_short(error)}", hint="name a profile that exists")
    return SourceError(Fault.UNAVAILABLE, f"{what} failed: {_short(error)}", hint=mask(check))


def _answer(error: BaseException) -> tuple[int | None, str | None, float | None]:
    """Status, error code and `Retry-After` of a server's answer, from whichever library."""
    response: Any = getattr(error, "response", None)
    if isinstance(response, dict):  # botocore
        meta = response.get("ResponseMetadata", {})
        code = str(response.get("Error", {}).get("Code", "")) or None
        headers = meta.get("HTTPHeaders", {})
        status = meta.get("HTTPStatusCode")
        if code and code.isdigit():
            status, code = int(code), None
        return status, code, _seconds(headers.get("retry-after"))
    status = getattr(error, "status_code", None) or getattr(error, "status", None)
    code = getattr(error, "error_code", None)
    headers = getattr(response, "headers", None) or {}
    code = code or headers.get("x-ms-error-code")
    return (
        status if isinstance(status, int) else None,
        str(getattr(code, "value", code)) if code else None,
        _seconds(headers.get("Retry-After")),
    )


def _seconds(value: str | None) -> float | None:
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time())
    except ValueError:
        return None


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__ or getattr(error, "inner_exception", None)
    return found


def _caused_by(error: BaseException, *names: str) -> bool:
    return any(name in cls.__name__ for link in _chain(error) for cls in type(link).__mro__ for name in names)


def _dropped(error: BaseException) -> bool:
    return any(
        isinstance(link, _DROPPED) or any(cls.__name__ in _DROPPED_NAMES for cls in type(link).__mro__)
        for link in _chain(error)
    )


def _short(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return mask(text[0][:300]) if text else type(error).__name__
