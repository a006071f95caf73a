"""Many files' schemas as one table's: columns in first-seen order, types widened without loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.catalog import Column, MergedColumn, TypeSource
from core.datatypes.spark import Scalar, family, parse, widen

_MAX_SAMPLES = 100


@dataclass(frozen=True, slots=True)
class SchemaUse:
    """A schema that `count` files share; `first` is the least key among them."""

    columns: tuple[Column, ...]
    count: int
    first: str


@dataclass(slots=True)
class _Seen:
    column: Column
    present: int = 0
    nullable: bool = False
    types: dict[str, str] = field(default_factory=dict)
    natives: set[str | None] = field(default_factory=set)
    samples: dict[str, None] = field(default_factory=dict)
    inferred: bool = True
    is_key: bool = True
    comment: str | None = None


def merge(
    uses: Sequence[SchemaUse], *, sample_values: int = 0, leave_out: frozenset[str] = frozenset()
) -> tuple[list[MergedColumn], list[str]]:
    """The columns of a table, and warnings about what does not fit.

    The outcome depends on the keys, not on the order of `uses`. Columns named in `leave_out`
    (partition columns that are also in the files) are dropped.
    """
    seen: dict[tuple[str, int], _Seen] = {}
    files = 0
    for use in sorted(uses, key=lambda u: u.first):
        files += use.count
        repeats: dict[str, int] = {}
        for column in use.columns:
            if column.name in leave_out:
                continue
            occurrence = repeats.get(column.name, 0)
            repeats[column.name] = occurrence + 1
            entry = seen.setdefault((column.name, occurrence), _Seen(column))
            entry.present += use.count
            entry.nullable |= column.nullable
            entry.types.setdefault(column.type, use.first)
            entry.natives.add(column.native_type)
            entry.inferred &= column.type_source is TypeSource.INFERRED
            entry.is_key &= column.is_key
            entry.comment = entry.comment or column.comment
            entry.samples.update(dict.fromkeys(column.samples[:_MAX_SAMPLES]))
    merged, warnings = [], []
    for (name, _), entry in seen.items():
        type_, warning = _one_type(name, entry)
        if warning:
            warnings.append(warning)
        merged.append(
            MergedColumn(
                name=name,
                type=type_,
                nullable=entry.nullable or entry.present < files,
                is_partition=False,
                native_type=next(iter(entry.natives)) if len(entry.natives) == 1 else None,
                type_source=entry.column.type_source,
                present_in_files=entry.present,
                type_variants=tuple(entry.types) if len(entry.types) > 1 else (),
                samples=tuple(entry.samples)[:sample_values],
                is_key=entry.is_key,
                comment=entry.comment,
            )
        )
    return merged, warnings


def _one_type(name: str, entry: _Seen) -> tuple[str, str | None]:
    texts = list(entry.types)
    if len(texts) == 1:
        return texts[0], None
    wide = parse(texts[0])
    for text in texts[1:]:
        found = widen(wide, parse(text)) or (_soften(wide, parse(text)) if entry.inferred else None)
        if found is None:
            return "string", (
                f"column {name} is {texts[0]} in {entry.types[texts[0]]} but {text} in {entry.types[text]};"
                " it is taken as string"
            )
        wide = found
    return str(wide), None


def _soften(a: object, b: object) -> Scalar | None:
    """Widening among types that were only guessed from text, where `1` and `1.5` are both numbers."""
    names = {str(a), str(b)}
    if names <= {"bigint", "double", "int", "float"}:
        return Scalar("double")
    if names <= {"date", "timestamp_ntz"}:
        return Scalar("timestamp_ntz")
    return None


def compatible(a: Sequence[Column], b: Sequence[Column]) -> bool:
    """Whether two schemas may be of one table.

    One's column names hold most of the other's, and at most a third of the shared columns differ
    in the kind of their type: one drifted column does not make another table, it is reported.
    """
    types_a, types_b = {c.name: c for c in a}, {c.name: c for c in b}
    shared = types_a.keys() & types_b.keys()
    if not shared:
        return not types_a or not types_b
    if 2 * len(shared) <= min(len(types_a), len(types_b)):
        return False
    conflicts = sum(_conflict(types_a[name], types_b[name]) for name in shared)
    return 3 * conflicts <= len(shared)


def _conflict(a: Column, b: Column) -> bool:
    if a.type == b.type:
        return False
    kinds = {family(parse(a.type)), family(parse(b.type))}
    if len(kinds) == 1 or "void" in kinds:
        return False
    guessed = a.type_source is b.type_source is TypeSource.INFERRED
    return not (guessed and "text" in kinds and not kinds & {"array", "struct", "map"})
