"""The lakehouse tables of a source: recalled or read, and what that makes of their files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.catalog import Column, CountSource, DataFile, FileStatus, Table, TableReading
from core.engines.accounts import Result
from core.lakehouse.base import Account, Folder
from core.lakehouse.facts import Facts, fingerprint, from_text, to_text
from core.ledger import Listed
from core.markers import Lakehouse, ignored_reason, is_log
from core.memory import Memory
from core.schemas import Said, SchemaPool

_NAMES = {"delta": "Delta Lake", "iceberg": "Iceberg", "hudi": "Hudi"}
_NOT_LIVE = "not in the table's current version"


@dataclass(slots=True)
class Held:
    """One lakehouse table and its listed files; `facts` or `result` once known."""

    lakehouse: Lakehouse
    entries: dict[str, Listed] = field(default_factory=dict)
    facts: Facts | None = None
    result: Result | None = None

    @property
    def folder(self) -> Folder:
        """The table's folder for its reader."""
        files = {key: entry.file for key, entry in self.entries.items()}
        return Folder(self.lakehouse.root, self.lakehouse.kind, files, self.log)

    @property
    def log(self) -> tuple[DataFile, ...]:
        """The files of its log."""
        return tuple(entry.file for key, entry in self.entries.items() if is_log(key, self.lakehouse))

    @property
    def table(self) -> Table | None:
        """The table, when its log could be read."""
        return self.facts.table if self.facts is not None else None

    def recall(self, memory: Memory) -> bool:
        """Take what the log said last time; False when it, or a live file, is another now."""
        text = memory.facts(self.lakehouse.root)
        if text is None:
            return False
        facts = from_text(text)
        if facts is None or facts.fingerprint != self._fingerprint(facts.failed, complete=facts.complete):
            return False
        known = {key: memory.recall(entry.at) for key, entry in self.entries.items() if memory.has(entry.at)}
        if len(known) != (facts.live or 0) or any(found is None for found in known.values()):
            return False
        self.facts = facts
        for key, entry in self.entries.items():
            found = known.get(key)
            if key in facts.failed:
                entry.status = FileStatus.FAILED
                entry.error, entry.file_type = facts.failed[key]
            elif found is None and (facts.live is not None or is_log(key, self.lakehouse)):
                self._set_aside(entry, facts.set_aside)
            elif found is None:
                continue  # whether it is live, the log did not tell
            else:
                entry.recall(found)
                entry.deleted = facts.deleted.get(key, 0)
        return True

    def claim(self, result: Result, pool: SchemaPool, memory: Memory, *, count_rows: bool) -> Iterator[str]:
        """Take what the log says; yields the keys of live files whose rows only they tell themselves."""
        self.result = result
        account = result.account
        blamed = result.blamed or (None if account else max(file.key for file in self.log))
        live = {file.key: file for file in account.files or () if file.key is not None} if account else {}
        said = _Sayings(account, pool) if account else None
        for key, entry in self.entries.items():
            file = live.get(key)
            if file is not None and said is not None:
                entry.deleted, entry.file_type = file.deleted, file.format
                known = memory.recall(entry.at) if file.rows is None and count_rows else None
                if known is not None and known.tables:
                    entry.recall(known)
                elif file.rows is None and count_rows:
                    yield key
                else:
                    entry.status = FileStatus.READ
                    entry.tables = said.of(file.rows if count_rows else None)
            elif account is not None and account.files is not None:
                self._set_aside(entry, account.set_aside)
            elif account is None and key == blamed:
                entry.status, entry.error, entry.lasting = FileStatus.FAILED, result.error, result.lasting
            elif is_log(key, self.lakehouse):
                entry.ignore("table log")

    def conclude(self, root_name: str, *, count_rows: bool) -> None:
        """Make the table, once all its files are known."""
        if self.result is None or self.result.account is None:
            return
        account = self.result.account
        rows, source, warnings = _rows(account, self.entries) if count_rows else (None, None, ())
        files = account.files
        inside = [entry.file.size for entry in self.entries.values() if entry.status is not FileStatus.IGNORED]
        sizes = inside if files is None else [file.size for file in files]
        root = self.lakehouse.root
        live = sum(bool(entry.tables) for entry in self.entries.values())
        failed = {
            key: (entry.error or "", entry.file_type)
            for key, entry in self.entries.items()
            if entry.status is FileStatus.FAILED
        }
        complete = files is not None and all(file.key is not None for file in files)
        self.facts = Facts(
            self._fingerprint(failed, complete=complete),
            Table(
                name=root or root_name,
                path=root,
                file_type=self.lakehouse.kind,
                columns=account.columns,
                row_count=rows,
                row_count_source=source,
                size_bytes=sum(sizes),
                file_count=len(sizes),
                grouping=f"{_NAMES[self.lakehouse.kind]} table folder",
                partition_columns=tuple(column.name for column in account.columns if column.is_partition),
                warnings=(*account.warnings, *warnings),
                comment=account.comment,
                properties=dict(account.properties),
            ),
            {key: entry.deleted for key, entry in self.entries.items() if entry.deleted},
            account.set_aside,
            failed,
            None if files is None else live,
            complete,
        )

    def name_files(self) -> None:
        """Write the table's name into its files, live ones and those of which it is not known."""
        for entry in self.entries.values():
            if self.table is not None and entry.status is not FileStatus.IGNORED:
                entry.table_name = self.table.name

    @property
    def remembered(self) -> str | None:
        """What to keep for the next run; nothing when something may end otherwise then."""
        if self.facts is None or not all(entry.lasting for entry in self.entries.values()):
            return None
        return to_text(self.facts)

    def _fingerprint(self, failed: Iterable[str], *, complete: bool) -> str:
        """What must be unchanged for all to be as it was: the log, files that could not be read, and while some live
        ones are not here, which others are."""
        read = [self.entries[key].file for key in failed if key in self.entries]
        return fingerprint([*self.log, *read], () if complete else self.entries)

    def _set_aside(self, entry: Listed, reasons: Mapping[str, str]) -> None:
        key, root = entry.file.key, self.lakehouse.root
        if is_log(key, self.lakehouse):
            entry.ignore("table log")
        else:
            below = key[len(root) :].lstrip("/")
            entry.ignore(reasons.get(key) or ignored_reason(below, entry.file.size) or _NOT_LIVE)


class _Sayings:
    """What each live file is taken to say: the table's schema, for the log speaks for all of them.

    Files of as many rows share one object: a table may have millions.
    """

    def __init__(self, account: Account, pool: SchemaPool) -> None:
        columns = tuple(
            Column(column.name, column.type, column.nullable, column.native_type, column.type_source)
            for column in account.columns
            if not column.is_partition
        )
        self._said = pool.say(TableReading(columns, None, None))
        self._source = account.row_count_source
        self._by_rows: dict[int | None, tuple[Said]] = {None: (self._said,)}

    def of(self, rows: int | None) -> tuple[Said]:
        """What a file of so many rows says."""
        found = self._by_rows.get(rows)
        if found is None:
            found = self._by_rows[rows] = (replace(self._said, row_count=rows, row_count_source=self._source),)
        return found


def _rows(account: Account, entries: Mapping[str, Listed]) -> tuple[int | None, CountSource | None, Sequence[str]]:
    """The table's rows: from its log, and from live files of which the log says nothing."""
    if not account.rows_certain or account.files is None:
        return account.rows, None if account.rows is None else account.row_count_source, ()
    total, source, unknown = 0, account.row_count_source, 0
    for file in account.files:
        rows = file.rows
        if rows is None and file.key is not None:
            tables = entries[file.key].tables
            rows, source = tables[0].row_count if tables else None, CountSource.FOOTER
        unknown += rows is None or rows < file.deleted
        total += (rows or 0) - file.deleted
    if unknown:
        reason = f"its log does not count those of {unknown} files, nor could these be read"
        return None, None, (f"rows are not known: {reason}",)
    return total, source, ()
