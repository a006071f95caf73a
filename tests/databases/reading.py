"""Reads a database as a run does, in this process."""

from __future__ import annotations

import asyncio
from typing import Any

from core.databases.open import open_database
from core.extract import Extraction
from core.extract_database import extract_database
from core.formats.base import ReadOptions
from core.inspection import Collected
from core.planning import Request
from core.progress import Progress
from core.sources.locations import locate


class Read:
    """The sums, and the rows by table."""

    def __init__(self, url: str, *, row_counts: Any = "metadata", timeout_s: float = 30.0, **options: Any) -> None:
        location = locate(url, "database")
        connection, catalog = open_database(location, statement_timeout_s=timeout_s)
        request = Request("w", "s", location.shown, "root", ReadOptions(row_counts=row_counts), **options)
        sink = Collected()
        try:
            self.sums: Extraction = asyncio.run(
                extract_database(request, connection, catalog, location.scheme, sink, Progress())
            )
        finally:
            connection.close()
        self.tables = {row["table_name"]: row for row in sink.rows["tables"]}
        self._columns = sink.rows["columns"]

    def columns(self, table: str) -> list[dict[str, Any]]:
        return [row for row in self._columns if row["table_name"] == table]

    def types(self, table: str) -> dict[str, str]:
        return {row["column_name"]: row["data_type"] for row in self.columns(table)}

    def names(self, table: str, flag: str) -> list[str]:
        return [row["column_name"] for row in self.columns(table) if row[flag]]
