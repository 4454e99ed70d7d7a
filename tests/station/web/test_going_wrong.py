"""What goes wrong between a browser and the pages: broken forms, faults of the program, sessions that end in mid-work, strange ways back."""

from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from yarl import URL

from hub.pages import headers
from hub.pages.serving import make_app
from hub.pages.visit import Visit
from hub.pages.way_back import way_back
from hub.pages.wording import Words
from hub.web.desk.routes import ROUTES as HUB_ROUTES
from hub.web.desk.server import PAGES as HUB_PAGES
from station_agent.web.pages import lists
from station_agent.web.routes import ROUTES
from station_agent.web.server import PAGES as STATION_PAGES
from station_agent.web.wording import PACKAGE
from tests.exchange.builders import now_utc
from tests.station.web.served import Served

FORM = "application/x-www-form-urlencoded"
UNREADABLE = {
    "a character set that nobody knows": ({"Content-Type": f"{FORM}; charset=utf-99"}, b"a=b"),
    "not packed as it says": ({"Content-Type": FORM, "Content-Encoding": "gzip"}, b"a=b"),
    "parts without a boundary": ({"Content-Type": "multipart/form-data"}, b"a=b"),
    "a part in a character set that nobody knows": (
        {"Content-Type": "multipart/form-data; boundary=B"},
        b'--B\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: text/plain; charset=zz\r\n\r\nx\r\n--B--\r\n',
    ),
}


@pytest.mark.parametrize("how", UNREADABLE)
async def test_a_form_that_cannot_be_read_is_refused_in_words(served: Served, how: str) -> None:
    await served.sign_in(served.station.window)
    given, raw = UNREADABLE[how]
    async with served.client.post(f"{served.url}/search", data=raw, headers=given, allow_redirects=False) as response:
        assert response.status == HTTPStatus.BAD_REQUEST
        assert "desk.form" in await response.text()


async def test_a_form_that_is_too_large_says_how_large_it_may_be_and_strangers_may_send_little(served: Served) -> None:
    form = {"Content-Type": FORM}
    for size, most in ((300 << 10, "1 MB"), (49 << 20, "48 MB")):
        raw = b"a=" + b"x" * size
        async with served.client.post(f"{served.url}/sign-in", data=raw, headers=form) as response:
            page = await response.text()
            assert response.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            assert response.headers["Content-Security-Policy"] == headers.POLICY
            assert "E202" in page
            assert most in page
        await served.sign_in(served.station.window)


async def test_a_fault_of_the_program_is_told_in_the_visitors_words(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    await served.sign_in(served.station.window)

    def broken(*_: object) -> None:
        raise RuntimeError("of 341824199003078810")

    monkeypatch.setattr(lists, "_desk_page", broken)
    for path in ("/desk", "/desk/cards"):
        response, page = await served.get(path)
        assert response.status == HTTPStatus.INTERNAL_SERVER_ERROR
        assert response.headers["Content-Security-Policy"] == headers.POLICY
        assert "desk.fault" in page
        assert "341824199003078810" not in page
    await served.post("/language", {"_token": await served.token(), "language": "en"})
    assert "The program failed on this page" in (await served.get("/desk"))[1]


async def test_after_signing_in_anew_one_is_on_a_page_whatever_one_had_pressed(served: Served) -> None:
    await served.sign_in(served.station.window)
    token = await served.token()
    ended = {cookie.key: cookie.value for cookie in served.client.cookie_jar}
    await served.post("/sign-out", {"_token": token})
    served.client.cookie_jar.update_cookies(ended, URL(served.url))  # the cookie of a session that is over
    case = f"/cases/{served.case}"
    for sent, back in (
        (f"{case}/verify/act", f"{case}/verify"),
        (f"{case}/letter/take/approve", f"{case}/letter"),
        (f"{case}/do/claim", f"{case}/do/claim"),
        ("/inbox/forward", "/inbox"),
        ("/tray/do/join", "/tray"),
        ("/drafts/throw-away", "/desk"),
    ):
        response, _ = await served.post(sent, {"_token": token})
        asked = parse_qs(urlsplit(response.headers["Location"]).query)
        assert asked == {"next": [back], "expired": ["1"]}, sent
    response, _ = await served.get("/inbox?tab=working&from=50")
    assert parse_qs(urlsplit(response.headers["Location"]).query)["next"] == ["/inbox?tab=working&from=50"]
    # A part of a page, asked for by script, never becomes a sign-in page within the page.
    response, text = await served.get(f"{case}/preview", headers={"HX-Request": "true"})
    assert response.status == HTTPStatus.UNAUTHORIZED
    assert "E901" in text


async def test_a_refusal_names_roles_as_people_do(served: Served) -> None:
    await served.sign_in(served.station.window)
    assert "您没有此项操作所需的岗位（所长、印章保管人）" in (await served.get("/seal-use"))[1]
    await served.post("/language", {"_token": await served.token(), "language": "en"})
    assert "(station head, seal custodian)" in (await served.get("/seal-use"))[1]


@pytest.mark.parametrize("pages", [STATION_PAGES, HUB_PAGES], ids=["station", "hub"])
def test_what_is_served_is_the_table_and_nothing_else(pages: Any) -> None:
    """The tests of the rules walk the table: an address beside it would have none."""
    app = make_app(pages, None, None, hosts=frozenset(), secure=False, clock=now_utc)  # type: ignore[arg-type]
    served = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource is not None}
    assert served == {(route.method, route.path) for route in pages.routes} | {("*", "/{rest}")}


@pytest.mark.parametrize("routes", [ROUTES, HUB_ROUTES], ids=["station", "hub"])
def test_every_way_back_leads_to_a_page(routes: Any) -> None:
    pages = {each.path for each in routes if each.method == "GET" and not each.by_itself}
    for route in routes:
        assert way_back(routes, route, asked(route.method, route.path)) in pages - {"/"}, route.path
    assert way_back(routes, None, asked("GET", "/nowhere")) == "/desk"


def asked(method: str, path: str) -> Visit[Any]:
    return Visit(method, path, now_utc(), Words("zh", PACKAGE))


async def test_the_language_changes_where_one_is_and_nobody_is_led_elsewhere(served: Served) -> None:
    await served.sign_in(served.station.window)
    _, page = await served.get("/sent?tab=all")
    assert '<input type="hidden" name="next" value="/sent?tab=all">' in page
    token = await served.token()
    for place in ("/\\evil.example", "//evil.example", "/\t/evil.example", "/a\r\nX: b", "https://evil.example"):
        for path, field in (("/drafts/throw-away", "_place"), ("/language", "next")):
            response, _ = await served.post(path, {"_token": token, field: place})
            assert response.headers["Location"] == "/desk", (path, place)
    wrong = {"_token": token, "number": "011001", "password": "x", "code": "1", "next": "/inbox?tab=all"}
    _, page = await served.post("/sign-in", wrong)
    assert '<input type="hidden" name="next" value="/sign-in?next=%2Finbox%3Ftab%3Dall">' in page
    signing_in = "/sign-in?next=%2Finbox&expired=1"
    response, _ = await served.post("/language", {"_token": token, "language": "en", "next": signing_in})
    assert response.headers["Location"] == signing_in
