"""What nuvyn does where nothing but this machine can be reached, and how often it tried; run in a network of its own.

Linux counts each packet that it has no route for, whoever sends it: Python, Rust, C++ or a child.
"""

from __future__ import annotations

import fcntl
import json
import socket
import struct
import sys
from pathlib import Path

from tests.command import Nuvyn, Ran
from tests.crash import operator
from tests.every_format import lake
from tests.servers.objects import ObjectServer
from tests.servers.warehouse import Warehouse

_SIOCSIFFLAGS, _UP_AND_RUNNING = 0x8914, 0x41


def lost() -> int:
    """How many packets had no route since the network was made."""
    lines = [line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Ip:")]
    six = dict(line.split() for line in Path("/proc/net/snmp6").read_text().splitlines())
    return int(dict(zip(*lines, strict=True))["OutNoRoutes"]) + int(six["Ip6OutNoRoutes"])


def main(folder: Path) -> None:
    """Print what had been lost after each step."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _UP_AND_RUNNING))
    home = folder / "home"
    home.mkdir()
    for key, data in lake().items():
        path = folder / "lake" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def told(step: str, *ran: Ran) -> None:
        assert all(each.code in (0, 3) for each in ran), ran
        print(json.dumps([step, lost()]), flush=True)

    nuvyn = Nuvyn(home)
    told("demo", nuvyn("demo"), nuvyn("query", "SELECT * FROM tables"), nuvyn("jobs"), nuvyn("doctor"))
    told("every format", nuvyn("run", nuvyn.payload({"a": str(folder / "lake")})))
    database = f"sqlite:///{folder / 'lake/db/lite.sqlite'}"
    told("a database", nuvyn("run", nuvyn.payload({"d": database})))
    with ObjectServer() as server:
        bucket = server.bucket(lake())
        s3 = {"AWS_ENDPOINT_URL": server.url, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "canary-of-s3"}
        told("S3", Nuvyn(home, s3)("run", nuvyn.payload({"s": f"s3://{bucket.name}"})))
    warehouse = Warehouse(folder / "volumes")
    told("sync", Nuvyn(home, warehouse.environ())("sync"))
    warehouse.close()
    nuvyn.payload({"a": str(folder / "lake")})
    operator.run_payload(str(home))
    told("the app")
    told("a worker", nuvyn("worker", "--once"))
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as outside:
        outside.settimeout(1)
        assert outside.connect_ex(("192.0.2.1", 443))
    told("a connection that is not allowed")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
