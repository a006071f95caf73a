"""Rows of a source vanish only when it is sure that what they tell of is gone.

A bucket that was emptied and one whose path is spelt wrong, or whose disk is not mounted, are listed alike. So a
listing with much less in it than the last one is not taken before somebody says that it is right.
"""

from __future__ import annotations

from core.errors import Fault, SourceError
from core.extract import Extraction
from core.text import plural

_LEAST_LEFT = 4
"""What is left must be at least one in so many."""


def check_shrink(before: int, done: Extraction, *, most: int | None) -> None:
    """Compare a listing with how many objects (a database's tables) there were before.

    One that was stopped after `most` objects, as the option `max_files` says, is as it should be.

    Raises:
        SourceError: too few are left, or fewer than before and some folders could not be listed.
    """
    now, noun = (done.listed, "object") if done.listed else (done.tables_found, "table")
    if most is not None and now >= most:
        return
    if now * _LEAST_LEFT < before:
        found = "nothing is" if not now else f"only {plural(now, noun)} {'is' if now == 1 else 'are'}"
        reason = f"{found} there where {before:,} were before"
    elif now < before and not done.complete:
        reason = f"a folder could not be listed, and {plural(now, noun)} of {before:,} are left"
    else:
        return
    raise SourceError(
        Fault.SHRUNK,
        f"{reason}; the rows of the last run are kept",
        hint="look whether the path is right and all of it can be read; if so, run it with --accept-shrink, or with"
        " the option accept_shrink",
    )
