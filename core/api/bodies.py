"""Bodies as they come in: JSON read by the same decoder as everywhere, so that its errors give line and column."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from core.api.errors import ApiError
from core.payload.decode import NotJson, decode
from core.payload.load import parse
from core.payload.problems import Checked
from core.settings import Settings

MAX_BODY = 10_000_000
"""Bytes; more is answered with 413."""


class _In(BaseModel):
    model_config = ConfigDict(extra="allow")


class SourceIn(_In):
    """One source of a payload; unknown fields are kept and reported."""

    source_id: str = Field(min_length=1)
    data_source_path: str | None = None
    data_source_type: str | None = None
    connection: str | None = None
    options: dict[str, Any] | None = None


class PayloadIn(_In):
    """A payload: `sources`, or one source's `data_source_path`. docs/usage.md has the options."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "job_type": "metadata_extraction",
                    "workflow_id": "workflow_123",
                    "sources": [
                        {
                            "source_id": "lake",
                            "data_source_path": "https://ACCOUNT.blob.core.windows.net/CONTAINER",
                            "data_source_type": "azure_blob",
                        },
                        {"source_id": "raw", "data_source_path": "s3://BUCKET/prefix", "data_source_type": "aws_s3"},
                    ],
                }
            ]
        },
    )
    workflow_id: str = Field(min_length=1)
    job_type: str | None = None
    sources: list[SourceIn] | None = None
    data_source_path: str | None = None
    data_source_type: str | None = None
    source_id: str | None = None
    tenant_id: str | None = None
    job_metadata: dict[str, Any] | None = None
    options: dict[str, Any] | None = None


class TestIn(_In):
    """What to try: a source as in a payload; `source_type` and `path` are other names of its fields.

    `credentials` are used for this call alone, and kept nowhere.
    """

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [{"data_source_path": "s3://BUCKET/prefix", "data_source_type": "aws_s3"}],
        },
    )
    data_source_path: str | None = None
    data_source_type: str | None = None
    path: str | None = None
    source_type: str | None = None
    connection: str | None = None
    credentials: dict[str, Any] | None = None


class SchemaIn(_In):
    """Which metadata schema: the local mirror's, or that of a warehouse; unset, the warehouse's where one is named."""

    target: str | None = Field(default=None, json_schema_extra={"enum": ["mirror", "databricks", None]})
    databricks_credentials: dict[str, Any] | None = None


def json_body(model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """The part of an OpenAPI operation that describes its body."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}


async def text_of(request: Request) -> str:
    """The body as text; raises `ApiError` (400) when it is not UTF-8."""
    try:
        return (await request.body()).decode()
    except UnicodeDecodeError:
        raise ApiError(400, "the body is not UTF-8 text", "encode it as UTF-8") from None


async def payload_of(request: Request, settings: Settings) -> Checked:
    """The body as a checked payload."""
    return parse(await text_of(request), where="the body", defaults=settings.options)


async def object_of(request: Request, *, empty: bool = False) -> dict[str, Any]:
    """The body as a JSON object; with `empty` no body is an empty one.

    Raises:
        ApiError: 400, it is something else.
    """
    text = await text_of(request)
    if empty and not text.strip():
        return {}
    value = any_value(text)
    if not isinstance(value, dict):
        raise ApiError(400, "the body must be a JSON object", 'write { "name": value }')
    return value


def any_value(text: str) -> Any:
    """A body's JSON value; raises `ApiError` (400) with line and column when it is none."""
    try:
        return decode(text)
    except NotJson as error:
        raise ApiError(400, f"the body is not JSON: {error}", error.hint) from None


def text_field(given: dict[str, Any], *names: str) -> str | None:
    """The first of these fields that is set, as text without blanks around it.

    Raises:
        ApiError: 400, one of them is not text.
    """
    for name in names:
        value = given.get(name)
        if value is None:
            continue
        if not isinstance(value, str) or "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
            raise ApiError(400, f"{name} must be text", "put it in quotes", path=name)
        if value.strip():
            return value.strip()
    return None


def object_field(given: dict[str, Any], name: str) -> dict[str, Any]:
    """A field that is an object; empty when it is not set. Raises `ApiError` (400) otherwise."""
    value = given.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ApiError(400, f"{name} must be an object", "put it into { }", path=name)
    return value
