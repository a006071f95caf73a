"""`nuvyn init`: what is answered becomes a connection that works, and no secret is asked for or written."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from core.config_file import add_connection
from core.errors import UsageError
from tests.command import Nuvyn
from tests.servers.objects import ObjectServer


def init(nuvyn: Nuvyn, *answers: str, env: dict[str, str] | None = None) -> str:
    said = nuvyn("init", stdin="".join(f"{answer}\n" for answer in answers), env=env)
    assert said.code == 0, said.err
    return said.out


def config(nuvyn: Nuvyn) -> dict[str, object]:
    path = nuvyn.home / "config.toml"
    assert path.stat().st_mode & 0o777 == 0o600
    found: dict[str, object] = tomllib.loads(path.read_text())["connections"]
    return found


def test_s3_is_written_tried_and_used(tmp_path: Path, object_server: ObjectServer) -> None:
    bucket = object_server.bucket({"t/a.csv": b"x\n1\n"})
    nuvyn = Nuvyn(tmp_path)
    env = {"LAKE_KEY": "canary-of-init"}
    said = init(
        nuvyn,
        *("s3", "lake", "keys", "key", "LAKE_KEY", "eu-west-1", object_server.url, bucket.name),
        env=env,
    )
    assert "can be listed: 1 object seen" in said
    assert config(nuvyn) == {
        "lake": {
            "kind": "aws_s3",
            "access_key_id": "key",
            "secret_access_key": "${LAKE_KEY}",
            "region": "eu-west-1",
            "endpoint_url": object_server.url,
        }
    }
    payload = nuvyn.payload({"s": {"data_source_path": f"s3://{bucket.name}", "connection": "lake"}})
    assert nuvyn("run", payload, env=env).code == 0


def test_azure_and_a_database_beside_what_is_there(tmp_path: Path) -> None:
    nuvyn = Nuvyn(tmp_path)
    before = "# mine\nlog_level = 'debug'\n\n[connections.azure]\nkind = 'azure_blob' # kept\n"
    (tmp_path / "config.toml").write_text(before)
    init(nuvyn, "azure", "", "acme", "sas", "${ACME_SAS}", "")
    said = init(
        nuvyn,
        "database",
        "pg",
        "postgresql://u@server:canary-pw@h/d",
        "postgresql://u@127.0.0.1:1/d",
        "not a name",
        "PG_PW",
    )
    assert "canary" not in said and "PG_PW is not set" in said and "could not be reached" in said
    assert (tmp_path / "config.toml").read_text().startswith(before)
    assert config(nuvyn) == {
        "azure": {"kind": "azure_blob"},
        "azure2": {"kind": "azure_blob", "account": "acme", "sas_token": "${ACME_SAS}"},
        "pg": {"kind": "database", "url": "postgresql://u@127.0.0.1:1/d", "password": "${PG_PW}"},
    }


def test_a_folder_needs_none(tmp_path: Path) -> None:
    assert "needs no connection" in init(Nuvyn(tmp_path), "local")
    assert not (tmp_path / "config.toml").exists()


def test_a_name_that_is_taken_and_a_file_that_is_broken_are_told(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    add_connection(path, 'a "b" ü', {"kind": "aws_s3", "anonymous": True})
    assert tomllib.loads(path.read_text()) == {"connections": {'a "b" ü': {"kind": "aws_s3", "anonymous": True}}}
    with pytest.raises(UsageError, match="already"):
        add_connection(path, 'a "b" ü', {})
    path.write_text("[")
    with pytest.raises(UsageError, match="cannot be read"):
        add_connection(path, "x", {})
    assert path.read_text() == "["
