"""Sail as a Spark Connect server, whose workers read with this project's own code."""

import os
import socket
import sys
from pathlib import Path

from tests.servers.run import CannotStart, Launch, free_port

_ROOT = Path(__file__).resolve().parents[2]


def prepare(home: Path, port: int | None = None) -> Launch:
    sail = Path(sys.executable).with_name("sail")
    if not sail.exists():
        raise CannotStart("there is no `sail`: pip install pysail")
    port = port or free_port()

    def ready() -> bool:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True

    command = [str(sail), "spark", "server", "--port", str(port), "--directory", str(home)]
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "AZURE_"))}
    return Launch(command, {"url": f"sc://127.0.0.1:{port}"}, ready, env=environ | {"PYTHONPATH": str(_ROOT)})
