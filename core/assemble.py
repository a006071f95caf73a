"""Listed and read files put together as tables: grouped, merged, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.accounts import Held
from core.catalog import CountSource, MergedColumn, Table, TypeSource
from core.formats.suffixes import strip_suffix
from core.grouping import Group, Member, Named, group
from core.listing import Listed
from core.merging import SchemaUse, merge
from core.partitions import place, value_type
from core.schemas import Said
from core.text import plural

_MAX_WARNINGS = 20
_MAX_VALUES = 3


@dataclass(frozen=True, slots=True)
class Assembled:
    """The tables of a source, by name; `facts` are what to remember of lakehouse tables, by root."""

    tables: tuple[Table, ...]
    facts: Mapping[str, str]


def assemble(
    listed: Sequence[Listed],
    lakehouses: Sequence[Held],
    root_name: str,
    named: Sequence[Named],
    sample_values: int,
) -> Assembled:
    """Make tables of what was read, and write each file's table into `listed`."""
    by_key = {entry.file.key: entry for entry in listed if entry.tables and entry.lakehouse is None}
    members = [
        Member(key, entry.file_type or "", entry.tables[0].schema.columns, key[len(strip_suffix(key)) :])
        for key, entry in by_key.items()
        if not _has_parts(entry)
    ]
    reserved = frozenset(held.lakehouse.root or root_name for held in lakehouses)
    groups = group(members, root_name=root_name, named=named, reserved=reserved)
    tables = [_table(found, by_key, sample_values) for found in groups]
    taken = {table.name for table in tables}
    for entry in by_key.values():
        if _has_parts(entry):
            bare = strip_suffix(entry.file.key)
            base = entry.file.key if any(f"{bare}/{said.part}" in taken for said in entry.tables) else bare
            parts = [_part_table(base, entry, said, sample_values) for said in entry.tables]
            taken.update(table.name for table in parts)
            tables.extend(parts)
    for table in tables:
        for key in table.keys:
            by_key[key].table_name = by_key[key].table_name or table.name
    for held in lakehouses:
        held.name_files()
    tables.extend(held.table for held in lakehouses if held.table is not None)
    facts = {held.lakehouse.root: text for held in lakehouses if (text := held.remembered) is not None}
    return Assembled(tuple(sorted(tables, key=lambda t: t.name)), facts)


def _has_parts(entry: Listed) -> bool:
    return len(entry.tables) > 1 or bool(entry.tables[0].part)


def _table(found: Group, by_key: dict[str, Listed], sample_values: int) -> Table:
    entries = [by_key[member.key] for member in found.members]
    uses: dict[str, list[Listed]] = {}
    for entry in entries:
        uses.setdefault(entry.tables[0].schema.key, []).append(entry)
    columns, warnings = merge(
        [SchemaUse(use[0].tables[0].schema.columns, len(use), use[0].file.key) for use in uses.values()],
        sample_values=sample_values,
        leave_out=frozenset(found.partitions),
    )
    said = [(entry.file.key, table) for entry in entries for table in entry.tables]
    row_count, source = _count([table for _, table in said])
    if row_count == 0:
        # A header without rows: nothing was null, nothing was seen.
        columns = [replace(c, type="string") if c.type == "void" and c.native_type == "text" else c for c in columns]
    notes = _notes(said)
    return Table(
        name=found.name,
        path=found.path,
        file_type=found.format,
        columns=(*columns, *_partition_columns(found)),
        row_count=row_count,
        row_count_source=source,
        size_bytes=sum(entry.file.size for entry in entries),
        file_count=len(entries),
        grouping=found.rule,
        partition_columns=found.partitions,
        warnings=_shortened([*found.warnings, *warnings, *notes]),
        keys=tuple(member.key for member in found.members),
        properties=_properties([table for _, table in said]),
    )


def _notes(said: Sequence[tuple[str, Said]]) -> list[str]:
    """What the files' readers warn of; what many of them say is said once."""
    by_text: dict[str, list[str]] = {}
    for key, table in said:
        for text in table.warnings:
            by_text.setdefault(text, []).append(key)
    if len(said) == 1:
        return list(by_text)
    return [
        f"{keys[0]}: {text}" if len(keys) == 1 else f"{keys[0]} and {plural(len(keys) - 1, 'other file')}: {text}"
        for text, keys in by_text.items()
    ]


def _properties(said: Sequence[Said]) -> dict[str, str]:
    """What the files' readers found out; where they differ, the usual values with how many files have each."""
    found: dict[str, Counter[str]] = {}
    for table in said:
        for name, value in table.properties:
            found.setdefault(name, Counter())[value] += 1
    return {
        name: next(iter(values))
        if values == {next(iter(values)): len(said)}
        else ", ".join(f"{value} ({plural(count, 'file')})" for value, count in values.most_common(_MAX_VALUES))
        for name, values in found.items()
    }


def _shortened(warnings: list[str]) -> tuple[str, ...]:
    if len(warnings) <= _MAX_WARNINGS:
        return tuple(warnings)
    return (*warnings[:_MAX_WARNINGS], f"and {len(warnings) - _MAX_WARNINGS} more warnings")


def _count(said: Sequence[Said]) -> tuple[int | None, CountSource | None]:
    """Rows over all files; an estimate in one makes the sum an estimate, an unknown makes it unknown."""
    total = 0
    for table in said:
        if table.row_count is None:
            return None, None
        total += table.row_count
    sources = [table.row_count_source for table in said]
    source = CountSource.ESTIMATED if CountSource.ESTIMATED in sources else sources[0]
    return total, source


def _partition_columns(found: Group) -> list[MergedColumn]:
    if not found.partitions:
        return []
    values: dict[str, set[str | None]] = {name: set() for name in found.partitions}
    present = dict.fromkeys(found.partitions, 0)
    for member in found.members:
        placed = dict(place(member.key).values)
        for name in found.partitions:
            values[name].add(placed.get(name))
            present[name] += name in placed
    return [
        MergedColumn(
            name=name,
            type=value_type(values[name]),
            nullable=True,
            is_partition=True,
            native_type=None,
            type_source=TypeSource.INFERRED,
            present_in_files=present[name],
        )
        for name in found.partitions
    ]


def _part_table(base: str, entry: Listed, said: Said, sample_values: int) -> Table:
    columns, warnings = merge([SchemaUse(said.schema.columns, 1, entry.file.key)], sample_values=sample_values)
    return Table(
        name=f"{base}/{said.part}",
        path=entry.file.key,
        file_type=entry.file_type or "",
        columns=tuple(columns),
        row_count=said.row_count,
        row_count_source=said.row_count_source,
        size_bytes=entry.file.size,
        file_count=1,
        grouping="one part of a file",
        warnings=(*warnings, *said.warnings),
        keys=(entry.file.key,),
        properties=_properties([said]),
    )
