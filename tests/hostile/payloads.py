"""Payloads made to break what reads them; `python -m tests.hostile.payloads` checks each and tells what it took."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from core.errors import NuvynError
from core.payload.load import parse
from core.sources.locations import locate

_MANY = 40_000


def _source(path: str = "/x", **more: Any) -> dict[str, Any]:
    return {"source_id": "a", "data_source_path": path, **more}


def _job(*sources: Any, **more: Any) -> str:
    return json.dumps({"workflow_id": "w", "sources": list(sources) or [_source()], **more})


def _path(path: str) -> Callable[[], str]:
    return lambda: _job(_source(path))


PAYLOADS: Mapping[str, Callable[[], str]] = {
    "lists in lists": lambda: "[" * 1_000_000,
    "objects in objects": lambda: '{"a":' * 1_000_000,
    "metadata a hundred thousand deep": lambda: (
        '{"workflow_id": "w", "job_metadata": ' + '{"a": [' * _MANY + "]}" * _MANY + "}"
    ),
    "many sources": lambda: _job(*({"source_id": str(at), "data_source_path": f"/x/{at}"} for at in range(_MANY))),
    "many sources of one id": lambda: _job(*[_source()] * _MANY),
    "many sources that are none": lambda: _job(*range(_MANY)),
    "many unknown fields": lambda: _job(**{f"workflow_ib{at}": 1 for at in range(_MANY)}),
    "many unknown options": lambda: _job(options={f"row_count{at}": 1 for at in range(_MANY)}),
    "a name many times": lambda: '{"workflow_id": "w", ' + '"data_source_path": "/x", ' * _MANY + '"x": 1}',
    "a number of a million digits": lambda: '{"workflow_id": "w", "options": {"max_files": ' + "9" * 1_000_000 + "}}",
    "a number beyond any": lambda: '{"workflow_id": "w", "data_source_path": "/x", "options": {"max_files": 1e999999}}',
    "ten megabytes of one word": lambda: _job(workflow_id="w" * 10_000_000),
    "ten megabytes of white space": lambda: " " * 10_000_000 + _job(),
    "a text that does not end": lambda: '{"workflow_id": "' + "\\u0000" * 1_000_000,
    "backslashes without end": lambda: '{"workflow_id": "' + "\\" * 1_000_001,
    "half characters": lambda: _job(workflow_id="\ud83d" * 1000),
    "a NUL in a name": lambda: _job(workflow_id="a\0b"),
    "control sequences in a name": lambda: _job(workflow_id="\x1b[2J\x1b]0;owned\x07"),
    "SQL in a name": lambda: _job(workflow_id="'; DROP TABLE sources; --"),
    "a path of a megabyte": _path("/x" * 500_000),
    "a bucket of a megabyte": _path("s3://" + "b" * 1_000_000),
    "a folder beyond the root": _path("../" * _MANY + "etc/passwd"),
    "a key beyond the bucket": _path("s3://b/../../etc/passwd"),
    "a key with a NUL": _path("s3://b/a\0b"),
    "a path with a NUL": _path("/a\0b"),
    "a drive": _path("C:\\..\\..\\Windows\\System32"),
    "a share": _path("\\\\server\\share\\x"),
    "a URL of colons": _path("https://" + ":" * _MANY + "@x/y"),
    "a URL of at signs": _path("postgresql://u:" + "@" * _MANY),
    "a URL of parameters": _path("https://h/x?" + "sig=a&" * _MANY),
    "a URL of names of secrets": _path("https://h/x?" + "password" * _MANY),
    "a URL of dots": _path("https://" + "." * _MANY + "/x"),
    "a URL of percent signs": _path("https://a.blob.core.windows.net/c/" + "%25" * _MANY),
    "a URL in a URL, often": _path("zip::" * _MANY + "https://h/x"),
    "a host of brackets": _path("https://[::1"),
    "a host that looks like another": _path("https://a.blob.core.windows.net.evil.example/c/x"),
    "variables without end": _path("${A}" * _MANY),
    "words of secrets": lambda: _job(job_metadata={"note": "secret" * _MANY + "=" + "x" * _MANY}),
    "tokens that do not end": lambda: _job(job_metadata={"note": "eyJ" + "a" * 1_000_000}),
    "a scheme that does not end": _path("a+" * _MANY + "://x"),
    "a pattern of stars": _path("/x/" + "*?" * 10_000),
    "a pattern of brackets": _path("/x/" + "[" * _MANY),
}


def main() -> None:
    """Print for each payload: its name, the seconds of CPU and the MB of memory it took, and what is wrong with it."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    for name, make in PAYLOADS.items():
        text = make()
        began = time.process_time()
        checked = parse(text)
        told = [problem.message for problem in checked.problems]
        for source in checked.job.sources[:3] if checked.job else ():
            try:
                locate(source.path or "", source.type, environ={})
            except NuvynError as error:
                told.append(f"{error.message} ({error.hint})")
        took = time.process_time() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        print(json.dumps([name, took, peak - before, sum(map(len, told)), told[:3]]), flush=True)


if __name__ == "__main__":
    sys.exit(main())
