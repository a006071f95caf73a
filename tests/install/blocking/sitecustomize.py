"""Python reads this when it starts with this folder in PYTHONPATH: then packages are as if they were not installed."""

import os
import sys


class _Missing:
    """Finds nothing of the packages that the variable names, whoever looks for them."""

    def __init__(self, packages: list[str]) -> None:
        self._packages = packages

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if any(name == package or name.startswith(f"{package}.") for package in self._packages):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, _Missing(os.environ["WITHOUT"].split(",")))  # type: ignore[arg-type]
