"""What a run will do, decided before it reads anything: list, remember, plan.

A dry run ends here; an extraction goes on from here.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field

from core.accounts import Held
from core.formats.base import ReadOptions
from core.globs import selector
from core.grouping import Named
from core.lakehouse.registry import READERS as TABLE_FORMATS
from core.ledger import Ledger
from core.listing import Listing
from core.markers import ignored_reason, lakehouses, owner
from core.memory import Memory, Recollect
from core.progress import Progress
from core.schemas import SchemaPool
from core.sources.stores.base import Store


@dataclass(frozen=True, slots=True)
class Request:
    """What to extract: a source by its names, and how.

    `source_path` is the path for people (secrets masked); `root_name` names a table that lies
    directly in the source's root.
    """

    workflow_id: str
    source_id: str
    source_path: str
    root_name: str
    read: ReadOptions = field(default_factory=ReadOptions)
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    max_files: int | None = None
    tables: tuple[Named, ...] = ()
    max_concurrency: int = 64
    incremental: bool = True


@dataclass(slots=True)
class Plan:
    """What is known of each listed object before anything is read, and what there is to read."""

    ledger: Ledger
    to_read: array[int]
    """Places of the files to read."""
    lakehouses: list[Held]


async def list_objects(request: Request, store: Store, progress: Progress, warnings: list[str]) -> Listing:
    """All objects of a source, at most `max_files` of them; what is odd about them is added to `warnings`."""
    listing = Listing()
    async for page in store.pages():
        if request.max_files is not None and len(listing) + len(page) > request.max_files:
            page = page.slice(0, request.max_files - len(listing))
            listing.add(page)
            warnings.append(f"listing stopped after max_files = {request.max_files} objects")
            break
        listing.add(page)
        progress.listed = len(listing)
        progress.requests = store.requests.total()
    progress.listed = len(listing)
    progress.requests = store.requests.total()
    warnings.extend(store.warnings)
    repeated = listing.finish()
    if repeated:
        warnings.append(f"{repeated} keys were listed twice; each is counted once")
    if not len(listing):
        warnings.append("nothing is stored here")
    return listing


def recall(request: Request, listing: Listing, key: str, pool: SchemaPool, recollect: Recollect | None) -> Memory:
    """What is remembered of the listed objects; nothing in a full run. Blocks for as long as that takes."""
    if recollect is None or not request.incremental:
        return Memory(None, pool)
    return Memory(recollect(request.source_path, key, listing.reader()), pool)


def plan_reads(request: Request, listing: Listing, memory: Memory, pool: SchemaPool) -> Plan:
    """Decide for each listed object whether it is ignored, known already, or to be read."""
    wanted: Callable[[str], bool] = selector(request.include, request.exclude)
    tables = lakehouses(listing.keys())
    only = request.read.only
    held: dict[str, Held] = {}
    plan = Plan(Ledger(listing, pool), array("q"), [])
    for file, entry in plan.ledger.files():
        table = owner(file.key, tables)
        if table is not None:
            entry.lakehouse, entry.file_type = table.root, table.kind
            held.setdefault(table.root, Held(table)).entries[file.key] = entry
        elif not wanted(file.key):
            entry.ignore("excluded")
        elif (reason := ignored_reason(file.key, file.size)) is not None:
            entry.ignore(reason)
        elif only in TABLE_FORMATS:
            continue  # another format was asked for; reading would tell which, at a request a file
        elif (known := memory.recall(entry.at)) is not None:
            entry.recall(known)
        else:
            plan.to_read.append(entry.at)
    for found in held.values():
        if not any(map(wanted, found.entries)):
            for entry in found.entries.values():
                entry.ignore("excluded")
        elif only in (None, found.lakehouse.kind):
            found.recall(memory)
            plan.lakehouses.append(found)
    return plan
