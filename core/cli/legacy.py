"""The argument forms of the executor that existing deployments call."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import click

from core.cli.context import open_house, settings
from core.cli.problems import accept
from core.cli.run import EXIT, run_silently
from core.jobs.requests import create
from core.jobs.store import this_owner
from core.payload.load import check, parse
from core.payload.problems import Checked


@click.command("metadata_extraction")
@click.argument("data_source_path", default="")
@click.argument("data_source_type", default="auto")
@click.argument("tenant_id", default="default")
@click.option("--write-to-db", is_flag=True, help="Write to Databricks too, when it is configured.")
def metadata_extraction(data_source_path: str, data_source_type: str, tenant_id: str, write_to_db: bool) -> int:
    """Run as the executor's `main.py` did: positions are path, type and tenant.

    With NUVYN_JOB_PAYLOAD set, its sources are run; a workflow id may then stand in place of the
    path. Standard output is the answer and nothing else; everything else goes to standard error.
    """
    checked = _payload(data_source_path, data_source_type, tenant_id)
    job = accept(checked, as_json=True)
    with open_house(log_to_stderr=True) as house:
        owner = this_owner()
        record = house.store.job(create(house.store, job, write_to_db=write_to_db, owner=owner))
        state = run_silently(house, record, job, owner)
        json.dump(house.store.job(record.job_id).answer, sys.stdout, indent=2)
        sys.stdout.write("\n")
    return EXIT[state]


def _payload(path: str, source_type: str, tenant_id: str) -> Checked:
    """The payload of the environment with the arguments filled in, or one made of the arguments."""
    text = os.environ.get("NUVYN_JOB_PAYLOAD", "").strip()
    if not text:
        made = {
            "job_type": "metadata_extraction",
            "workflow_id": os.environ.get("WORKFLOW_ID") or "default",
            "data_source_path": path,
            "data_source_type": source_type,
            "tenant_id": tenant_id,
        }
        return check(made, defaults=settings().options)
    checked = parse(text, where="NUVYN_JOB_PAYLOAD", defaults=settings().options)
    try:
        given: Any = json.loads(text)
    except ValueError:
        return checked
    if not isinstance(given, dict):
        return checked
    metadata = given.get("job_metadata")
    nested = metadata if isinstance(metadata, dict) else {}
    if "sources" in given or "sources" in nested:
        if path and not (given.get("workflow_id") or nested.get("workflow_id")):
            given["workflow_id"] = path
    elif path and not given.get("data_source_path"):
        given["data_source_path"] = path
    if source_type != "auto":
        given.setdefault("data_source_type", source_type)
    if tenant_id != "default":
        given.setdefault("tenant_id", tenant_id)
    return check(given, defaults=settings().options)
