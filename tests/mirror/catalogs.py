"""Catalogs of any size in a mirror, without any file behind them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from core.mirror.mirror import Mirror, Staged
from core.stage import Stage

NOON = datetime(2026, 1, 1, 12)


def commit_catalog(
    mirror: Mirror, folder: Path, workflow_id: str, source_id: str, tables: Mapping[str, Sequence[str]]
) -> None:
    """Commit a source with these tables and the names of their columns."""
    who = {"workflow_id": workflow_id, "source_id": source_id}
    place = hashlib.sha256(f"{workflow_id}:{source_id}".encode()).hexdigest()[:16]
    stage = Stage.begin(folder / place)
    columns = sum(map(len, tables.values()))
    counts = {"files_found": len(tables), "total_size_bytes": 100 * len(tables), "files_failed": 0}
    found = {"tables_found": len(tables), "columns_found": columns, "job_id": "j", "duration_s": 1.0}
    source = {"source_path": "/lake", "source_type": "local_filesystem", "extraction_timestamp": NOON}
    stage.write_rows("sources", [who | source | counts | found])
    size = {"row_count": 7, "row_count_source": "footer", "size_bytes": 100, "file_count": 1, "grouping": "one file"}
    stage.write_rows(
        "tables",
        [
            who | size | {"table_name": name, "file_path": name, "file_type": "parquet", "column_count": len(names)}
            for name, names in tables.items()
        ],
    )
    kind = {"data_type": "bigint", "is_nullable": True, "native_type": "INT64", "present_in_files": 1}
    stage.write_rows(
        "columns",
        [
            who | kind | {"table_name": table, "column_name": name, "position": at}
            for table, names in tables.items()
            for at, name in enumerate(names)
        ],
    )
    file = {"size_bytes": 100, "file_type": "parquet", "status": "read", "row_count": 7}
    stage.write_rows("files", [who | file | {"file_path": name, "table_name": name} for name in tables])
    stage.flush()
    stage.seal({})
    mirror.commit([Staged(workflow_id, source_id, "j", stage)], NOON)
