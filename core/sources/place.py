"""What a location is: which kind of place, and where in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.errors import Fault, SourceError

_LONGEST = 600  # characters of a message


class Kind(StrEnum):
    """The kinds of place, by the names of `source_type` in answers and the mirror."""

    AZURE = "azure_blob"
    S3 = "aws_s3"
    LOCAL = "local_filesystem"
    OTHER = "fsspec"
    DATABASE = "database"


@dataclass(frozen=True, slots=True)
class Location:
    """Where a source is.

    Attributes:
        kind: which family of store.
        scheme: the URL scheme that fsspec or SQLAlchemy would use (`abfs`, `s3`, `file`, `gs`, `postgresql`).
        container: Azure container or S3 bucket; empty elsewhere.
        path: the prefix in the container, without a leading `/` unless the key has one; for a
            local location the absolute path; for any other URL what stands after `scheme://`,
            without secrets.
        account: Azure storage account, when the path names it.
        endpoint: URL of the service when it isn't the public one (emulators, S3-compatible servers).
        region: S3 region, when the path names it.
        secrets: secret parts taken out of the path (`sas`, `password`), never shown.
        url: for databases and other fsspec URLs, the URL with its secrets; never shown.
        shown: the path for people: as written, its secret parts as `***`.
    """

    kind: Kind
    scheme: str
    container: str
    path: str
    shown: str
    account: str | None = None
    endpoint: str | None = None
    region: str | None = None
    url: str = field(default="", repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


def unplaced(text: str, hint: str) -> SourceError:
    """The error for a path that names no place; `text` is masked already."""
    return SourceError(Fault.UNSUPPORTED, text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…", hint=hint)
