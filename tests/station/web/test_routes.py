"""Every address declares its rule, and what the rule forbids is refused: the table is walked, request by request, over HTTP."""

import asyncio
from http import HTTPStatus

import aiohttp
import pytest

from hub.cases.machine import Side
from hub.pages import headers
from hub.pages.attempts import AT_ONCE, EVERY, Attempts
from hub.pages.routing import Rule
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.signing.purposes import OfficerRole
from station_agent.store.cases import CaseRow, insert_case
from station_agent.store.desk import find_draft
from station_agent.web.desk import Desk as WebDesk
from station_agent.web.routes import ROUTES
from station_agent.web.rules import Route, visible_types
from station_agent.web.server import make_desk, serve_desk
from tests.exchange.builders import now_utc
from tests.station.desks import ORIGIN, PASSPHRASE, PASSWORD, Desk
from tests.station.scene import a_scan
from tests.station.web.served import Served, no_register

PUBLIC = {
    ("GET", "/"),
    ("GET", "/static/{name}"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/first-use"),
    ("POST", "/first-use"),
    ("POST", "/first-use/finish"),
    ("GET", "/new-password"),
    ("POST", "/new-password"),
    ("POST", "/language"),
}
OTHERS = CaseRow(
    "C06-340102500000-2026-000009",
    "C99",
    "answerer",
    ORIGIN,
    "delivered",
    "locked",
    "2026-01-01T00:00:00.000Z",
    "2026-01-01T00:00:00.000Z",
)  # type: ignore[arg-type]


def address_of(route: Route, case: str) -> str:
    values = {
        "case": case,
        "event": "withdraw",
        "digest": "0" * 64,
        "page": "1",
        "dpi": "110",
        "name": "desk.css",
        "version": "1",
        "type": "C06",
        "step": "approve",
        "item": "1",
        "what": "join",
        "specimen": "none",
        "picture": "crop",
        "number": "341822003",
        "x5t": "0" * 43,
    }
    return route.path.format(**values)


def test_the_public_addresses_are_these_and_no_others() -> None:
    assert {(route.method, route.path) for route in ROUTES if route.rule is Rule.PUBLIC} == PUBLIC


def test_every_address_with_a_case_is_judged_by_the_case() -> None:
    assert [route.path for route in ROUTES if "{case}" in route.path and route.rule is not Rule.CASE] == []
    assert all(isinstance(route.rule, Rule) and route.rule is not Rule.REASON for route in ROUTES)
    assert all(bool(route.roles) == (route.rule is Rule.ROLE) for route in ROUTES)


async def test_whoever_is_not_signed_in_gets_no_further_than_the_public_pages(served: Served) -> None:
    token = await served.token()
    for route in ROUTES:
        if route.rule is Rule.PUBLIC:
            continue
        path = address_of(route, served.case)
        response, text = await (served.get(path) if route.method == "GET" else served.post(path, {"_token": token}))
        if route.by_itself or route.raw_body:
            assert response.status == HTTPStatus.UNAUTHORIZED, path
            assert "E901" in text
        else:
            assert response.status == HTTPStatus.SEE_OTHER, path
            assert response.headers["Location"].startswith("/sign-in"), path
        assert "张三" not in text


async def test_nothing_is_done_without_the_forms_token(served: Served) -> None:
    await served.sign_in(served.station.head)
    for route in ROUTES:
        if route.method == "POST":
            for token in ("", "0" * 64):
                response, text = await served.post(address_of(route, served.case), {"_token": token})
                assert response.status == HTTPStatus.FORBIDDEN, route.path
                assert "desk.forged" in text, route.path


async def test_nothing_is_done_for_another_sites_page(served: Served) -> None:
    await served.sign_in(served.station.head)
    form = {"_token": await served.token()}
    for foreign in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        for route in ROUTES:
            if route.method == "POST":
                response, _ = await served.post(address_of(route, served.case), form, headers=foreign)
                assert response.status == HTTPStatus.FORBIDDEN, (route.path, foreign)


async def test_a_case_that_is_not_theirs_is_not_found_and_neither_is_one_that_is_none(served: Served) -> None:
    with served.station.agent.store.write() as tx:
        if not tx.exec_driver_sql('SELECT 1 FROM cases WHERE "case" = ?', (OTHERS.case,)).first():
            insert_case(tx, OTHERS)  # of a type that no role of theirs may see
    await served.sign_in(served.station.window)
    token = await served.token()
    for route in ROUTES:
        if route.rule is not Rule.CASE:
            continue
        told = []
        for case in (OTHERS.case, "C06-341822500000-2026-999999", "nonsense"):
            path = address_of(route, case)
            response, text = await (served.get(path) if route.method == "GET" else served.post(path, {"_token": token}))
            assert response.status == HTTPStatus.NOT_FOUND, path
            told.append(text.replace(case, ""))
        assert told[0] == told[1] == told[2], route.path


async def test_a_page_of_another_role_is_not_permitted(served: Served) -> None:
    refused = set()
    for person in (served.station.custodian, served.station.window):
        await served.sign_in(person)
        token = await served.token()
        for route in ROUTES:
            if route.rule is Rule.ROLE and not set(route.roles) & person.certified.roles:
                path = address_of(route, served.case)
                response, text = await (
                    served.get(path) if route.method == "GET" else served.post(path, {"_token": token})
                )
                assert response.status == HTTPStatus.FORBIDDEN, path
                assert "station.role" in text
                refused.add((route.method, route.path))
    # Nobody's role opens every page: each was refused to somebody.
    assert refused == {(route.method, route.path) for route in ROUTES if route.rule is Rule.ROLE}


async def test_a_scan_goes_up_in_pieces_and_goes_on_after_a_break(served: Served) -> None:
    await served.sign_in(served.station.window)
    token, path = await served.token(), f"/cases/{served.case}/letter/upload"
    raw = a_scan()
    form = {"_token": token, "name": "说明函.jpg", "size": str(len(raw))}

    async def piece(part: bytes, offset: int) -> tuple[aiohttp.ClientResponse, str]:
        given = {"X-Form-Token": token, "Upload-Offset": str(offset), "Content-Type": "application/octet-stream"}
        async with served.client.post(f"{served.url}{path}/piece", data=part, headers=given) as response:
            return response, await response.text()

    assert (await served.post(f"{path}/begin", form))[1] == '{"offset": 0}'
    assert (await piece(raw[:1000], 0))[1] == '{"offset": 1000}'
    for wrong in (0, 999, 1001):
        response, text = await piece(b"x", wrong)
        assert response.status == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "desk.upload" in text
    # After a reload, and a new sign-in: the same file goes on where it was, another one begins anew.
    await served.post("/sign-out", {"_token": token})
    await served.sign_in(served.station.window)
    token = await served.token()
    form["_token"] = token
    assert (await served.post(f"{path}/begin", form))[1] == '{"offset": 1000}'
    assert (await piece(raw[1000:], 1000))[1] == f'{{"offset": {len(raw)}}}'
    assert (await served.post(f"{path}/begin", form | {"name": "另一份.jpg"}))[1] == '{"offset": 0}'
    response, text = await served.post(f"{path}/begin", form | {"size": str(10**11)})
    assert response.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert "E202" in text


async def test_every_answer_carries_the_policy_errors_and_nonsense_included(served: Served) -> None:
    await served.sign_in(served.station.window)
    for path in (
        "/desk",
        "/inbox",
        "/sent",
        f"/cases/{served.case}",
        "/nowhere",
        "/static/nothing.js",
        "/static/desk.js",
        "/cases/x/y/z",
    ):
        response, text = await served.get(path)
        for name, value in headers.ALWAYS.items():
            assert response.headers.get(name) == value, (path, name)
        if "static" not in path:
            assert response.headers["Cache-Control"] == "no-store"
            assert "<script>" not in text
    response, _ = await served.post("/desk", {})
    assert response.headers["Content-Security-Policy"] == headers.POLICY
    for nonsense in (b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nBad Header\r\n\r\n", b"\x16\x03\x01\x00\xff\r\n\r\n"):
        answer = await raw_answer(served.url, nonsense)
        assert b"400" in answer.split(b"\r\n")[0], answer
        assert headers.POLICY.encode() in answer


async def test_every_address_answers_with_the_policy_whoever_asks(served: Served) -> None:
    for person in (None, served.station.window):
        if person is not None:
            await served.sign_in(person)
        token = await served.token()
        for route in ROUTES:
            if route.path in ("/sign-in", "/first-use", "/new-password", "/sign-out"):
                continue
            path = address_of(route, served.case)
            response, _ = await (served.get(path) if route.method == "GET" else served.post(path, {"_token": token}))
            assert response.status < HTTPStatus.INTERNAL_SERVER_ERROR, path
            for name, value in headers.ALWAYS.items():
                assert response.headers.get(name) == value, (path, name)


async def raw_answer(url: str, sent: bytes) -> bytes:
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent)
    await writer.drain()
    answer = await asyncio.wait_for(reader.read(65536), 5)
    writer.close()
    return answer


async def test_the_cookie_is_strict_http_only_and_another_one_after_signing_in(served: Served) -> None:
    response, _ = await served.get("/sign-in")
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    before = {each.value for each in served.client.cookie_jar}
    await served.sign_in(served.station.window)
    assert before.isdisjoint({each.value for each in served.client.cookie_jar})
    response, _ = await served.get("/desk")
    assert response.status == HTTPStatus.OK
    await served.post("/sign-out", {"_token": await served.token()})
    response, _ = await served.get("/desk")
    assert response.status == HTTPStatus.SEE_OTHER


async def test_a_page_asked_for_under_another_name_is_refused(served: Served) -> None:
    response, text = await served.get("/sign-in", headers={"Host": "evil.example"})
    assert response.status == HTTPStatus.MISDIRECTED_REQUEST
    assert "desk.host" in text


def test_tries_to_sign_in_are_counted_by_address() -> None:
    attempts, now = Attempts(), now_utc()
    for _ in range(AT_ONCE):
        attempts.take("10.0.0.7", now=now)
    with pytest.raises(Refused) as caught:
        attempts.take("10.0.0.7", now=now)
    assert caught.value.code is Code.DESK_RATE
    attempts.take("10.0.0.8", now=now)
    attempts.take("10.0.0.7", now=now + EVERY)


async def test_what_was_typed_is_kept_when_the_session_is_over_and_shown_after_signing_in(served: Served) -> None:
    await served.sign_in(served.station.head)
    place, token = f"/cases/{served.case}/do/withdraw", await served.token()
    response, text = await served.post("/drafts", {"_token": token, "_place": place, "reason": "人员有误,写到一半"})
    assert response.status == HTTPStatus.OK, text
    # The machine that serves the pages starts anew: every session is over, the cookie is still provable.
    stop, address = asyncio.Event(), asyncio.get_running_loop().create_future()
    second = asyncio.create_task(
        serve_desk(served.station.data, PASSPHRASE, register=no_register, port=0, ready=address.set_result, stop=stop)
    )
    served.url = await address
    typed = {"_token": token, "_place": place, "reason": "人员有误,已写完", "password": "secret"}
    response, _ = await served.post(place, typed)
    assert response.status == HTTPStatus.SEE_OTHER
    assert response.headers["Location"].endswith("expired=1")
    _, page = await served.get(response.headers["Location"])
    assert "E901" in page
    await served.sign_in(served.station.head)
    _, page = await served.get(place)
    assert "人员有误,已写完" in page
    with served.station.agent.store.read() as tx:
        row = find_draft(tx, served.station.head.number, place)
    assert row is not None
    assert b"secret" not in row.fields
    stop.set()
    await second


async def test_no_personal_data_stands_in_an_address_or_the_log(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await served.sign_in(served.station.window)
    _, page = await served.get(f"/cases/{served.case}")
    assert "341824199003078810" in page
    addresses = [part.split('"')[0] for part in page.split('href="')[1:] + page.split('action="')[1:]]
    assert not [address for address in addresses if "3418241990" in address or "张" in address]
    assert "3418241990" not in caplog.text
    assert PASSWORD.decode() + "x" not in caplog.text


def test_a_plain_listener_stays_on_this_machine(station: Desk) -> None:
    with pytest.raises(Refused) as caught:
        asyncio.run(serve_desk(station.data, PASSPHRASE, register=no_register, host="0.0.0.0", port=0, ready=print))
    assert caught.value.code is Code.DESK_LISTEN


def test_officers_see_the_lists_that_are_theirs(station: Desk) -> None:
    desk: WebDesk = make_desk(station.agent, PASSPHRASE, register=lambda: no_register(None))
    assert visible_types(desk.agent.catalogue, station.custodian, Side.ANSWERER) == ()
    assert visible_types(desk.agent.catalogue, station.custodian, Side.OPENER) == ("C04", "C06")
    assert OfficerRole.WINDOW in station.window.certified.roles
    assert visible_types(desk.agent.catalogue, station.window, Side.ANSWERER) == ("C04", "C06")
