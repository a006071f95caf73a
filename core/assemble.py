"""Listed and read files put together as tables: grouped, merged, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from sys import intern

from core.accounts import Held
from core.catalog import CountSource, MergedColumn, Table, TypeSource
from core.formats.suffixes import strip_suffix
from core.grouping import Group, Member, Named, group
from core.ledger import Ledger, Listed
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
    ledger: Ledger,
    lakehouses: Sequence[Held],
    root_name: str,
    named: Sequence[Named],
    sample_values: int,
) -> Assembled:
    """Make tables of what was read, and write each file's table into the ledger."""
    reserved = frozenset(held.lakehouse.root or root_name for held in lakehouses)
    groups = group(_members(ledger), root_name=root_name, named=named, reserved=reserved)
    tables = [_table(found, ledger, sample_values) for found in groups]
    tables.extend(_parts(ledger, {table.name for table in tables}, sample_values))
    for held in lakehouses:
        held.name_files()
    tables.extend(held.table for held in lakehouses if held.table is not None)
    facts = {held.lakehouse.root: text for held in lakehouses if (text := held.remembered) is not None}
    return Assembled(tuple(sorted(tables, key=lambda t: t.name)), facts)


def _members(ledger: Ledger) -> Iterator[Member]:
    """The files that say one table each, outside of lakehouse tables."""
    for start, page in ledger.listing.pages():
        for at, key in enumerate(page.column("key").to_pylist(), start):
            number = ledger.saying[at]
            if number >= 0 and ledger.lakehouses[at] is None:
                suffix = intern(key[len(strip_suffix(key)) :])
                yield Member(
                    at, ledger.listing.key, ledger.types[at] or "", ledger.sayings[number].schema.columns, suffix
                )


def _table(found: Group, ledger: Ledger, sample_values: int) -> Table:
    places = [member.at for member in found.members]
    sayings = {number: ledger.sayings[number] for number in dict.fromkeys(map(ledger.saying.__getitem__, places))}
    counts = Counter(map(ledger.saying.__getitem__, places))
    firsts = {ledger.saying[at]: at for at in reversed(places)}
    uses: dict[str, SchemaUse] = {}
    for number, said in sayings.items():
        key = said.schema.key
        use = uses.get(key, SchemaUse(said.schema.columns, 0, ledger.listing.key(firsts[number])))
        uses[key] = replace(use, count=use.count + counts[number])
    columns, warnings = merge(list(uses.values()), sample_values=sample_values, leave_out=frozenset(found.partitions))
    row_count = ledger.all_rows(places)
    if row_count == 0:
        # A header without rows: nothing was null, nothing was seen.
        columns = [replace(c, type="string") if c.type == "void" and c.native_type == "text" else c for c in columns]
    notes = _notes([(ledger.listing.key(firsts[number]), counts[number], said) for number, said in sayings.items()])
    for at in places:
        ledger.table_names[at] = found.name
    return Table(
        name=found.name,
        path=found.path,
        file_type=found.format,
        columns=(*columns, *_partition_columns(found)),
        row_count=row_count,
        row_count_source=None if row_count is None else _source(sayings.values()),
        size_bytes=sum(ledger.listing.size(at) for at in places),
        file_count=len(places),
        grouping=found.rule,
        partition_columns=found.partitions,
        warnings=_shortened([*found.warnings, *warnings, *notes]),
        properties=_properties([(counts[number], said) for number, said in sayings.items()]),
    )


def _notes(said: Sequence[tuple[str, int, Said]]) -> list[str]:
    """What the files' readers warn of, each with the first file and how many say so; said once."""
    by_text: dict[str, tuple[str, int]] = {}
    for key, count, table in said:
        for text in table.warnings:
            first, before = by_text.get(text, (key, 0))
            by_text[text] = (min(first, key), before + count)
    if sum(count for _, count, _ in said) == 1:
        return list(by_text)
    return [
        f"{key}: {text}" if count == 1 else f"{key} and {plural(count - 1, 'other file')}: {text}"
        for text, (key, count) in by_text.items()
    ]


def _properties(said: Sequence[tuple[int, Said]]) -> dict[str, str]:
    """What the files' readers found out; where they differ, the usual values with how many files have each."""
    found: dict[str, Counter[str]] = {}
    files = sum(count for count, _ in said)
    for count, table in said:
        for name, value in table.properties:
            found.setdefault(name, Counter())[value] += count
    return {
        name: next(iter(values))
        if values == {next(iter(values)): files}
        else ", ".join(f"{value} ({plural(count, 'file')})" for value, count in values.most_common(_MAX_VALUES))
        for name, values in found.items()
    }


def _shortened(warnings: list[str]) -> tuple[str, ...]:
    if len(warnings) <= _MAX_WARNINGS:
        return tuple(warnings)
    return (*warnings[:_MAX_WARNINGS], f"and {len(warnings) - _MAX_WARNINGS} more warnings")


def _source(said: Iterable[Said]) -> CountSource | None:
    """Where the count of all files comes from; an estimate in one makes the sum an estimate."""
    sources = [table.row_count_source for table in said]
    return CountSource.ESTIMATED if CountSource.ESTIMATED in sources else sources[0]


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


def _parts(ledger: Ledger, taken: set[str], sample_values: int) -> Iterator[Table]:
    """The tables of files that hold several (the sheets of a workbook), or one with a name of its own."""
    for at, parts in sorted(ledger.many.items()):
        if ledger.lakehouses[at] is not None:
            continue
        entry = ledger[at]
        key = entry.file.key
        bare = strip_suffix(key)
        base = key if any(f"{bare}/{said.part}" in taken for said in parts) else bare
        for said in parts:
            table = _part_table(base, entry, said, sample_values)
            taken.add(table.name)
            entry.table_name = entry.table_name or table.name
            yield table


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
        properties=_properties([(1, said)]),
    )
