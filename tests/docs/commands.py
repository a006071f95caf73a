"""The commands of a page of the docs, run in order by one shell in a folder that has what the page speaks of.

What a fence's words mean: `console` has commands after `$ ` and below each some lines of what it prints, in order;
`console exact` all of them. `json title="payload.json"` is that file, written before the commands below it;
`config.toml` goes into the home folder. Any other block is not run. A command that ends otherwise than well says so:
`$ nuvyn validate payload.json  # exit status 2`.
"""

from __future__ import annotations

import io
import json
import re
import shlex
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.transcript import settled, steps

BUCKET = "acme-lake"
CONTAINER = "https://acmelake.blob.core.windows.net/sales"
ACCOUNT = "acmelake"
FOLDER, HOME = "/data", "/srv/nuvyn"
"""Where the pages' commands are called, and the home folder, as the pages have them."""
_FENCE = re.compile(r"^```(?P<words>[^\n]*)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)
_NAMED = re.compile(r"^(?: {4})?(?=nuvyn )(.+)$", re.MULTILINE)
_STATUS = re.compile(r"\s+# exit status (\d+)$")
_TITLE = re.compile(r'title="([^"]+)"')
_VARIES = re.compile(r"job_0[0-9A-Z]*|\d[\d,.:-]*")
_TIMEOUT_S = 100


@dataclass(frozen=True)
class File:
    """A file that the reader of a page has written."""

    name: str
    text: str


@dataclass(frozen=True)
class Command:
    """One command with the exit status and output that the page shows; `exact` when that is all of it."""

    text: str
    status: int
    shown: str
    exact: bool


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    command: Command
    status: int
    printed: str


def parts(page: str) -> list[File | Command]:
    """What of a page is written or run, in order."""
    return [part for match in _FENCE.finditer(page) for part in _of_block(match["words"], match["body"])]


def _of_block(words: str, body: str) -> Iterator[File | Command]:
    if title := _TITLE.search(words):
        yield File(title[1], body)
    elif words in ("console", "console exact"):
        for step in steps(f"```console\n{body}```"):
            status = _STATUS.search(step.command)
            yield Command(step.command, int(status[1]) if status else 0, step.printed, words.endswith("exact"))


def named_commands(page: str) -> list[list[str]]:
    """The arguments of each `nuvyn` command that is shown and not run: in an indented block or one of `text`."""
    blocks = [match["body"] for match in _FENCE.finditer(page) if match["words"] == "text"]
    indented = [line for line in _FENCE.sub("", page).splitlines() if line.startswith("    ")]
    lines = [line for text in ("\n".join(indented), *blocks) for line in _NAMED.findall(text)]
    return [shlex.split(line, comments=True)[1:] for line in lines]


class Reader:
    """Someone who does what a page says: one shell, in a folder of its own.

    `stands_for` is what this machine has in place of what the page names (a bucket, a server).
    """

    def __init__(self, folder: Path, environ: Mapping[str, str], stands_for: Mapping[str, str]) -> None:
        self._folder, self._environ = folder, environ
        self._home = Path(environ["NUVYN_HOME"])
        self._stands_for = {**stands_for, f"{FOLDER}/": f"{folder}/", HOME: str(self._home)}
        self._said = folder.parent / "said"
        self._said.mkdir()

    def follow(self, page: str) -> list[Ended]:
        """Run the page's commands up to the first that ends otherwise than the page says."""
        found = parts(page)
        commands = [part for part in found if isinstance(part, Command)]
        script = "\n".join(self._lines(part, at) for part, at in _numbered(found))
        subprocess.run(
            ["bash", "-c", script],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            env=dict(self._environ),
            timeout=_TIMEOUT_S,
            check=False,
        )
        return [self._ended(command, at) for at, command in enumerate(commands) if self._status(at).exists()]

    def _lines(self, part: File | Command, at: int) -> str:
        if isinstance(part, File):
            place = self._home if part.name == "config.toml" else self._folder
            return f"printf %s {shlex.quote(self._here(part.text))} > {shlex.quote(str(place / part.name))}"
        printed, status = shlex.quote(str(self._printed(at))), shlex.quote(str(self._status(at)))
        return (
            f"{{ {self._here(part.text)}\n}} > {printed} 2>&1\n"
            f"echo $? > {status}; [ $(cat {status}) = {part.status} ] || exit"
        )

    def _ended(self, command: Command, at: int) -> Ended:
        text = self._printed(at).read_text().rstrip("\n")
        for name, stand_in in self._stands_for.items():
            text = text.replace(stand_in, name)
        return Ended(command, int(self._status(at).read_text()), text)

    def _here(self, text: str) -> str:
        for name, stand_in in self._stands_for.items():
            text = text.replace(name, stand_in)
        return text

    def _printed(self, at: int) -> Path:
        return self._said / f"{at}.printed"

    def _status(self, at: int) -> Path:
        return self._said / f"{at}.status"


def _numbered(found: list[File | Command]) -> Iterator[tuple[File | Command, int]]:
    """Each part, and how many commands are before it."""
    at = 0
    for part in found:
        yield part, at
        at += isinstance(part, Command)


def as_shown(ended: Ended) -> bool:
    """Whether a command printed what the page shows, but for numbers, times, job ids and how wide a table is.

    A line of the page that ends in `…` is the beginning of one.
    """
    printed, shown = _lines_of(ended.printed), _lines_of(ended.command.shown)
    if ended.command.exact:
        return bool(settled("\n".join(printed)) == settled("\n".join(shown)))
    rest = map(_steady, printed)
    return all(any(_begins(line, known) for line in rest) for known in map(_steady, shown))


def _lines_of(text: str) -> list[str]:
    return [re.sub(r"(?<=\S) {2,}", "  ", line).rstrip() for line in text.splitlines()]


def _steady(line: str) -> str:
    return _VARIES.sub("0", line)


def _begins(line: str, known: str) -> bool:
    return line.startswith(known.removesuffix("…")) if known.endswith("…") else line == known


def make_exports(folder: Path) -> None:
    """The folder `exports` that the pages speak of, and a small database beside it."""
    for key, data in exports().items():
        path = folder / "exports" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    with closing(sqlite3.connect(folder / "shop.db")) as shop, shop:
        shop.execute("CREATE TABLE customers (id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, born DATE)")
        shop.executemany("INSERT INTO customers VALUES (?, ?, ?)", [(n, f"Customer {n}", None) for n in range(40)])


def exports() -> dict[str, bytes]:
    """Orders by month (the last month has a column more), customers, products, and a file that is cut short."""
    customers = "".join(f"{n},Customer {n},{n % 100:05d}\n" for n in range(1, 201))
    products = "".join(json.dumps({"sku": f"p{n}", "price": n + 0.5, "tags": ["new"]}) + "\n" for n in range(8))
    orders = {f"orders/orders_2026-{month:02d}.parquet": _orders(month) for month in (1, 2, 3)}
    return orders | {
        "customers.csv": f"customer_id,name,postcode\n{customers}".encode(),
        "products.json": products.encode(),
        "returns.parquet": _orders(4)[:300],
    }


def _orders(month: int) -> bytes:
    count = 100 * month
    columns = {
        "order_id": pa.array(range(count), pa.int64()),
        "customer_id": pa.array((n % 200 + 1 for n in range(count)), pa.int32()),
        "total": pa.array((n / 4 for n in range(count)), pa.float64()),
    }
    if month > 2:
        columns["coupon"] = pa.array((None if n % 3 else "SPRING" for n in range(count)), pa.string())
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()
