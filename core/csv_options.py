"""How delimited text is written, as a payload may say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """What the payload says of how delimited text is written; None is found out.

    `header` is how many rows name the columns (false: none), `skip` how many lines stand before
    them, `decimal` the mark in decimal numbers (`.` or `,`).
    """

    delimiter: str | None = None
    quote: str | None = None
    escape: str | None = None
    comment: str | None = None
    encoding: str | None = None
    header: bool | int | None = None
    skip: int | None = None
    decimal: str | None = None
