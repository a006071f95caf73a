"""Thousands of broken files: no crash, no hang, no run that does not complete, and memory that stays flat.

    python bench/broken_files.py FOLDER [--files 5000] [--seed 1]

Copies the files of FOLDER again and again: with every file cut at a random byte, with random bytes
of every file changed, and with either done to a third of them (so that logs stay whole and data
breaks, or the other way round). Each copy is a source of one job.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

_WAYS = ("cut", "changed", "some")
_LARGEST = 8 << 20
_MOST_MEMORY_MB = 1024


def broken(data: bytes, how: str, dice: random.Random) -> bytes:
    """A file's bytes, cut or changed."""
    if how == "cut":
        return data[: dice.randrange(len(data))] if data else data
    found = bytearray(data)
    for _ in range(dice.choice((1, 1, 3, 20))):
        # Half of them near an end, where formats say what they are.
        near = dice.randrange(min(len(found), 4096))
        at = dice.choice((near, len(found) - 1 - near, dice.randrange(len(found)), dice.randrange(len(found))))
        found[at] = dice.randrange(256)
    return bytes(found)


def copy(source: Path, target: Path, way: str, dice: random.Random) -> int:
    """Copy a folder, breaking its files in a way; returns how many were broken."""
    count = 0
    for path in sorted(source.rglob("*")):
        if not path.is_file() or path.stat().st_size > _LARGEST:
            continue
        data = path.read_bytes()
        how = dice.choice(("cut", "changed")) if way == "some" else way
        if data and (way != "some" or dice.random() < 0.33):
            data = broken(data, how, dice)
            count += 1
        new = target / path.relative_to(source)
        new.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(data)
    return count


def memory_mb(pid: int) -> int:
    """The resident memory of a process and its children, now."""
    total = 0
    for folder in Path("/proc").iterdir():
        try:
            status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        except (OSError, ValueError):
            continue
        if pid in (int(status["Pid"]), int(status["PPid"])):
            total += int(status.get("VmRSS", "0 kB").split()[0])
    return total // 1024


def main() -> int:
    """Break, run, look."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    dice = random.Random(args.seed)
    with tempfile.TemporaryDirectory(prefix="nuvyn-broken-") as place:
        root, count, sources = Path(place), 0, []
        while count < args.files:
            way = _WAYS[len(sources) % 3]
            target = root / "lake" / f"{way}-{len(sources)}"
            count += copy(args.folder, target, way, dice)
            sources.append({"source_id": target.name, "data_source_path": str(target)})
        payload = root / "payload.json"
        payload.write_text(
            json.dumps({"workflow_id": "broken", "options": {"row_counts": "exact"}, "sources": sources})
        )
        began, most = time.monotonic(), 0
        command = [sys.executable, "-m", "core.cli.main", "run", str(payload), "--json"]
        with (root / "out").open("w") as out:
            running = subprocess.Popen(command, stdout=out, env=os.environ | {"NUVYN_HOME": str(root / "home")})
            ended = threading.Event()
            threading.Thread(target=lambda: (running.wait(), ended.set()), daemon=True).start()
            while not ended.wait(0.2):
                most = max(most, memory_mb(running.pid))
        answer = json.loads((root / "out").read_text().splitlines()[-1])
        counts: dict[str, int] = {}
        ended_badly = [source for source in answer["result_data"]["sources"] if source["status"] != "success"]
        assert not ended_badly, ended_badly
        for source in answer["result_data"]["sources"]:
            for status, number in source["metadata"]["counts"].items():
                counts[status] = counts.get(status, 0) + number
        failed = [
            (source["source_id"], file)
            for source in answer["result_data"]["sources"]
            for file in source["metadata"]["files"]
            if file["status"] == "failed"
        ]
    print(f"broken files  {count:,} in {len(sources)} sources")
    print(f"ended         {answer['status']}, exit {running.returncode}, {time.monotonic() - began:.0f} s")
    print(f"files         {', '.join(f'{number:,} {status}' for status, number in counts.items() if number)}")
    print(f"memory        {most:,} MB at most, children included")
    assert (running.returncode, answer["status"]) == (0, "completed")
    assert all(file["error"] for _, file in failed), "a file failed without a reason"
    unexpected = [(source, file["path"], file["error"]) for source, file in failed if "reader failed" in file["error"]]
    for fault in unexpected:
        print("unexpected   ", *fault)
    assert not unexpected
    assert most < _MOST_MEMORY_MB
    return 0


if __name__ == "__main__":
    sys.exit(main())
