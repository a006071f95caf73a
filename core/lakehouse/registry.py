"""The table formats whose own account is read, in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from core.lakehouse.base import Folder, Steps
from core.lakehouse.delta.table import read_delta
from core.lakehouse.hudi import read_hudi
from core.lakehouse.iceberg.table import read_iceberg

READERS: Mapping[str, Callable[[Folder], Steps]] = {"delta": read_delta, "iceberg": read_iceberg, "hudi": read_hudi}
