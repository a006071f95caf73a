"""Azurite, Microsoft's emulator of Azure Blob Storage: checks keys and SAS as the service does."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.servers.npm import installed, node
from tests.servers.run import Launch, free_port, listens

VERSION = "3.37.0"
ACCOUNT = "devstoreaccount1"
# Published by Microsoft for its emulators; opens nothing else.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def prepare(home: Path) -> Launch:
    main = installed("azurite", VERSION, "dist/src/blob/main.js")
    port = free_port()
    flags = ["--silent", "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry"]
    command = [node(), str(main), *flags, "--blobHost", "127.0.0.1", "--blobPort", str(port)]
    return Launch(command, {"url": f"http://127.0.0.1:{port}/{ACCOUNT}"}, lambda: listens(port))


@dataclass(frozen=True)
class Azurite:
    """The running emulator; `url` is that of its account."""

    url: str

    @property
    def connection_string(self) -> str:
        return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={self.url};"

    def container(self, blobs: Mapping[str, bytes], *, public: bool = False) -> str:
        """The name of a fresh container that holds these blobs."""
        from azure.storage.blob import BlobServiceClient

        name = f"t{uuid.uuid4().hex}"
        with BlobServiceClient.from_connection_string(self.connection_string) as service:
            container = service.create_container(name, public_access="container" if public else None)
            for key, data in blobs.items():
                container.upload_blob(key, data)
        return name

    def sas(self, container: str, *, permissions: str = "rl", lasting: timedelta = timedelta(hours=1)) -> str:
        """A SAS token of one container; a negative time gives one that has expired."""
        from azure.storage.blob import generate_container_sas

        now = datetime.now(UTC)
        return generate_container_sas(
            ACCOUNT,
            container,
            account_key=KEY,
            permission=permissions,
            start=now - timedelta(days=1),
            expiry=now + lasting,
        )
