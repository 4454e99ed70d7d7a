"""Every address of the hub's desk declares its rule, and what the rule forbids is refused: the table is walked over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path

import pytest

from hub.pages import headers
from hub.pages.routing import Rule
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.signing.purposes import OfficerRole
from hub.web.desk.routes import ROUTES
from hub.web.desk.rules import Route
from hub.web.desk.server import serve_desk
from tests.exchange.builders import PASSPHRASE
from tests.web.desk.bureau import Bureau, Served, a_bureau, served_desk
from tests.web.desk.filings import Filed, file_cases

PUBLIC = {
    ("GET", "/"),
    ("GET", "/static/{name}"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/first-use"),
    ("POST", "/first-use"),
    ("POST", "/first-use/finish"),
    ("POST", "/language"),
}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bureau, Filed]:
    bureau = a_bureau(Path(tmp_path_factory.mktemp("bureau")))
    return bureau, asyncio.run(file_cases(bureau.province, bureau.data, each=1))


@pytest.fixture
async def served(scene: tuple[Bureau, Filed]) -> AsyncIterator[Served]:
    async with served_desk(scene[0]) as made:
        yield made


def address_of(route: Route, case: str) -> str:
    return route.path.format(case=case, name="desk.css", form="csv", seal="A" * 43, number="1", code="341822500000")


def test_the_public_addresses_are_these_and_no_others() -> None:
    assert {(route.method, route.path) for route in ROUTES if route.rule is Rule.PUBLIC} == PUBLIC


def test_every_address_with_a_case_is_judged_by_the_case_and_roles_stand_where_they_count() -> None:
    judged = (Rule.CASE, Rule.REASON)
    administrators_only = {
        "/cases/{case}/urge",
        "/cases/{case}/urge/sign",
        "/cases/{case}/extend",
        "/cases/{case}/extend/sign",
    }
    with_case = {route.path for route in ROUTES if "{case}" in route.path and route.rule not in judged}
    assert with_case == administrators_only
    assert all(isinstance(route.rule, Rule) for route in ROUTES)
    assert all(bool(route.roles) == (route.rule is Rule.ROLE) for route in ROUTES)
    paths = ("/acts", "/pending", "/people", "/stations/")
    acts = [each for each in ROUTES if each.path.startswith(paths) or each.path in administrators_only]
    assert acts
    assert all(route.roles == (OfficerRole.ADMINISTRATOR,) for route in acts)


async def test_whoever_is_not_signed_in_gets_no_further_than_the_public_pages(
    served: Served, scene: tuple[Bureau, Filed]
) -> None:
    token, case = await served.token(), scene[1].claimed[0]
    for route in ROUTES:
        if route.rule is Rule.PUBLIC:
            continue
        path = address_of(route, case)
        response, text = await (served.get(path) if route.method == "GET" else served.post(path, {"_token": token}))
        if route.by_itself:
            assert response.status == HTTPStatus.UNAUTHORIZED, path
        else:
            assert response.status == HTTPStatus.SEE_OTHER, path
            assert response.headers["Location"].startswith("/sign-in"), path
        assert "派出所" not in text


async def test_nothing_is_done_without_the_forms_token_nor_for_another_sites_page(
    served: Served, scene: tuple[Bureau, Filed]
) -> None:
    bureau, filed = scene
    await served.sign_in(bureau.administrators[0])
    posts = [address_of(route, filed.claimed[0]) for route in ROUTES if route.method == "POST"]
    for path in posts:
        response, text = await served.post(path, {"_token": "0" * 64})
        assert response.status == HTTPStatus.FORBIDDEN, path
        assert "desk.forged" in text
    form = {"_token": await served.token()}
    for foreign in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        for path in posts:
            response, _ = await served.post(path, form, headers=foreign)
            assert response.status == HTTPStatus.FORBIDDEN, (path, foreign)


async def test_an_auditor_administers_nothing(served: Served, scene: tuple[Bureau, Filed]) -> None:
    bureau, filed = scene
    await served.sign_in(bureau.auditor)
    token = await served.token()
    for route in ROUTES:
        if route.rule is not Rule.ROLE:
            continue
        path = address_of(route, filed.claimed[0])
        response, text = await (served.get(path) if route.method == "GET" else served.post(path, {"_token": token}))
        assert response.status == HTTPStatus.FORBIDDEN, path
        assert "station.role" in text


async def test_without_a_reason_nothing_is_revealed_exported_or_searched_by_person(
    served: Served, scene: tuple[Bureau, Filed]
) -> None:
    bureau, filed = scene
    await served.sign_in(bureau.auditor)
    token = await served.token()
    for route in ROUTES:
        if route.rule is Rule.REASON:
            for reason in ("", "   ", "abc", "x" * 501):
                form = {"_token": token, "reason": reason, "name": "张三"}
                response, text = await served.post(address_of(route, filed.claimed[0]), form)
                assert response.status == HTTPStatus.UNPROCESSABLE_ENTITY, route.path
                assert "desk.reason" in text


async def test_a_case_that_is_none_is_not_found(served: Served, scene: tuple[Bureau, Filed]) -> None:
    await served.sign_in(scene[0].administrators[0])
    token = await served.token()
    for route in ROUTES:
        if "{case}" not in route.path:
            continue
        for case in ("C04-341822500000-2026-999999", "nonsense"):
            path = address_of(route, case)
            form = {"_token": token, "reason": "核查投诉"}
            response, _ = await (served.get(path) if route.method == "GET" else served.post(path, form))
            assert response.status == HTTPStatus.NOT_FOUND, path


async def test_every_answer_carries_the_policy_errors_included(served: Served, scene: tuple[Bureau, Filed]) -> None:
    await served.sign_in(scene[0].administrators[0])
    paths = [address_of(route, scene[1].claimed[0]) for route in ROUTES if route.method == "GET"]
    for path in (*paths, "/nowhere", "/cases/x/y/z", "/pending/99999999999", "/figures?since=nonsense"):
        response, text = await served.get(path)
        assert response.status < HTTPStatus.INTERNAL_SERVER_ERROR, path
        for name, value in headers.ALWAYS.items():
            assert response.headers.get(name) == value, (path, name)
        if "static" not in path:
            assert response.headers["Cache-Control"] == "no-store"
            assert "<script>" not in text


async def test_somebody_elses_question_is_not_found(served: Served, scene: tuple[Bureau, Filed]) -> None:
    bureau, _ = scene
    await served.sign_in(bureau.auditor)
    response, _ = await served.post("/cases/search", {"_token": await served.token(), "type": "C04"})
    place = response.headers["Location"]
    await served.sign_in(bureau.administrators[0])
    response, _ = await served.get(place)
    assert response.status == HTTPStatus.NOT_FOUND


def test_a_plain_listener_stays_on_this_machine(scene: tuple[Bureau, Filed]) -> None:
    with pytest.raises(Refused) as caught:
        asyncio.run(serve_desk(scene[0].data, PASSPHRASE, host="0.0.0.0", port=0, ready=print))
    assert caught.value.code is Code.DESK_LISTEN
