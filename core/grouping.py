"""Which files make one table.

The rules, in this order; each table says which one made it:

1. what the payload's `tables` option names;
2. a lakehouse folder (decided before, from the listing: `core.markers`);
3. partition folders: `key=value`, and date ladders;
4. a series of names in one folder, with compatible schemas;
5. any other file by itself. Two formats are never one table, sibling folders neither.

The outcome depends on the set of files only, never on the order they were listed in.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from sys import intern

from core.catalog import Column
from core.merging import compatible
from core.partitions import Placed, place

_SEPARATORS = " _-.,()[]"
_HEX = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?=[0-9a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,}",
    re.IGNORECASE,
)
_MONTHS = re.compile(r"(?<![a-z])(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*(?![a-z])", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")
_ONE_DIGIT = str.maketrans("123456789", "000000000")
_RUNS = re.compile(rf"[{re.escape(_SEPARATORS)}]+")
_PART = re.compile(r"part[-_.]?\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Member:
    """A file that was read, as grouping sees it; there may be millions.

    `at` is its place in key order, by which `keys` tells its key; `suffix` is the ending that is not part of its name.
    """

    at: int
    keys: Callable[[int], str] = field(repr=False)
    format: str
    columns: tuple[Column, ...]
    suffix: str = ""

    @property
    def key(self) -> str:
        return self.keys(self.at)


@dataclass(frozen=True, slots=True)
class Group:
    """Files that are one table. `partitions` are its partition columns, outermost first."""

    name: str
    path: str
    format: str
    rule: str
    members: tuple[Member, ...]
    partitions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Named:
    """One entry of the `tables` option: a name (may hold `{table}`) and a pattern over keys."""

    name: str
    match: Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class _Unit:
    member: Member
    placed: Placed
    stem: str


def group(
    members: Iterable[Member],
    *,
    root_name: str,
    named: Sequence[Named] = (),
    reserved: frozenset[str] = frozenset(),
) -> list[Group]:
    """Group files, given in key order, into tables, sorted by name; every file is in exactly one.

    `root_name` stands for the source's root where a table lies directly in it; `reserved` names
    belong to other tables of the source.
    """
    groups: list[Group] = []
    homes: dict[tuple[str, str], list[_Unit]] = defaultdict(list)
    chosen: dict[tuple[str, str], list[Member]] = defaultdict(list)
    for member in members:
        key = member.key
        name = next((found for entry in named if (found := entry.match(key))), None)
        if name is not None:
            chosen[name, member.format].append(member)
            continue
        placed = place(key)
        bare = _name(key).removesuffix(member.suffix)
        homes[placed.base, member.format].append(_Unit(member, placed, intern(stem(bare))))
    for (name, format_), picked in sorted(chosen.items()):
        groups.append(_chosen(name, format_, picked))
    formats = Counter(base for base, _ in homes)
    for (base, format_), units in sorted(homes.items()):
        groups.extend(_home(base, format_, units, root_name, only_format=formats[base] == 1))
    return sorted(_unique(groups, reserved), key=lambda g: g.name)


def stem(name: str) -> str:
    """What is left of a file's name without dates, digits, hashes and UUIDs: what a series shares."""
    return _stem(name.translate(_ONE_DIGIT))


@lru_cache(maxsize=4_096)
def _stem(name: str) -> str:
    """The stem of a name whose digits are all one: which digits they are makes no difference."""
    text = _HEX.sub(" ", name)
    text = _DIGITS.sub(" ", text)
    text = _MONTHS.sub(" ", text) if text != name else text
    return _RUNS.sub("_", text).strip("_")


def _name(key: str) -> str:
    return key[key.rfind("/") + 1 :]


def _chosen(name: str, format_: str, members: list[Member]) -> Group:
    values = [place(m.key).values for m in members]
    columns = tuple(dict.fromkeys(column for value in values for column, _ in value))
    path = members[0].key if len(members) == 1 else _common_folder([m.key for m in members])
    return Group(name, path, format_, "named by the payload", tuple(members), columns)


def _common_folder(keys: list[str]) -> str:
    folders = [key.split("/")[:-1] for key in keys]
    shared = []
    for parts in zip(*folders, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return "/".join(shared)


def _home(base: str, format_: str, units: list[_Unit], root_name: str, *, only_format: bool) -> list[Group]:
    """The tables of one format whose files lie in, or in partition folders below, one folder."""
    hive = any(unit.placed.hive for unit in units)
    partitioned = any(unit.placed.values for unit in units)
    clusters = _clusters(units)
    whole = len(clusters) == 1 and only_format
    return [
        _table(base, format_, cluster, root_name, whole=whole, partitioned=partitioned, hive=hive)
        for cluster in clusters
    ]


def _clusters(units: list[_Unit]) -> list[list[_Unit]]:
    """Units that are one table each.

    Files of one stem (and one sub-folder below the partitions) go together when their schemas
    are compatible, and always in `key=value` folders, where a schema that drifted is drift.
    There, other stems (and files that lie flat beside the folders) join when compatible.
    """
    hive: dict[tuple[str, str], list[_Unit]] = defaultdict(list)
    flat: dict[tuple[str, str], list[_Unit]] = defaultdict(list)
    for unit in units:
        (hive if unit.placed.hive else flat)[unit.placed.rest, unit.stem].append(unit)
    clusters = _by_schema(list(hive.values()))
    for _, found in sorted(flat.items()):
        for cluster in _by_schema([[unit] for unit in found]):
            columns = cluster[0].member.columns
            host = next((c for c in clusters if c[0].placed.hive and compatible(columns, c[0].member.columns)), None)
            if host is None:
                clusters.append(cluster)
            else:
                host.extend(cluster)
    return [sorted(cluster, key=lambda u: u.member.at) for cluster in clusters]


def _by_schema(clusters: list[list[_Unit]]) -> list[list[_Unit]]:
    """Join clusters whose schemas are compatible; the least key of a cluster speaks for it."""
    joined: list[tuple[list[tuple[Column, ...]], list[_Unit]]] = []
    known: dict[int, int] = {}  # by identity: equal schemas are one object
    for cluster in sorted(clusters, key=lambda c: min(u.member.at for u in c)):
        columns = cluster[0].member.columns
        at = known.get(id(columns))
        if at is None:
            at = next((i for i, (seen, _) in enumerate(joined) if any(compatible(columns, s) for s in seen)), None)
        if at is None:
            at = len(joined)
            joined.append(([], []))
        if id(columns) not in known:
            known[id(columns)] = at
            joined[at][0].append(columns)
        joined[at][1].extend(cluster)
    return [units for _, units in joined]


def _table(
    base: str, format_: str, units: list[_Unit], root_name: str, *, whole: bool, partitioned: bool, hive: bool
) -> Group:
    members = tuple(unit.member for unit in units)
    first = units[0]
    folder = base or root_name
    in_partitions = [unit for unit in units if unit.placed.values]
    if in_partitions:
        columns = tuple(dict.fromkeys(name for unit in units for name, _ in unit.placed.values))
        name = folder if whole else _below(folder, first)
        rule = "key=value partition folders" if hive else "date folders"
        return Group(name, base, format_, rule, members, columns, _uneven(units))
    if len(units) > 1:
        name = folder if whole and not partitioned else _below(folder if base else "", first)
        return Group(name or folder, base, format_, "a series of file names in one folder", members)
    if whole and base and _PART.match(_name(first.member.key)):
        return Group(folder, first.member.key, format_, "the only part file of its folder", members)
    key = first.member.key
    bare = key.removesuffix(first.member.suffix) if first.member.suffix else key
    return Group(bare, key, format_, "one file", members)


def _below(folder: str, unit: _Unit) -> str:
    parts = [folder, unit.placed.rest, unit.stem]
    return "/".join(part for part in parts if part)


def _uneven(units: list[_Unit]) -> tuple[str, ...]:
    shapes: dict[tuple[str, ...], _Unit] = {}
    for unit in units:
        shapes.setdefault(tuple(name for name, _ in unit.placed.values), unit)
    if len({frozenset(shape) for shape in shapes}) < 2:
        return ()
    (one, first), (other, second) = list(shapes.items())[:2]
    return (
        f"partition folders differ: {first.member.key} has {', '.join(one) or 'none'},"
        f" {second.member.key} has {', '.join(other) or 'none'}; what is missing is null",
    )


def _unique(groups: list[Group], reserved: frozenset[str]) -> list[Group]:
    """Give tables that share a name their full file name, or their format, instead."""

    def clashing(found: list[Group]) -> set[str]:
        names = Counter([*reserved, *(g.name for g in found)])
        return {name for name, count in names.items() if count > 1}

    shared = clashing(groups)
    groups = [replace(g, name=g.members[0].key) if g.name in shared and len(g.members) == 1 else g for g in groups]
    shared = clashing(groups)
    groups = [replace(g, name=f"{g.name}.{g.format}") if g.name in shared and len(g.members) > 1 else g for g in groups]
    taken = dict.fromkeys(reserved, 1)
    result = []
    for g in sorted(groups, key=lambda g: (g.name, g.members[0].key)):
        name = g.name
        if name in taken:
            name = g.members[0].key
        while name in taken:
            taken[g.name] = taken.get(g.name, 1) + 1
            name = f"{g.name} ({taken[g.name]})"
        taken[name] = 1
        result.append(replace(g, name=name))
    return result
