"""The program itself: its version, and what of its optional parts is installed."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from importlib import metadata

from core import __version__
from core.doctor.findings import Finding, off, ok

_LIBRARIES = ("duckdb", "pyarrow", "textual", "pydantic", "obstore", "aiobotocore", "adlfs", "databricks-sql-connector")
EXTRAS = {
    "azure": ("adlfs", "azure-identity", "obstore"),
    "s3": ("s3fs", "obstore"),
    "databricks": ("databricks-sql-connector",),
    "postgresql": ("psycopg", "sqlalchemy"),
    "mysql": ("pymysql", "sqlalchemy"),
    "mssql": ("pymssql", "sqlalchemy"),
    "snowflake": ("snowflake-sqlalchemy",),
    "excel": ("python-calamine",),
    "api": ("fastapi", "uvicorn"),
    "web": ("textual-serve",),
    "spark": ("pyspark-client",),
}
"""The packages by which an extra works, by its name."""


def check_program() -> Iterator[Finding]:
    """Versions, and each extra."""
    python = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    yield ok("nuvyn", f"{__version__}, {python}, {sys.executable}")
    known = ((name, _version(name)) for name in _LIBRARIES)
    yield ok("libraries", ", ".join(f"{name} {version}" for name, version in known if version))
    missing = [name for name, packages in EXTRAS.items() if not all(map(_version, packages))]
    there = [name for name in EXTRAS if name not in missing]
    yield ok("extras", ", ".join(there) or "none")
    if missing:
        yield off("extras", f"not installed: {', '.join(missing)}", f"pip install 'nuvyn[{','.join(missing)}]'")


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
