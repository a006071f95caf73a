"""Answers and exceptions of stores as designed errors."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from core.errors import Fault, SourceError
from core.secrets import register
from core.sources.locations import Kind, Location
from core.sources.stores.faults import Place, fault, refused, retry_after
from tests.sources.reading import opened, sizes

PLACE = Place("s3://lake/sales", "lake", "connection lake")
ANONYMOUS = Place("s3://lake/sales", "lake", "looked for everything", anonymous=True)


@pytest.mark.parametrize(
    ("status", "code", "expected", "transient"),
    [
        (503, "SlowDown", Fault.UNAVAILABLE, True),
        (503, "ServerBusy", Fault.UNAVAILABLE, True),
        (500, "InternalError", Fault.UNAVAILABLE, True),
        (429, None, Fault.UNAVAILABLE, True),
        (408, None, Fault.UNAVAILABLE, True),
        (400, "RequestTimeout", Fault.UNAVAILABLE, True),
        (403, "InvalidAccessKeyId", Fault.CREDENTIALS, False),
        (403, "SignatureDoesNotMatch", Fault.CREDENTIALS, False),
        (403, "AuthenticationFailed", Fault.CREDENTIALS, False),
        (400, "ExpiredToken", Fault.CREDENTIALS, False),
        (401, None, Fault.CREDENTIALS, False),
        (403, "AccessDenied", Fault.DENIED, False),
        (403, "AuthorizationPermissionMismatch", Fault.DENIED, False),
        (404, "NoSuchBucket", Fault.NOT_FOUND, False),
        (404, "ContainerNotFound", Fault.NOT_FOUND, False),
        (404, None, Fault.NOT_FOUND, False),
        (416, "InvalidRange", Fault.CORRUPT, False),
        (301, "PermanentRedirect", Fault.UNSUPPORTED, False),
        (400, "InvalidBucketName", Fault.UNSUPPORTED, False),
    ],
)
def test_what_a_server_answers(status: int, code: str | None, expected: Fault, transient: bool) -> None:
    error = refused(PLACE, status, code)
    assert (error.fault, error.transient) == (expected, transient)
    assert "s3://lake/sales" in error.message
    assert code is None or code in error.message or status == 416
    if expected in (Fault.CREDENTIALS, Fault.DENIED):
        assert "connection lake" in error.hint


@pytest.mark.parametrize(
    ("status", "code"), [(403, "AccessDenied"), (404, "ResourceNotFound"), (409, "PublicAccessNotPermitted")]
)
def test_without_credentials_a_refusal_says_what_was_looked_for(status: int, code: str) -> None:
    error = refused(ANONYMOUS, status, code)
    assert error.fault is Fault.DENIED
    assert "looked for everything" in error.hint


def test_an_expired_sas_is_called_that() -> None:
    late = Place("s3://lake", "lake", "the SAS in the URL", expires=datetime.now(UTC) - timedelta(seconds=1))
    assert "has expired" in refused(late, 403, "AuthenticationFailed").message
    detail = "Signature not valid in the specified time frame: Start [x] - Expiry [y] - Current [z]"
    assert "has expired" in refused(PLACE, 403, "AuthenticationFailed", detail=detail).message
    assert "has expired" not in refused(PLACE, 403, "AuthenticationFailed").message


def test_a_wrong_clock_is_called_that() -> None:
    assert "clock" in refused(PLACE, 403, "RequestTimeTooSkewed").hint


def test_how_long_a_server_asks_to_wait() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert retry_after({"Retry-After": "2.5"}) == 2.5
    assert retry_after({"x-ms-retry-after-ms": "1500", "retry-after": "9"}) == 1.5
    assert retry_after({"retry-after": soon}) == pytest.approx(90, abs=2)
    assert retry_after({"retry-after": "-3"}) == 0
    assert retry_after({"retry-after": "later"}) is None
    assert retry_after({}) is None


def test_secrets_of_a_servers_text_are_hidden() -> None:
    register("canary-of-the-server-0123")
    error = refused(PLACE, 400, "Odd", detail="you sent canary-of-the-server-0123", key="canary-of-the-server-0123")
    assert "canary" not in f"{error.message} {error.hint}"
    error = fault(RuntimeError("canary-of-the-server-0123"), PLACE)
    assert "canary" not in f"{error.message} {error.hint}"


def test_a_designed_error_stays_as_it_is() -> None:
    error = SourceError(Fault.EMPTY, "x")
    assert fault(error, PLACE) is error


async def test_a_host_that_does_not_exist() -> None:
    location = Location(Kind.S3, "s3", "lake", "", "s3://lake", endpoint="http://nosuchhost.invalid")
    async with opened(location) as store:
        with pytest.raises(SourceError, match="name is unknown") as caught:
            await sizes(store)
    assert caught.value.fault is Fault.UNAVAILABLE
    assert caught.value.transient
    assert "spelling" in caught.value.hint
    azure = Location(Kind.AZURE, "abfs", "lake", "", "x", account="a", endpoint="http://nosuchhost.invalid/a")
    async with opened(azure) as store:
        with pytest.raises(SourceError, match="name is unknown"):
            await sizes(store)
