"""Is the metadata schema there and right: the mirror's, and a warehouse's."""

from __future__ import annotations

from pathlib import Path

import duckdb

from core.metadata_schema import WANTED
from tests.command import Nuvyn
from tests.servers.api import Api
from tests.servers.warehouse import Warehouse


def test_the_mirrors_schema_is_made_and_completed(tmp_path: Path) -> None:
    with Api(Nuvyn(tmp_path)) as api:
        found = api("POST", "/schema/validate").json()
        assert (found["target"], found["validation_status"]) == ("mirror", "invalid")
        assert set(found["tables_missing"]) == set(WANTED)
        assert not (tmp_path / "mirror.duckdb").exists(), "asking makes nothing"
        made = api("POST", "/schema/create").json()
        assert (made["creation_status"], set(made["tables_created"])) == ("success", set(WANTED))
        assert api("POST", "/schema/create").json()["tables_created"] == []
        with duckdb.connect(str(tmp_path / "mirror.duckdb")) as mirror:
            mirror.execute("ALTER TABLE _executor_metadata.tables DROP COLUMN properties")
        found = api("POST", "/schema/validate", {"target": "mirror"}).json()
        assert (found["validation_status"], found["tables_invalid"]) == ("invalid", ["tables"])
        assert found["validation_details"]["tables"]["missing_columns"] == ["properties"]
        assert api("POST", "/schema/validate", {"target": "databricks"}).status == 409
        assert api("POST", "/schema/validate", {"target": "moon"}).status == 400


def test_a_warehouses_schema_is_made_and_completed(tmp_path: Path, warehouse: Warehouse) -> None:
    with Api(Nuvyn(tmp_path), env=warehouse.environ()) as api:
        found = api("POST", "/schema/validate").json()
        assert (found["target"], found["validation_status"]) == ("databricks", "invalid"), found
        made = api("POST", "/schema/create").json()
        assert set(made["tables_created"]) == set(WANTED) and made["tables_failed"] == []
        assert api("POST", "/schema/validate").json()["validation_status"] == "valid"
        # A caller's own login goes where the operator lets it, and is whole.
        login = {"server_hostname": warehouse.address, "http_path": "/sql/1", "access_token": "dapi-canary-1"}
        refused = api("POST", "/schema/validate", {"databricks_credentials": login})
        assert refused.status == 400 and "no server of Databricks" in refused.json()["error"]
        refused = api("POST", "/schema/create", {"databricks_credentials": {"catalog": "prod"}})
        assert refused.status == 400 and "no login of their own" in refused.json()["error"]
    assert "dapi-canary" not in api.errors


def test_the_command_line_does_the_same(tmp_path: Path, warehouse: Warehouse) -> None:
    nuvyn = Nuvyn(tmp_path)
    ran = nuvyn("schema", "validate")
    assert ran.code == 1 and "_executor_metadata.sources is missing" in ran.out and "schema create" in ran.err
    assert set(nuvyn("schema", "create", "--json").json()["created"]) == set(WANTED)
    assert nuvyn("schema", "validate", "--json").json()["valid"] is True
    for command, code in (("validate", 1), ("create", 0), ("validate", 0)):
        assert nuvyn("schema", command, "--databricks", env=warehouse.environ()).code == code, command
    assert nuvyn("schema", "validate", "--databricks").code == 2
