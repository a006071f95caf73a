"""Fuzz the readers of payloads, locations, files and logs, as long as you like.

`python bench/fuzz.py hypothesis --seconds 600` damages known inputs as `tests/fuzz` does. `python bench/fuzz.py atheris
--seconds 600` is guided by what of `core` an input reaches (`pip install -r bench/fuzz.txt`). Names choose targets;
each has its seconds, two at a time. Says how many inputs each got, and fails when one got no proper answer: the input
is then printed, for `tests/fuzz/findings.py`.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_MOST_MEMORY_MB = 1200
_EXAMPLES = 2_000


def by_hypothesis(name: str, seconds: float) -> int:
    """Damage inputs until the time is over; gives how many there were."""
    from hypothesis import HealthCheck, Phase, given, seed, settings

    from tests.fuzz.damage import damaged
    from tests.fuzz.targets import TARGETS

    target, inputs, last = TARGETS[name], 0, b""
    end = time.monotonic() + seconds

    @settings(
        max_examples=_EXAMPLES,
        deadline=None,
        database=None,
        # Shrinking may take longer than the time there is.
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(data=damaged(name))
    def tried(data: bytes) -> None:
        nonlocal inputs, last
        inputs, last = inputs + 1, data
        target(data)

    try:
        while time.monotonic() < end:
            seed(time.time_ns())(tried)()
    except BaseException:
        print(f"FOUND ({name!r}, {last!r})", flush=True)
        raise
    return inputs


def by_atheris(name: str, seconds: float) -> None:
    """Let libFuzzer choose the inputs; it ends this process, and prints what it did."""
    import atheris

    with atheris.instrument_imports(include=["core"], enable_loader_override=False):
        from tests.fuzz.targets import MOST_BYTES, TARGETS
    from tests.fuzz.seeds import SEEDS, WORDS

    folder = Path(tempfile.mkdtemp(prefix="nuvyn-fuzz-"))
    (folder / "seeds").mkdir()
    (folder / "corpus").mkdir()
    for at, data in enumerate(SEEDS[name]()):
        (folder / "seeds" / str(at)).write_bytes(data)
    words = [word.encode("latin-1" if max(word) <= "\xff" else "utf-8") for word in WORDS[name]]
    quoted = ("".join(f"\\x{byte:02x}" for byte in word) for word in words)
    (folder / "words").write_text("".join(f'"{word}"\n' for word in quoted))
    target = TARGETS[name]

    def tried(data: bytes) -> None:
        try:
            target(data)
        except BaseException:
            print(f"FOUND ({name!r}, {data!r})", flush=True)
            raise

    given = [
        *(f"-max_total_time={seconds:g}", f"-dict={folder / 'words'}", f"-rss_limit_mb={_MOST_MEMORY_MB}"),
        *(f"-max_len={MOST_BYTES}", "-timeout=20", f"-artifact_prefix={folder}/", "-print_final_stats=1"),
        *(str(folder / "corpus"), str(folder / "seeds")),
    ]
    atheris.Setup([sys.argv[0], *given], tried)
    atheris.Fuzz()


def one(engine: str, name: str, seconds: float) -> None:
    """Fuzz one target in this process."""
    sys.path.insert(0, str(ROOT))
    logging.disable(logging.CRITICAL)
    if engine == "atheris":
        by_atheris(name, seconds)
        return
    inputs = by_hypothesis(name, seconds)
    print(f"inputs: {inputs}, peak MB: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10}")


def apart(engine: str, name: str, seconds: float) -> tuple[bool, str]:
    """Fuzz one target in a process of its own; whether all went well, and what to tell."""
    done = subprocess.run(
        [sys.executable, __file__, engine, name, "--seconds", f"{seconds:g}", "--here"],
        capture_output=True,
        text=True,
        errors="backslashreplace",
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    text = done.stdout + done.stderr
    if done.returncode:
        found = re.findall(r"^FOUND .*", text, re.MULTILINE)
        return False, "\n".join([*found[-1:], text[-3000:]])
    if engine == "hypothesis":
        return True, text.strip().splitlines()[-1]
    coverage = re.findall(r"cov: (\d+) ft: (\d+) corp: (\S+)", text)[-1]
    inputs = re.findall(r"stat::number_of_executed_units:\s*(\d+)", text)[-1]
    peak = re.findall(r"stat::peak_rss_mb:\s*(\d+)", text)[-1]
    return True, f"inputs: {inputs}, peak MB: {peak}, branches: {coverage[0]}, corpus: {coverage[2]}"


def main(arguments: Sequence[str]) -> int:
    """Fuzz what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine", choices=("hypothesis", "atheris"))
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.here:
        one(asked.engine, asked.names[0], asked.seconds)
        return 0
    sys.path.insert(0, str(ROOT))
    from tests.fuzz.targets import TARGETS

    names = asked.names or list(TARGETS)
    if unknown := set(names) - set(TARGETS):
        parser.error(f"no target is named {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    with ThreadPoolExecutor(asked.at_once) as threads:
        results = dict(
            zip(names, threads.map(lambda name: apart(asked.engine, name, asked.seconds), names), strict=True)
        )
    for name, (good, told) in results.items():
        print(f"{'ok  ' if good else 'FAIL'} {asked.engine} {name}, {asked.seconds:g} s: {told}", flush=True)
    return not all(good for good, _ in results.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
