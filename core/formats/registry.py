"""The formats that are read, in one place."""

from __future__ import annotations

from core.formats.arrow import Arrow
from core.formats.avro import Avro
from core.formats.base import Format
from core.formats.csv import Csv
from core.formats.duckdbfile import DuckDb
from core.formats.excel import Excel
from core.formats.json import Json
from core.formats.orc import Orc
from core.formats.parquet import Parquet
from core.formats.sqlite import Sqlite

ARROW: Format = Arrow()
PARQUET: Format = Parquet()
CSV: Format = Csv()
JSON: Format = Json()
EXCEL: Format = Excel()
SQLITE: Format = Sqlite()
DUCKDB: Format = DuckDb()

FORMATS: tuple[Format, ...] = (PARQUET, Orc(), Avro(), ARROW, EXCEL, SQLITE, DUCKDB, JSON, CSV)

DATABASES: tuple[Format, ...] = (SQLITE, DUCKDB)

ISOLATED: tuple[Format, ...] = (EXCEL, *DATABASES)
"""Read in a process of their own (`core.engines.isolated`): large libraries take in the whole of the file."""
