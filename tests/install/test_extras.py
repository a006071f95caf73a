"""Without an extra nuvyn works as far as it can, and what needs the extra names it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import ROOT, Nuvyn, Ran
from tests.every_format import lake

AZURE = "adlfs,azure,obstore,msal"
S3 = "s3fs,obstore,aiobotocore,botocore"
ALL = (
    f"{AZURE},{S3},databricks,sqlalchemy,psycopg,pymysql,pymssql,snowflake,python_calamine,fastapi,uvicorn,httptools,"
    "uvloop,textual_serve,aiohttp_jinja2,pyspark,deltalake,pyiceberg,openpyxl,sqlglot,prometheus_client"
)
_DATABRICKS = {
    "DATABRICKS_HOST": "h.cloud.databricks.com",
    "DATABRICKS_HTTP_PATH": "/x",
    "DATABRICKS_TOKEN": "dapi-canary-0123456789",
}


def without(packages: str, home: Path, *arguments: str, **env: str) -> Ran:
    blocking = {"WITHOUT": packages, "PYTHONPATH": f"{ROOT / 'tests/install/blocking'}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-m", "nuvyn_tui.main", *arguments],
        capture_output=True,
        text=True,
        env=Nuvyn(home).environ() | blocking | env,
        cwd=ROOT,
        timeout=120,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("extra", "arguments"),
    [
        ("azure", ("inspect", "abfss://c@acme.dfs.core.windows.net/x")),
        ("s3", ("inspect", "s3://bucket/x")),
        ("postgresql", ("inspect", "postgresql://u@127.0.0.1:1/d")),
        ("mysql", ("inspect", "mysql://u@127.0.0.1:1/d")),
        ("mssql", ("inspect", "mssql://u@127.0.0.1:1/d")),
        ("snowflake", ("inspect", "snowflake://u@127.0.0.1/d")),
        ("api", ("serve", "--port", "0")),
        ("web", ("web", "--port", "0")),
    ],
)
def test_what_needs_an_extra_names_it(tmp_path: Path, extra: str, arguments: tuple[str, ...]) -> None:
    said = without(ALL, tmp_path, *arguments)
    assert said.code != 0
    assert f"pip install 'nuvyn[{extra}]'" in said.err, said.err
    assert "Traceback" not in said.err


def test_the_sync_names_its_extra(tmp_path: Path) -> None:
    assert Nuvyn(tmp_path)("demo").code == 0
    said = without(ALL, tmp_path, "sync", **_DATABRICKS)
    assert said.code != 0 and "pip install 'nuvyn[databricks]'" in said.err


def test_the_base_reads_folders_and_databases_in_files_and_names_what_it_cannot(tmp_path: Path) -> None:
    folder = tmp_path / "lake"
    for key, data in lake().items():
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    nuvyn = Nuvyn(tmp_path)
    said = without(ALL, tmp_path, "run", nuvyn.payload({"a": str(folder)}))
    assert said.code == 0, said.err
    failed = nuvyn.rows("SELECT file_path, error FROM files WHERE status = 'failed' ORDER BY ALL")
    assert "pip install 'nuvyn[excel]'" in {row["file_path"]: row["error"] for row in failed}["books/people.xlsx"]
    assert all(row["file_path"].startswith(("books/", "broken/")) for row in failed)
    spark = without(ALL, tmp_path, "run", nuvyn.payload({"b": str(folder)}), "--engine", "spark")
    assert spark.code != 0 and "pip install 'nuvyn[spark]'" in spark.out + spark.err
    doctor = without(ALL, tmp_path, "doctor", "--offline")
    assert doctor.code == 0
    # Once the extra is there, its files are read.
    assert nuvyn("run", nuvyn.payload({"a": str(folder)})).code == 0
    [book] = nuvyn.rows("SELECT status, error FROM files WHERE file_path = 'books/people.xlsx' AND source_id = 'a'")
    assert book["status"] == "read", book


@pytest.mark.parametrize(("packages", "extra"), [(S3, "s3"), (AZURE, "azure")])
def test_one_cloud_does_without_the_other(tmp_path: Path, packages: str, extra: str) -> None:
    other = "az://c@127.0.0.1:1/x" if extra == "s3" else "s3://bucket/x"
    env = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "canary-of-s3"}
    said = without(packages.replace(",obstore", ""), tmp_path, "inspect", other, **env)
    assert "pip install" not in said.err, said.err
