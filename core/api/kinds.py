"""The kinds of sources as `GET /datasources/types` tells them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind; `packages` are what its `extra` installs, by the names they are imported by."""

    name: str
    about: str
    paths: tuple[str, ...]
    credentials: tuple[str, ...]
    packages: tuple[str, ...] = ()
    extra: str | None = None


_LOGIN = ("username", "password", "a connection of the server's config")

KINDS = (
    Kind(
        "azure_blob",
        "Azure Blob Storage and Data Lake Storage Gen2",
        ("https://ACCOUNT.blob.core.windows.net/CONTAINER/PREFIX", "abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/"),
        ("connection_string, or account_name and account_key, or sas_token; else those of the server",),
        ("adlfs",),
        "azure",
    ),
    Kind(
        "aws_s3",
        "S3 and what speaks its language",
        ("s3://BUCKET/PREFIX", "https://BUCKET.s3.REGION.amazonaws.com/PREFIX"),
        ("access_key_id and secret_access_key; else those of the server", "region (optional)"),
        ("s3fs",),
        "s3",
    ),
    Kind("local_filesystem", "folders of the server that are open to callers", ("/FOLDER", "file:///FOLDER"), ()),
    Kind(
        "postgresql",
        "PostgreSQL",
        ("postgresql://USER@HOST/DATABASE",),
        _LOGIN,
        ("sqlalchemy", "psycopg"),
        "postgresql",
    ),
    Kind("mysql", "MySQL and MariaDB", ("mysql://USER@HOST/DATABASE",), _LOGIN, ("sqlalchemy", "pymysql"), "mysql"),
    Kind("mssql", "SQL Server", ("mssql://USER@HOST/DATABASE",), _LOGIN, ("sqlalchemy", "pymssql"), "mssql"),
    Kind(
        "snowflake",
        "Snowflake",
        ("snowflake://USER@ACCOUNT/DATABASE",),
        _LOGIN,
        ("sqlalchemy", "snowflake"),
        "snowflake",
    ),
    Kind(
        "databricks",
        "Databricks",
        ("databricks://HOST/CATALOG?http_path=PATH", "CATALOG.SCHEMA"),
        ("access_token",),
        ("databricks",),
        "databricks",
    ),
    Kind("sqlite", "SQLite files", ("sqlite:////FOLDER/FILE.db",), ()),
    Kind("duckdb", "DuckDB files", ("duckdb:////FOLDER/FILE.duckdb",), ()),
)
