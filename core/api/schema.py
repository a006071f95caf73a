"""Calls about the metadata schema: is it there and right, and making it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import APIRouter, Request

from core.api.backend import Back, Backend
from core.api.bodies import SchemaIn, json_body, object_field, object_of
from core.api.errors import ApiError
from core.api.models import SchemaChecked, SchemaCreated, TableCheck
from core.caller_databases import check_login
from core.databricks.target import Target, is_configured, target_of
from core.metadata_schema import (
    WANTED,
    Checked,
    Made,
    check_mirror,
    check_warehouse,
    make_mirror,
    make_warehouse,
)
from core.mirror.mirror import Mirror
from core.sources.guard import Guard, Refused

router = APIRouter(prefix="/schema", tags=["schema"])

T = TypeVar("T", Checked, Made)


@router.post("/validate", response_model=SchemaChecked, openapi_extra=json_body(SchemaIn, required=False))
async def validate_schema(request: Request, back: Back, tenant_id: str = "") -> SchemaChecked:
    """Compare the metadata schema, table by table and column by column; nothing is changed."""
    found = await _do(request, back, check_mirror, check_warehouse)
    return SchemaChecked(
        target=found.target,
        catalog=found.catalog,
        schema_name=found.schema,
        validation_status="valid" if found.valid else "invalid",
        tables_found=list(found.found),
        tables_missing=list(found.absent),
        tables_invalid=sorted(found.missing),
        validation_details={
            name: TableCheck(
                exists=name in found.found,
                structure_valid=name in found.found and name not in found.missing,
                missing_columns=list(found.missing.get(name, ())),
            )
            for name in WANTED
        },
    )


@router.post("/create", response_model=SchemaCreated, openapi_extra=json_body(SchemaIn, required=False))
async def create_schema(request: Request, back: Back, tenant_id: str = "") -> SchemaCreated:
    """Make what is missing; nothing is ever dropped, and calling it again changes nothing."""
    made = await _do(request, back, make_mirror, make_warehouse)
    return SchemaCreated(
        target=made.checked.target,
        catalog=made.checked.catalog,
        schema_name=made.checked.schema,
        creation_status="success",
        tables_created=list(made.created),
        tables_completed=list(made.completed),
        tables_failed=[*made.checked.absent, *made.checked.missing],
    )


async def _do(request: Request, back: Backend, mirror: Callable[[Mirror], T], warehouse: Callable[[Target], T]) -> T:
    """One of the two, on the target that the body names."""
    given = await object_of(request, empty=True)
    login = object_field(given, "databricks_credentials")
    where = given.get("target")
    if where not in (None, "mirror", "databricks"):
        raise ApiError(400, "this is no target", "target is `mirror` or `databricks`", path="target")
    if where == "mirror" or (where is None and not login and not is_configured(back.settings)):
        return await asyncio.to_thread(mirror, back.house.mirror)
    target = _target(back, login)
    # A warehouse may take minutes to start; who asks for one keeps nobody else waiting.
    return await back.in_pool(back.warehouses, warehouse, target)


def _target(back: Backend, login: dict[str, Any]) -> Target:
    if login:
        try:
            check_login(login, Guard(back.rules.hosts))
        except Refused as error:
            raise ApiError(400, error.message, error.hint, path="databricks_credentials") from None
    return target_of(back.settings, login)
