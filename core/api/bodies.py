"""Bodies as they come in: JSON read by the same decoder as everywhere, so that its errors give line and column."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any, Literal

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from core.api.errors import ApiError
from core.payload.decode import NotJson, decode
from core.payload.load import parse
from core.payload.models import SOURCE_TYPES
from core.payload.problems import Checked
from core.settings import Settings

MAX_BODY = 10_000_000
"""Bytes; more is answered with 413."""


class _In(BaseModel):
    """For the documentation only: bodies are read by the same code as everywhere else."""

    model_config = ConfigDict(extra="allow")


_SourceType = Annotated[str, Field(json_schema_extra={"enum": list(SOURCE_TYPES)})]
_Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
_EXAMPLE: dict[str, Any] = {
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


class SourceIn(_In):
    """One source of a payload; unknown fields are kept and reported."""

    source_id: _Text
    data_source_path: str | None = None
    data_source_type: _SourceType | None = None
    connection: str | None = None
    options: dict[str, Any] | None = None


class PayloadIn(_In):
    """A payload: `sources`, or one source's `data_source_path`. docs/usage.md has the options."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [_EXAMPLE]})
    workflow_id: _Text
    job_type: Literal["metadata_extraction"] | None = None
    sources: list[SourceIn] | None = None
    data_source_path: Any = None
    data_source_type: _SourceType | None = None
    source_id: Any = None
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
            "anyOf": [{"required": ["data_source_path"]}, {"required": ["path"]}],
        },
    )
    data_source_path: str | None = None
    data_source_type: _SourceType | None = None
    path: str | None = None
    source_type: _SourceType | None = None
    connection: str | None = None
    credentials: dict[str, str | int | None] | None = None


class SchemaIn(_In):
    """Which metadata schema: the local mirror's, or that of a warehouse; unset, the warehouse's where one is named."""

    target: Literal["mirror", "databricks"] | None = None
    databricks_credentials: dict[str, str | None] | None = None


ANYTHING: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {}, "example": _EXAMPLE}}}
}
"""A body that may be any JSON: what is wrong with it is in the answer."""


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
    """The body as a checked payload; raises `ApiError` (400) when there is none."""
    text = await text_of(request)
    if not text:
        raise ApiError(400, "no payload was sent", "send it as the body, a JSON object")
    # A long one takes a while, and others are not to wait for it.
    return await asyncio.to_thread(parse, text, where="the body", defaults=settings.options)


async def object_of(request: Request, *, empty: bool = False) -> dict[str, Any]:
    """The body as a JSON object; with `empty` no body is an empty one.

    Raises:
        ApiError: 400, it is something else.
    """
    text = await text_of(request)
    if empty and not text:
        return {}
    value = await asyncio.to_thread(any_value, text)
    if not isinstance(value, dict):
        raise ApiError(400, "the body must be a JSON object", 'write { "name": value }')
    return value


def any_value(text: str) -> Any:
    """A body's JSON value; raises `ApiError` (400) with line and column when it is none."""
    try:
        value = decode(text)
        json.dumps(value, ensure_ascii=False).encode()
    except NotJson as error:
        raise ApiError(400, f"the body is not JSON: {error}", error.hint) from None
    except UnicodeEncodeError:
        raise ApiError(400, "a text holds half a character (a lone surrogate)", "write it as UTF-8") from None
    return value


def text_field(given: dict[str, Any], *names: str) -> str | None:
    """The first of these fields that is set, as text without blanks around it.

    Raises:
        ApiError: 400, one of them is not text.
    """
    found = [_text(name, given.get(name)) for name in names]
    return next((text for text in found if text), None)


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or "\0" in value:
        raise ApiError(400, f"{name} must be text", "put it in quotes", path=name)
    return value.strip()


def object_field(given: dict[str, Any], name: str) -> dict[str, Any]:
    """A field that is an object; empty when it is not set. Raises `ApiError` (400) otherwise."""
    value = given.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ApiError(400, f"{name} must be an object", "put it into { }", path=name)
    return value
