"""The two verbs of a store: list pages of objects, read byte ranges of one object.

Every driver is one class with this protocol. A store is made for one location, is used from
one event loop, and counts its own requests. Keys are opaque: never globbed, decoded or
normalised, and relative to the location's root.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import pyarrow as pa

LISTING = pa.schema(
    [
        pa.field("key", pa.string(), nullable=False),
        pa.field("size", pa.int64(), nullable=False),
        pa.field("etag", pa.string()),
        pa.field("modified", pa.timestamp("us")),
    ]
)
"""A page of a listing. `key` is below the root, `size` in bytes, `modified` UTC without zone."""

Span = tuple[int, int]
"""A byte range: first byte, and the one after the last. Never empty."""


class Store(Protocol):
    """Where one source's objects are.

    Errors of both verbs are `SourceError`s: `transient` ones may be tried again by the caller
    (a store itself does not retry), others are final. For `read`, a `NOT_FOUND` means that the
    object vanished after it was listed.
    """

    @property
    def requests(self) -> Counter[str]:
        """Requests sent so far by kind: `LIST`, `GET` (and `HEAD`, which stays 0)."""
        ...

    @property
    def warnings(self) -> Sequence[str]:
        """What the listing had to leave out, in words for people; complete once it has ended."""
        ...

    def pages(self) -> AsyncIterator[pa.RecordBatch]:
        """The objects below the root as `LISTING` batches, as they arrive.

        Folder placeholders and empty objects are included; sizes come from the listing. An
        iterator with a true attribute `resumable` may be asked again after a transient fault,
        and then asks the server for the same page again; any other has ended with the fault.
        """
        ...

    async def read(self, key: str, spans: Sequence[Span]) -> list[bytes]:
        """The bytes of each span of one object, in order; one GET a span."""
        ...

    async def close(self) -> None:
        """Let go of connections; safe to call twice."""
        ...
