"""What a sync would do: each source of the mirror against its mark in the warehouse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from core.databricks.chunks import MOST_ROWS
from core.databricks.layout import CHILDREN
from core.databricks.local import Held
from core.databricks.remote import Mark
from core.databricks.statements import MOST_SOURCES


class State(StrEnum):
    """How a source stands."""

    NEW = "new"
    CHANGED = "changed"
    EQUAL = "equal"
    GONE = "gone"
    """Only the warehouse has it, and a sync put it there."""


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """A source: its state, the rows of each table here, and when it was last sent (UTC without zone)."""

    workflow_id: str
    source_id: str
    state: State
    rows: Mapping[str, int]
    synced_at: datetime | None

    @property
    def all_rows(self) -> int:
        return sum(self.rows.values())


@dataclass(frozen=True, slots=True)
class Batch:
    """Sources of one workflow that are sent together."""

    workflow_id: str
    source_ids: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Every source in order. `made` tells whether the schema is there already."""

    sources: tuple[SourcePlan, ...]
    made: bool

    def of(self, *states: State) -> tuple[SourcePlan, ...]:
        """The sources in one of these states."""
        return tuple(source for source in self.sources if source.state in states)

    @property
    def rows(self) -> int:
        """Rows of the sources that are to be sent; tables that turn out equal are left out then."""
        return sum(source.all_rows for source in self.of(State.NEW, State.CHANGED))

    def batches(self, states: Sequence[State] = (State.NEW, State.CHANGED)) -> list[Batch]:
        """What is sent together: small sources in one go, a large one by itself."""
        found: list[Batch] = []
        for source in self.of(*states):
            last = found[-1] if found else None
            fits = (
                last is not None
                and last.workflow_id == source.workflow_id
                and last.rows + source.all_rows <= MOST_ROWS
                and len(last.source_ids) < MOST_SOURCES
            )
            if fits and last is not None:
                ids = (*last.source_ids, source.source_id)
                found[-1] = Batch(source.workflow_id, ids, last.rows + source.all_rows)
            else:
                found.append(Batch(source.workflow_id, (source.source_id,), source.all_rows))
        return found

    @property
    def statements(self) -> int:
        """About how many statements it takes, at most."""
        batches = self.batches()
        if not batches:
            return 0
        writes = sum(batch.rows // MOST_ROWS + len(CHILDREN) for batch in batches)
        return writes + 4 * len(batches) + len(CHILDREN) + 1 + (0 if self.made else len(CHILDREN) + 2)


def plan_of(held: Sequence[Held], marks: Sequence[Mark] | None, workflow_id: str | None = None) -> Plan:
    """Compare; a source that only the warehouse has counts for workflows that the mirror knows, or the one named.

    `held` and `marks` are of that workflow, where one is named.
    """
    by_name = {(mark.workflow_id, mark.source_id): mark for mark in marks or ()}
    found = []
    for source in held:
        mark = by_name.pop((source.workflow_id, source.source_id), None)
        state = State.NEW
        if mark is not None:
            state = State.EQUAL if mark.content_hash == source.content_hash else State.CHANGED
        rows = {name: each.rows for name, each in source.sums.items()}
        found.append(SourcePlan(source.workflow_id, source.source_id, state, rows, _moment(mark)))
    workflows = {source.workflow_id for source in held} | {workflow_id}
    for (workflow, source_id), mark in by_name.items():
        if workflow in workflows and mark.sync_id is not None:
            found.append(SourcePlan(workflow, source_id, State.GONE, {}, _moment(mark)))
    found.sort(key=lambda source: (source.workflow_id, source.source_id))
    return Plan(tuple(found), made=marks is not None)


def _moment(mark: Mark | None) -> datetime | None:
    if mark is None or mark.synced_us is None:
        return None
    return datetime.fromtimestamp(mark.synced_us / 1e6, UTC).replace(tzinfo=None)
