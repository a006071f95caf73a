"""Which files of a Delta log make up the current version.

Names are those of the protocol: commits `N.json`, checkpoints `N.checkpoint.parquet`, in parts
`N.checkpoint.I.OF.parquet`, or by UUID `N.checkpoint.UUID.(json|parquet)`; N has 20 digits. The
listing tells them all, so `_last_checkpoint`, which may be stale or broken, is not needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from core.catalog import DataFile
from core.lakehouse.base import LogError

_COMMIT = re.compile(r"(\d{20})\.json")
_SINGLE = re.compile(r"(\d{20})\.checkpoint(?:\.[0-9a-fA-F-]{36})?\.(?:json|parquet)")
_PART = re.compile(r"(\d{20})\.checkpoint\.(\d{10})\.(\d{10})\.parquet")
_CHECKSUM = re.compile(r"(\d{20})\.crc")
# What is written only after the commit of that version was.
_AFTER_COMMIT = re.compile(r"(?:\d{20}\.)?(\d{20})\.(?:crc|compacted\.json|checkpoint\..*)", re.DOTALL)
_STAGED = re.compile(r"(\d{20})\.[^/]*\.json", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Segment:
    """A checkpoint (all its parts; none: from the beginning) and the commits after it, oldest first.

    `checksum` is the newest version's, if it has one.
    """

    version: int
    checkpoint: tuple[DataFile, ...]
    commits: tuple[DataFile, ...]
    checksum: DataFile | None = None

    @property
    def last(self) -> DataFile:
        """The newest file of it."""
        return (self.commits or self.checkpoint)[-1]


def segments(log: Iterable[DataFile]) -> Iterator[Segment]:
    """Ways to come to the newest version, the shortest first; the others are for when a checkpoint is broken.

    Raises:
        LogError: there is none, because commits are missing.
    """
    commits: dict[int, DataFile] = {}
    checkpoints: dict[int, list[tuple[DataFile, ...]]] = {}
    parts: dict[tuple[int, int], dict[int, DataFile]] = {}
    checksums: dict[int, DataFile] = {}
    for name, file in _named(log):
        if match := _COMMIT.fullmatch(name):
            commits[int(match[1])] = file
        elif match := _SINGLE.fullmatch(name):
            checkpoints.setdefault(int(match[1]), []).append((file,))
        elif match := _PART.fullmatch(name):
            parts.setdefault((int(match[1]), int(match[3])), {})[int(match[2])] = file
        elif match := _CHECKSUM.fullmatch(name):
            checksums[int(match[1])] = file
    for (version, count), found in parts.items():
        if len(found) == count:
            checkpoints.setdefault(version, []).append(tuple(found[at] for at in sorted(found)))
    if not commits and not checkpoints:
        raise LogError("its log holds neither commits nor checkpoints")
    last = max([*commits, *checkpoints])
    reached = False
    for version in sorted(checkpoints, reverse=True):
        after = _after(version, last, commits)
        if after is not None:
            for files in checkpoints[version]:
                reached = True
                yield Segment(last, files, after, checksums.get(last))
    after = _after(-1, last, commits)
    if after is not None:
        yield Segment(last, (), after, checksums.get(last))
    elif not reached:
        raise LogError(_gap(last, commits, checkpoints.keys()))


def lost(log: Iterable[DataFile], last: int) -> int | None:
    """The newest version after the last of which the log has traces, but no commit."""
    traces = (int(match[1]) for name, _ in _named(log) if (match := _AFTER_COMMIT.fullmatch(name)))
    return max((version for version in traces if version > last), default=None)


def staged(log: Iterable[DataFile], last: int) -> bool:
    """Whether a catalog has commits after the last (Delta protocol, "Catalog-managed tables")."""
    names = (name for name, _ in _named(log, "_delta_log/_staged_commits"))
    return any(int(match[1]) > last for name in names if (match := _STAGED.fullmatch(name)))


def _named(log: Iterable[DataFile], where: str = "_delta_log") -> Iterator[tuple[str, DataFile]]:
    """The names of the files that lie directly in a folder of the log."""
    for file in log:
        folder, _, name = file.key.rpartition("/")
        if f"/{folder}".endswith(f"/{where}"):
            yield name, file


def _after(version: int, last: int, commits: dict[int, DataFile]) -> tuple[DataFile, ...] | None:
    """The commits that lead from a version to the last, or None when one is missing."""
    if len(commits) < last - version:
        return None
    wanted = range(version + 1, last + 1)
    return tuple(commits[at] for at in wanted) if all(at in commits for at in wanted) else None


def _gap(last: int, commits: dict[int, DataFile], checkpoints: Iterable[int]) -> str:
    missing = next(at for at in range(last, -1, -1) if at not in commits)
    covered = f"the newest complete checkpoint is of version {max(checkpoints)}" if checkpoints else "no checkpoint"
    return f"commit {missing} is missing from its log, which goes up to {last}; {covered}"
