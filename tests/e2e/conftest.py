"""What end-to-end tests share: the command on a home folder, and the counting server's environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command import Nuvyn
from tests.servers.objects import ObjectServer


@pytest.fixture
def nuvyn(tmp_path: Path, object_server: ObjectServer) -> Nuvyn:
    """The command; S3 is the counting server unless a call says otherwise."""
    home = tmp_path / "home"
    home.mkdir()
    s3 = {
        "AWS_ENDPOINT_URL": object_server.url,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "canary-of-the-test",
    }
    return Nuvyn(home, s3)
