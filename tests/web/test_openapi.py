"""The OpenAPI document is true: every route is in it and nothing else, and answers are as it says."""

import re
from pathlib import Path
from typing import Any

from aiohttp import web

from hub.protocol.codes import Code
from hub.web.problems import STATUS
from hub.web.routes import ROUTES, add_routes
from tests.exchange.builders import PROOF, A, B, an_envelope, signed
from tests.web.builders import a_served_hub

# What JSON Schema means, as far as msgspec's schemas use it; anything else in a schema fails the test.
UNDERSTOOD = {
    "$ref", "type", "properties", "required", "additionalProperties", "items", "title", "description", "anyOf",
    "pattern", "minimum", "maximum", "default", "minLength", "maxLength",
}  # fmt: skip
TYPES = {"string": str, "integer": int, "boolean": bool, "object": dict, "array": list, "null": type(None)}


def fits(value: Any, schema: dict[str, Any], components: dict[str, Any]) -> bool:
    """Whether `value` is what `schema` describes."""
    assert set(schema) <= UNDERSTOOD, set(schema) - UNDERSTOOD
    if "$ref" in schema:
        return fits(value, components[schema["$ref"].rpartition("/")[2]], components)
    if "anyOf" in schema:
        return any(fits(value, option, components) for option in schema["anyOf"])
    if "type" in schema and not isinstance(value, TYPES[schema["type"]]):
        return False
    if isinstance(value, dict):
        named = schema["properties"]
        return (
            set(schema.get("required", ())) <= set(value)
            and (schema.get("additionalProperties") is not False or set(value) <= set(named))
            and all(fits(item, named[name], components) for name, item in value.items() if name in named)
        )
    if isinstance(value, list):
        return all(fits(item, schema["items"], components) for item in value)
    return not isinstance(value, str) or re.search(schema.get("pattern", ""), value) is not None


def test_every_route_of_the_application_is_in_the_table() -> None:
    app = web.Application()
    add_routes(app)
    served = {(route.method, route.resource.canonical) for route in app.router.routes()}
    refusing = {("*", route.path) for route in ROUTES} | {("*", "/{rest}")}
    assert served - refusing == {(route.method, route.path) for route in ROUTES}
    assert len({route.name for route in ROUTES}) == len(ROUTES)


def test_statuses_are_given_to_codes_that_exist() -> None:
    assert set(STATUS) <= set(Code)


async def test_answers_are_what_the_document_says(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path) as hub:
        async with hub.session.get(f"{hub.url}/v1/openapi.json") as response:
            document = await response.json()
        assert document["openapi"].startswith("3.1")
        components = document["components"]["schemas"]
        a, b = await hub.client(A), await hub.client(B)
        blob = f"/v1/blobs/{await a.upload(PROOF)}"
        raw = signed(hub.province, an_envelope())
        length = {"Upload-Length": str(len(PROOF))}
        x5t = hub.province.agent(A).certified.x5t
        calls = [
            (a, "POST", "/v1/envelopes", "/v1/envelopes", {"data": raw}, 201),
            (a, "POST", "/v1/envelopes", "/v1/envelopes", {"data": raw}, 200),
            (a, "POST", "/v1/envelopes", "/v1/envelopes", {"data": b"?"}, 422),
            (b, "GET", "/v1/mailbox", "/v1/mailbox", {}, 200),
            (b, "GET", "/v1/mailbox?after=x", "/v1/mailbox", {}, 400),
            (a, "GET", "/v1/mailbox/sent?after=0", "/v1/mailbox/sent", {}, 200),
            (a, "GET", "/v1/mailbox/sent?limit=x", "/v1/mailbox/sent", {}, 400),
            (a, "GET", "/v1/trail/growth?since=1", "/v1/trail/growth", {}, 200),
            (a, "GET", "/v1/trail/growth?since=x", "/v1/trail/growth", {}, 400),
            (a, "GET", "/v1/trail/keys", "/v1/trail/keys", {}, 200),
            (a, "GET", "/v1/trail/witnesses", "/v1/trail/witnesses", {}, 200),
            (a, "POST", "/v1/trail/witnesses", "/v1/trail/witnesses", {"data": b"?"}, 422),
            (a, "POST", "/v1/trail/events", "/v1/trail/events", {"data": b"{}"}, 422),
            (a, "GET", "/v1/trail/offer?old=0", "/v1/trail/offer", {}, 200),
            (a, "POST", "/v1/trail/cosignatures", "/v1/trail/cosignatures", {"data": b"?"}, 403),
            (a, "GET", "/v1/trail/proofs?leaf=0&leaf=1", "/v1/trail/proofs", {}, 200),
            (a, "GET", "/checkpoint", "/checkpoint", {}, 200),
            (a, "GET", "/tile/0/000.p/1", "/tile/{tile}", {}, 200),
            (a, "GET", "/tile/entries/000.p/1", "/tile/{tile}", {}, 200),
            (a, "GET", "/tile/0/001", "/tile/{tile}", {}, 404),
            (a, "GET", "/tile/0/1", "/tile/{tile}", {}, 422),
            (a, "POST", blob, "/v1/blobs/{digest}", {"headers": length}, 200),
            (a, "POST", blob, "/v1/blobs/{digest}", {}, 400),
            (a, "PATCH", blob, "/v1/blobs/{digest}", {"headers": {"Upload-Offset": "1"}}, 409),
            (a, "HEAD", blob, "/v1/blobs/{digest}", {}, 200),
            (b, "GET", blob, "/v1/blobs/{digest}", {}, 200),
            (b, "GET", blob, "/v1/blobs/{digest}", {"headers": {"Range": "bytes=1-2"}}, 206),
            (b, "GET", "/v1/blobs/" + "0" * 64, "/v1/blobs/{digest}", {}, 404),
            (a, "GET", f"/v1/certificates/{x5t}", "/v1/certificates/{x5t}", {}, 200),
            (a, "GET", "/v1/certificates/nobody", "/v1/certificates/{x5t}", {}, 404),
            (a, "POST", "/v1/certificates", "/v1/certificates", {"data": hub.province.agent(A).certified.pem}, 204),
            (a, "POST", "/v1/certificates", "/v1/certificates", {"data": b"?"}, 422),
            (a, "GET", "/v1/crl", "/v1/crl", {}, 200),
            (a, "GET", "/v1/seals", "/v1/seals", {}, 200),
            (a, "GET", f"/v1/specimens/{A}", "/v1/specimens/{station}", {}, 200),
            (a, "GET", f"/v1/specimens/{A}/" + "0" * 64, "/v1/specimens/{station}/{digest}", {}, 404),
            (a, "GET", "/v1/alarms", "/v1/alarms", {}, 200),
            (a, "GET", "/v1/reveals?after=0", "/v1/reveals", {}, 200),
            (a, "GET", "/v1/case-acts?after=0", "/v1/case-acts", {}, 200),
            (a, "GET", "/v1/erasures?after=0", "/v1/erasures", {}, 200),
            (a, "POST", "/v1/statements", "/v1/statements", {"data": b"?"}, 422),
            (a, "GET", "/v1/directory", "/v1/directory", {}, 200),
            (a, "POST", "/v1/token", "/v1/token", {"data": {"grant_type": "x"}}, 400),
            (a, "GET", "/healthz", "/healthz", {}, 200),
            (a, "GET", "/readyz", "/readyz", {}, 200),
            (a, "GET", "/v1/enrolment", "/v1/enrolment", {}, 200),
        ]
        called = {("GET", "/v1/openapi.json"), ("GET", "/v1/events")}  # the stream has tests of its own
        for client, method, path, pattern, options, status in calls:
            async with client.call(method, path, **options) as response:
                assert response.status == status, (method, path, await response.text())
                described = document["paths"][pattern][method.lower()]["responses"][str(status)]
                body = await response.read()
                if not body:
                    continue
                assert response.content_type in described["content"]
                schema = described["content"][response.content_type].get("schema")
                if response.content_type.endswith("json"):
                    assert fits(await response.json(), schema, components)
                called.add((method, pattern))
        called |= {("HEAD", "/v1/blobs/{digest}")}
        assert called >= {(route.method, route.path) for route in ROUTES}
