"""One job over Azure, S3 and a folder: all good; one secret wrong; and where secrets must never be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.house import House
from core.jobs.requests import create
from core.payload.load import check
from core.settings import load_settings
from tests.command import Nuvyn
from tests.every_format import lake
from tests.servers.azurite import ACCOUNT, KEY, Azurite
from tests.servers.seaweed import ACCESS_KEY, SECRET_KEY, Seaweed

FILES = {
    "sales/orders/d=2024-01-01/p.csv": b"id,total\n1,2.5\n",
    "sales/orders/d=2024-01-02/p.csv": b"id,total\n2,3.5\n",
    "odd/a b?c#d%20+&[1]é.csv": b"x\n1\n",
}


def put(files: dict[str, bytes], azurite: Azurite, seaweed: Seaweed, folder: Path) -> dict[str, str]:
    """The same objects in three places."""
    container, bucket = azurite.container(files), seaweed.bucket(files)
    for key, data in files.items():
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(data)
    return {"azure": f"{azurite.url}/{container}", "s3": f"s3://{bucket}", "local": str(folder)}


@pytest.fixture
def places(azurite: Azurite, seaweed: Seaweed, tmp_path: Path) -> dict[str, str]:
    return put(FILES, azurite, seaweed, tmp_path / "lake")


def credentials(azurite: Azurite, seaweed: Seaweed) -> dict[str, str]:
    return {
        "AZURE_STORAGE_CONNECTION_STRING": azurite.connection_string,
        "AWS_ENDPOINT_URL": seaweed.url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
    }


def test_three_places_in_one_job(nuvyn: Nuvyn, azurite: Azurite, seaweed: Seaweed, places: dict[str, str]) -> None:
    ran = nuvyn("run", nuvyn.payload(places), "--json", env=credentials(azurite, seaweed))
    assert (ran.code, ran.last_json()["status"]) == (0, "completed"), ran.out
    types = [s["source_type"] for s in ran.last_json()["result_data"]["sources"]]
    assert types == ["azure_blob", "aws_s3", "local_filesystem"]
    rows = {
        source: nuvyn.rows(
            "SELECT table_name, column_name, data_type, is_partition FROM columns"
            f" WHERE source_id = '{source}' ORDER BY ALL"
        )
        for source in places
    }
    assert rows["azure"] == rows["s3"] == rows["local"]
    assert len(rows["local"]) == 4
    files = nuvyn.rows("SELECT DISTINCT file_path FROM files ORDER BY 1")
    assert [f["file_path"] for f in files] == sorted(FILES)


def test_every_format_is_the_same_row_for_row_wherever_it_lies(
    nuvyn: Nuvyn, azurite: Azurite, seaweed: Seaweed, tmp_path: Path
) -> None:
    places = put(lake(), azurite, seaweed, tmp_path / "lake")
    ran = nuvyn("run", nuvyn.payload(places), env=credentials(azurite, seaweed))
    assert ran.code == 0, ran.out
    tables = ("tables", "columns", "files")
    left_out = {"tables": "source_id", "columns": "source_id", "files": "source_id, last_modified, etag"}
    found = {
        source: [
            nuvyn.rows(f"SELECT * EXCLUDE ({left_out[name]}) FROM {name} WHERE source_id = '{source}' ORDER BY ALL")
            for name in tables
        ]
        for source in places
    }
    assert found["azure"] == found["s3"] == found["local"]
    [rows, _, files] = found["local"]
    assert {row["table_name"]: row["row_count"] for row in rows} | {"delta/t": 7, "iceberg/t": 3} == {
        row["table_name"]: row["row_count"] for row in rows
    }
    assert {row["file_type"] for row in rows} == {
        *("parquet", "orc", "avro", "arrow", "excel", "csv", "json", "delta", "iceberg", "sqlite", "duckdb")
    }
    assert {row["status"] for row in files} == {"read", "ignored", "unknown", "failed"}


@pytest.mark.parametrize("wrong", ["azure", "s3"])
def test_a_wrong_secret_fails_its_source_only(
    nuvyn: Nuvyn, azurite: Azurite, seaweed: Seaweed, places: dict[str, str], wrong: str
) -> None:
    env = credentials(azurite, seaweed)
    if wrong == "azure":
        env["AZURE_STORAGE_CONNECTION_STRING"] = env["AZURE_STORAGE_CONNECTION_STRING"].replace(KEY[:20], "A" * 20)
    else:
        env["AWS_SECRET_ACCESS_KEY"] = "another-secret-than-that"
    ran = nuvyn("run", nuvyn.payload(places), env=env)
    assert ran.code == 3
    stored = nuvyn.rows("SELECT source_id FROM sources ORDER BY 1")
    assert [row["source_id"] for row in stored] == sorted(set(places) - {wrong})
    assert f"{wrong}  failed" in ran.out
    told = ran.out.split(f"{wrong}  failed")[1].split("\n\n")[0]
    assert places[wrong] in told
    assert "denied" in told or "refused" in told
    origin = "AZURE_STORAGE_CONNECTION_STRING" if wrong == "azure" else "AWS_SECRET_ACCESS_KEY"
    assert "hint:" in told and origin in told


CANARIES = (
    "canaryACCOUNTKEY0000000000000000000000000000000000000000000000000000000000000000000000==",
    "canaryS3SECRET0123456789",
)


def everything_written(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield str(path), path.read_bytes()


def test_secrets_are_nowhere(nuvyn: Nuvyn, azurite: Azurite, seaweed: Seaweed, places: dict[str, str]) -> None:
    """A SAS that works, and an account key, a password and an S3 secret that are refused."""
    container = places["azure"].rsplit("/", 1)[1]
    sas = azurite.sas(container)
    signature = sas.split("sig=")[1].split("&")[0]
    (nuvyn.home / "config.toml").write_text(
        f'[connections.keyed]\nkind = "azure_blob"\naccount = "{ACCOUNT}"\naccount_key = "{CANARIES[0]}"\n'
        f'[connections.bucket]\nkind = "aws_s3"\naccess_key_id = "{ACCESS_KEY}"\nsecret_access_key = "${{S3_SECRET}}"\n'
    )
    payload = {
        "workflow_id": "secrets",
        "sources": [
            {"source_id": "sas", "data_source_path": f"{places['azure']}?{sas}"},
            {"source_id": "key", "data_source_path": places["azure"], "connection": "keyed"},
            {"source_id": "s3", "data_source_path": places["s3"], "connection": "bucket"},
            {"source_id": "db", "data_source_path": "postgresql://user:canaryPASSWORD@nowhere.invalid/db"},
        ],
        "job_metadata": {"databricks_credentials": {"access_token": "dapi0123456789abcdefcanary"}},
    }
    env = {"AWS_ENDPOINT_URL": seaweed.url, "S3_SECRET": CANARIES[1], "NUVYN_JOB_PAYLOAD": json.dumps(payload)}
    ran = nuvyn("--verbose", "run", "--json", env=env | {"NUVYN_LOG_LEVEL": "debug"})
    assert (ran.code, ran.last_json()["status"]) == (3, "partial")
    assert [s["status"] for s in ran.last_json()["result_data"]["sources"]] == ["success", "failed", "failed", "failed"]
    [stored] = nuvyn.rows("SELECT source_path FROM sources")
    assert "sig=***" in stored["source_path"]
    (nuvyn.home / "config.toml").unlink()
    shown = nuvyn("show", ran.last_json()["job_id"])
    logs = nuvyn("logs", ran.last_json()["job_id"])
    written = [*everything_written(nuvyn.home), *((n, t.encode()) for n, t in (("out", ran.out), ("err", ran.err)))]
    written += [("show", (shown.out + shown.err).encode()), ("logs", (logs.out + logs.err).encode())]
    assert len(written) > 6
    from urllib.parse import unquote

    secrets = (
        *CANARIES,
        signature,
        unquote(signature),
        "canaryPASSWORD",
        "dapi0123456789abcdefcanary",
        SECRET_KEY,
        KEY,
    )
    for name, data in written:
        for secret in secrets:
            assert secret.encode() not in data, (name, secret)


def test_a_job_whose_secret_was_not_kept_says_so(nuvyn: Nuvyn, azurite: Azurite, places: dict[str, str]) -> None:
    container = places["azure"].rsplit("/", 1)[1]
    path = f"{places['azure']}?{azurite.sas(container)}"
    # As one whose own process died with the secret.
    with House(load_settings(home=str(nuvyn.home), environ={})) as house:
        payload = {"workflow_id": "w", "sources": [{"source_id": "sas", "data_source_path": path}]}
        job_id = create(house.store, check(payload).accepted())
    nuvyn("worker", "--once", env={})
    ran = nuvyn("show", job_id, env={})
    assert "was not kept" in ran.out and "connection" in ran.out
