"""The OpenAPI 3.1 document, made from the table of routes and the wire structs: it cannot say other than what is served."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from hub.protocol.exchange import Problem
from hub.protocol.identifiers import DIGEST_PATTERN, STATION_PATTERN
from hub.protocol.media_types import PROBLEM_JSON
from hub.web.routes import Parameter, Route

COMMON_ERRORS = (400, 503)
_PATTERNS = {
    "digest": DIGEST_PATTERN,
    "station": STATION_PATTERN,
    "x5t": "^[0-9A-Za-z_-]{43}$",
    "tile": "^(entries|[0-9]{1,2})/[0-9x/.p]+$",
}
_REF = "#/components/schemas/{name}"


def openapi_document(routes: Iterable[Route], *, version: str) -> bytes:
    """Return the document as JSON. Source: OpenAPI 3.1.0; JSON Schema 2020-12."""
    table = tuple(routes)
    structs = {answer.struct for route in table for answer in route.answers.values() if answer.struct is not None}
    ordered = sorted(structs | {Problem}, key=lambda struct: struct.__name__)
    _, components = msgspec.json.schema_components(ordered, ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for route in table:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    document = {
        "openapi": "3.1.0",
        "info": {"title": "函询 Hanxun hub", "version": version},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
    return msgspec.json.encode(document)


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "parameters": [*_path_parameters(route.path), *map(_parameter, route.parameters)],
        "responses": {
            **{str(status): _problem() for status in _error_statuses(route)},
            **{str(status): _answer(answer) for status, answer in route.answers.items()},
        },
        "security": [{"token": []}] if route.signed_in else [],
    }
    if route.takes is not None:
        operation["requestBody"] = {"required": True, "content": {route.takes: {}}}
    return operation


def _error_statuses(route: Route) -> list[int]:
    signed_in = (401, 429) if route.signed_in else ()
    slow = (408,) if route.takes is not None else ()
    return sorted({*COMMON_ERRORS, *signed_in, *slow, *route.errors, 500})


def _answer(answer: Any) -> dict[str, Any]:
    described: dict[str, Any] = {"description": answer.meaning}
    if answer.media_type is not None:
        schema = {} if answer.struct is None else {"schema": {"$ref": _REF.format(name=answer.struct.__name__)}}
        described["content"] = {answer.media_type: schema}
    return described


def _problem() -> dict[str, Any]:
    schema = {"$ref": _REF.format(name=Problem.__name__)}
    return {"description": "problem details (RFC 9457)", "content": {PROBLEM_JSON: {"schema": schema}}}


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": _PATTERNS[name]}}
        for name in re.findall(r"\{(\w+)\}", path)
    ]


def _parameter(parameter: Parameter) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 0} if parameter.integer else {"type": "string"}
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "description": parameter.meaning,
        "schema": schema,
    }
