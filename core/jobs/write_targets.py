"""Where a job's rows are written beside the local mirror, and whether that was done."""

from __future__ import annotations

import os
from collections.abc import Mapping

_DATABRICKS = ("DATABRICKS_SERVER_HOSTNAME", "DATABRICKS_HTTP_PATH", "DATABRICKS_ACCESS_TOKEN")


def databricks_configured(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the environment names a Databricks warehouse to write to."""
    return all(environ.get(name) for name in _DATABRICKS)


def local_only_warning(write_to_db: bool) -> str | None:
    """What to tell a caller who asked for `write_to_db`, of which only the mirror was written."""
    if not write_to_db:
        return None
    if databricks_configured():
        return "only the local mirror is written: this version does not write to Databricks"
    missing = ", ".join(name for name in _DATABRICKS if not os.environ.get(name))
    return f"only the local mirror is written: {missing} not set"


def written_to_db(write_to_db: bool) -> bool:
    """Whether what was asked for is written once the mirror is committed."""
    return not (write_to_db and databricks_configured())
