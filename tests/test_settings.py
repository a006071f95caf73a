"""Settings: flags over variables over the file, and where each came from."""

import stat
from pathlib import Path
from typing import Any

import pytest

from core import settings
from core.errors import UsageError
from core.payload.load import parse
from core.secrets import mask
from core.settings import LIMITS, Settings, load_settings
from core.settings_sources import NAMES

CONFIG = """
catalog = "main"
log_level = "debug"
retries = 7
runs = "elsewhere/runs"

[connections.lake]
kind = "azure_blob"
account = "contoso"
account_key = "${LAKE_KEY}"
endpoint_url = "${LAKE_ENDPOINT}"
anonymous = false
api_version = "2024-11-04"

[connections.shop]
url = "postgresql://reader:pass-of-shop@db/shop"
"""


def load(home: Path, text: str | None = None, environ: dict[str, str] | None = None, **flags: Any) -> Settings:
    if text is not None:
        (home / "config.toml").write_text(text, encoding="utf-8")
    return load_settings(home=str(home), overrides=flags, environ=environ or {})


def test_everything_lies_in_the_home_folder(tmp_path: Path) -> None:
    found = load(tmp_path)
    assert found.home == tmp_path
    assert (found.jobs, found.mirror) == (tmp_path / "jobs.sqlite", tmp_path / "mirror.duckdb")
    assert (found.runs, found.logs) == (tmp_path / "runs", tmp_path / "logs")
    assert (found.catalog, found.schema_name) == ("hive_metastore", "_executor_metadata")
    assert found.warnings == ()


def test_flags_win_over_variables_and_these_over_the_file(tmp_path: Path) -> None:
    environ = {"NUVYN_LOG_LEVEL": "error", "NUVYN_RETRIES": "8", "NUVYN_SCHEMA": "meta", "NUVYN_LOGS": ""}
    found = load(tmp_path, CONFIG, environ, retries=9)
    config = str(tmp_path / "config.toml")
    assert (found.catalog, found.origin("catalog")) == ("main", config)
    assert (found.log_level, found.origin("log_level")) == ("error", "NUVYN_LOG_LEVEL")
    assert (found.options.retries, found.origin("retries")) == (9, "flag")
    assert (found.schema_name, found.origin("schema")) == ("meta", "NUVYN_SCHEMA")
    assert (found.logs, found.origin("logs")) == (tmp_path / "logs", "default")
    assert (found.runs, found.origin("runs")) == (tmp_path / "elsewhere" / "runs", config)
    assert found.origin("home") == "flag"


def test_each_path_can_be_set_by_itself(tmp_path: Path) -> None:
    environ = {"NUVYN_HOME": str(tmp_path), "NUVYN_JOBS": "/j/jobs.db", "NUVYN_MIRROR": "~/m.duckdb"}
    found = load_settings(environ=environ)
    assert found.origin("home") == "NUVYN_HOME"
    assert found.jobs == Path("/j/jobs.db")
    assert found.mirror == Path.home() / "m.duckdb"


def test_the_file_may_lie_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = tmp_path / "named.toml"
    named.write_text(f'home = "{tmp_path / "house"}"\n')
    found = load_settings(environ={"NUVYN_CONFIG": str(named)})
    assert (found.config_file, found.origin("config_file")) == (named, "NUVYN_CONFIG")
    assert (found.home, found.jobs) == (tmp_path / "house", tmp_path / "house" / "jobs.sqlite")

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    from platformdirs import user_config_path

    platform = user_config_path("nuvyn", appauthor=False) / "config.toml"
    if tmp_path in platform.parents:
        platform.parent.mkdir(parents=True)
        platform.write_text("retries = 5")
        assert load_settings(home=str(tmp_path), environ={}).options.retries == 5


def test_every_shown_setting_has_an_origin_and_shows_no_secret(tmp_path: Path) -> None:
    found = load(tmp_path, CONFIG)
    shown = found.shown()
    assert {"home", "jobs", "schema", "max_concurrency", "connections"} <= set(shown)
    assert all(found.origin(name) for name in shown)
    assert "pass-of-shop" not in repr(found) + repr(shown)


def test_lists_come_from_the_file_and_with_commas_from_variables(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('api_roots = ["lake", "/data"]\napi_hosts = ["db.internal"]\n')
    found = load_settings(home=str(tmp_path), environ={"NUVYN_API_HOSTS": "10.0.0.0/8, minio ,"})
    # A folder of the file is below the file's own.
    assert found.api_roots == (str(tmp_path / "lake"), "/data")
    assert found.api_hosts == ("10.0.0.0/8", "minio")
    assert found.shown()["api_hosts"] == "10.0.0.0/8, minio" and found.origin("api_hosts") == "NUVYN_API_HOSTS"
    assert found.shown()["api_connections"] == "none"


def test_settings_are_the_defaults_of_payloads(tmp_path: Path) -> None:
    found = load(tmp_path, "max_concurrency = 8\ntimeout_s = 60")
    payload = '{"workflow_id": "w", "data_source_path": "/x", "options": {"timeout_s": 5}}'
    options = parse(payload, defaults=found.options).accepted().sources[0].options
    assert (options.max_concurrency, options.timeout_s) == (8, 5)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a = 1\nb = = 2", "line 2"),
        ("connections = 5", "connections.NAME"),
        ("[connections]\nlake = 'x'", "connections.NAME"),
        ("catalog = 'a; DROP TABLE x'", "`catalog`"),
        ("schema = ''", "`schema`"),
        ("log_level = 'loud'", "`log_level`"),
        ("retries = -1\nsample_bytes = 'x'", "`sample_bytes`"),
        ("jobs = 5", "`jobs`"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name(tmp_path: Path, text: str, part: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, text)
    assert part in caught.value.message + caught.value.hint
    assert str(tmp_path / "config.toml") in caught.value.message
    assert caught.value.hint


def test_a_wrong_variable_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="NUVYN_RETRIES"):
        load(tmp_path, environ={"NUVYN_RETRIES": "many"})
    with pytest.raises(UsageError, match=r"missing\.toml"):
        load(tmp_path, environ={"NUVYN_CONFIG": str(tmp_path / "missing.toml")})


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"a = '\xff'")
    with pytest.raises(UsageError, match="UTF-8"):
        load(tmp_path)


def test_unknown_names_are_warnings_with_the_nearest(tmp_path: Path) -> None:
    found = load(tmp_path, "catalgo = 'x'\n[connections.lake]\nacount_key = 'x'\nfreeform = 1")
    assert len(found.warnings) == 2
    assert "`catalog`" in found.warnings[0]
    assert "`account_key`" in found.warnings[1]


def test_a_connection_resolves_its_references(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_KEY", "key-of-the-lake")
    monkeypatch.setenv("LAKE_ENDPOINT", "http://127.0.0.1:10000/contoso")
    lake = load(tmp_path, CONFIG).connection("lake")
    assert (lake.kind, lake.account, lake.account_key) == ("azure_blob", "contoso", "key-of-the-lake")
    assert lake.extra == {"api_version": "2024-11-04"}
    assert "key-of-the-lake" not in repr(lake)
    assert mask("key-of-the-lake http://127.0.0.1:10000/contoso") == "*** http://127.0.0.1:10000/contoso"


def test_secrets_written_into_a_connection_are_hidden_too(tmp_path: Path) -> None:
    shop = load(tmp_path, CONFIG).connection("shop")
    assert shop.url == "postgresql://reader:pass-of-shop@db/shop"
    assert mask("password pass-of-shop is wrong") == "password *** is wrong"
    assert "pass-of-shop" not in repr(shop)


def test_a_connection_that_is_wrong_is_named(tmp_path: Path) -> None:
    text = (
        "[connections.a]\nanonymous = 'yes'\n[connections.b]\naccount = ['x']\n[connections.c]\naccount = '${NOT_SET}'"
    )
    found = load(tmp_path, text)
    for name, part in (("a", "anonymous"), ("b", "account"), ("c", "NOT_SET")):
        with pytest.raises(UsageError, match=part) as caught:
            found.connection(name)
        assert f"`{name}`" in caught.value.message


def test_an_unknown_connection_offers_the_nearest(tmp_path: Path) -> None:
    found = load(tmp_path, CONFIG)
    with pytest.raises(UsageError, match="lakes") as caught:
        found.connection("lakes")
    assert "`lake`" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        found.connection("zzz")
    assert "lake, shop" in caught.value.hint


def test_folders_are_made_for_their_owner_only(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "home"
    found = load_settings(home=str(home), environ={"NUVYN_MIRROR": str(tmp_path / "m" / "n" / "mirror.duckdb")})
    found.prepare()
    found.prepare()
    made = [home.parent, home, home / "runs", home / "logs", tmp_path / "m", tmp_path / "m" / "n"]
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in made} == {0o700}


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="file") as caught:
        load_settings(home=str(tmp_path / "file" / "home"), environ={}).prepare()
    assert "NUVYN_HOME" in caught.value.hint


def test_every_setting_of_the_file_has_an_effect() -> None:
    """One that is checked but never taken over would be accepted without a word."""
    taken = {*settings._NAMES.values(), *LIMITS, "home", "jobs", "mirror", "runs", "logs"}
    assert set(NAMES) == taken
