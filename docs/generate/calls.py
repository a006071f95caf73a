"""`http.md`: every call of the HTTP API, from the document that the server gives of itself."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from core.api.app import make_app
from core.house import House
from core.settings import load_settings
from docs.generate.markdown import code, joined, page, sentence, table
from docs.generate.ranges import range_of, type_of

_PAGE, _LINK = re.compile(r"\bdocs/([\w-]+\.md)"), r"[\1](../\1)"
_INTRO = """`nuvyn serve` listens on port 8080 unless told otherwise, and has the same at `/docs`, to try out. The
document itself is at `/openapi.json`, with the fields of every answer by the names that stand here. [The HTTP
API](../http-api.md) shows each call with its answer, and tells what callers may name."""


def http_page() -> str:
    """The page."""
    document = _document()
    usual = _usual(document)
    parts = [_INTRO, sentence(document["info"]["description"]), "## All calls", _overview(document)]
    parts += ["## Statuses", "What a status means where the call itself says nothing else:"]
    parts.append(table(("status", "when"), ((status, sentence(text)) for status, text in usual.items())))
    for method, path, call in _calls(document):
        parts += [f"## {code(f'{method} {path}')}", *_call(call, document, usual)]
    return page("the OpenAPI document of `core/api`", "The calls of the HTTP API", *parts)


def _about(call: Mapping[str, Any]) -> str:
    """What a call does; a page of the docs that it names is a link."""
    return _PAGE.sub(_LINK, joined(call.get("description", call["summary"])))


def _usual(document: Mapping[str, Any]) -> dict[str, str]:
    """What an error's status means in most calls."""
    found: dict[str, Counter[str]] = {}
    for _, _, call in _calls(document):
        for status, answer in call["responses"].items():
            if int(status) >= 400:
                found.setdefault(status, Counter())[answer["description"]] += 1
    return {status: found[status].most_common(1)[0][0] for status in sorted(found)}


def _document() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as home, House(load_settings(home=home, environ={})) as house:
        return make_app(house).openapi()


def _calls(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, call in methods.items():
            yield method.upper(), path, call


def _overview(document: Mapping[str, Any]) -> str:
    return table(
        ("call", "what it does", "statuses"),
        (
            (
                code(f"{method} {path}"),
                _about(call),
                ", ".join(sorted(call["responses"])),
            )
            for method, path, call in _calls(document)
        ),
    )


def _call(call: Mapping[str, Any], document: Mapping[str, Any], usual: Mapping[str, str]) -> Iterator[str]:
    yield _about(call)
    # A path's parts show in the path.
    if found := [each for each in call.get("parameters", ()) if each["in"] != "path"]:
        rows = (_parameter(each, document) for each in found)
        yield table(("parameter", "in", "type", "default", "range", "meaning"), rows)
    if (body := call.get("requestBody")) is not None:
        yield from _body(body)
    answers = sorted(call["responses"].items())
    yield table(
        ("status", "answer"),
        ((status, _answer(answer)) for status, answer in answers if usual.get(status) != answer["description"]),
    )
    yield f"Also {', '.join(status for status, answer in answers if usual.get(status) == answer['description'])}."


def _parameter(found: Mapping[str, Any], document: Mapping[str, Any]) -> tuple[str, ...]:
    schema = found["schema"]
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    name = found["name"].title() if found["in"] == "header" else found["name"]
    default = code(schema["default"]) if schema.get("default") else "none"
    about = sentence(found.get("description", ""))
    return code(name), found["in"], type_of(schema), default, range_of(schema), about


def _body(body: Mapping[str, Any]) -> Iterator[str]:
    schema = body["content"]["application/json"]["schema"]
    what = "a JSON body" if body.get("required") else "a JSON body, or none"
    properties = schema.get("properties")
    if not properties:
        yield f"Takes {what}, whatever it holds."
        return
    yield f"Takes {what}. {_PAGE.sub(_LINK, sentence(schema.get('description', '')))}"
    needed = schema.get("required", ())
    yield table(
        ("field", "type", "must be there"),
        ((code(name), type_of(field), "yes" if name in needed else "") for name, field in properties.items()),
    )


def _answer(answer: Mapping[str, Any]) -> str:
    kinds = [found["schema"] for found in answer.get("content", {}).values()]
    named = next((schema["$ref"].rpartition("/")[2] for schema in kinds if "$ref" in schema), None)
    said = answer["description"].replace("Successful Response", "")
    return ", ".join(filter(None, (code(named) if named else "", said))) or "the text"
