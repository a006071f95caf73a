"""The formats that are read, in one place."""

from __future__ import annotations

from core.formats.arrow import Arrow
from core.formats.avro import Avro
from core.formats.base import Format
from core.formats.csv import Csv
from core.formats.excel import Excel
from core.formats.json import Json
from core.formats.orc import Orc
from core.formats.parquet import Parquet

ARROW: Format = Arrow()
PARQUET: Format = Parquet()
CSV: Format = Csv()
JSON: Format = Json()
EXCEL: Format = Excel()

FORMATS: tuple[Format, ...] = (PARQUET, Orc(), Avro(), ARROW, EXCEL, JSON, CSV)

ISOLATED: tuple[Format, ...] = (EXCEL,)
"""Read in a process of their own (`core.engines.isolated`): large libraries take in the whole of the file."""
