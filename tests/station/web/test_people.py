"""The accounts page over HTTP: a reset by two, each proved again; leaving ends every session; what is left for the authority is said."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

import aiohttp
import pyotp
import pytest

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.signing.authority import issue, read_request
from hub.signing.purposes import CertificateKind, OfficerRole
from station_agent.people import Person
from station_agent.store.desk import find_account, find_draft, save_account
from station_agent.store.seals import statements_made
from station_agent.web.accounts import Accounts, desk_keys, new_code
from station_agent.web.server import serve_desk
from tests.exchange.builders import Province, a_province, now_utc
from tests.station.desks import OPENER, PASSPHRASE, PASSWORD, a_desk
from tests.station.scene import a_scene
from tests.station.web.served import Served, no_register

WORD = PASSWORD.decode()


class Visitor:
    """One officer at a browser of their own."""

    def __init__(self, served: Served, person: Person) -> None:
        self.served = served
        self.person = person
        self._secret = ""

    async def sign_in(self) -> "Visitor":
        agent, now = self.served.station.agent, now_utc()
        accounts = Accounts(agent, desk_keys(agent, PASSPHRASE))
        with agent.store.write() as tx:
            code = new_code(tx, self.person.number, now=now)
        begun = accounts.begin_enrolment(self.person.number, WORD, code, now=now)
        accounts.enrol(begun.ticket, pyotp.TOTP(begun.secret).at(now), now=now)
        self._secret = begun.secret
        response, page = await self.post("/sign-in", number=self.person.number, **self.proof())
        assert response.status == HTTPStatus.SEE_OTHER, page
        return self

    def proof(self) -> dict[str, str]:
        """Password and a code that counts now, also when one was used a moment ago."""
        with self.served.station.agent.store.write() as tx:
            account = find_account(tx, self.person.number)
            assert account is not None
            save_account(tx, replace(account, totp_step=0))
        return {"password": WORD, "code": pyotp.TOTP(self._secret).now()}

    async def get(self, path: str) -> tuple[int, str]:
        response, page = await self.served.get(path)
        return response.status, page

    async def post(self, path: str, **form: str) -> tuple[aiohttp.ClientResponse, str]:
        return await self.served.post(path, {"_token": await self.served.token(), **form})


@asynccontextmanager
async def a_browser(served: Served) -> AsyncIterator[Served]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        yield replace(served, client=client)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[tuple[Province, Served]]:
    province = a_province()
    station = a_desk(province, tmp_path / "a", OPENER, hub="http://127.0.0.1:9", trail_key=a_scene().log.key.text)
    stop, address = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve_desk(station.data, PASSPHRASE, register=no_register, port=0, ready=address.set_result, stop=stop)
    )
    url = await address
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        yield province, Served(station, url, client, "")
    stop.set()
    await serving
    station.agent.close()


async def test_a_reset_takes_two_sessions_and_ends_with_a_code_that_opens_a_new_key(
    office: tuple[Province, Served],
) -> None:
    province, first = office
    station = first.station
    number = station.second.number
    async with a_browser(first) as second, a_browser(first) as third:
        head = await Visitor(first, station.head).sign_in()
        custodian = await Visitor(second, station.custodian).sign_in()
        officer = await Visitor(third, station.second).sign_in()
        # The head starts it: not without a reason, not without being proved again.
        place = f"/people/{number}/do/reset"
        response, page = await head.post(place, _place=place, reason="", **head.proof())
        assert response.status == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "请写明原因" in page
        response, page = await head.post(place, _place=place, reason="忘记口令", password=WORD, code="000000")
        assert response.status == HTTPStatus.FORBIDDEN
        assert "忘记口令" in page  # what was typed comes back, the password does not
        assert f'value="{WORD}"' not in page
        response, page = await head.post(place, _place=place, reason="忘记口令", **head.proof())
        assert response.status == HTTPStatus.SEE_OTHER, page
        waiting = response.headers["Location"]
        _, page = await head.get(waiting)
        assert "/confirm" not in page  # nobody confirms what they have started
        response, _ = await head.post(f"{waiting}/confirm", **head.proof())
        assert response.status == HTTPStatus.UNPROCESSABLE_ENTITY
        assert (await officer.get("/desk"))[0] == HTTPStatus.OK  # nothing has changed yet
        # Somebody else finds it in the list and confirms it.
        _, page = await custodian.get("/desk")
        assert "待我确认的重置" in page
        _, page = await custodian.get("/people")
        assert waiting in page
        response, page = await custodian.post(f"{waiting}/confirm", **custodian.proof())
        assert response.status == HTTPStatus.OK, page
        code = page.split('class="serial mono">')[1].split("<")[0]
        assert (await officer.get("/desk"))[0] == HTTPStatus.SEE_OTHER
        response, _ = await custodian.post(f"{waiting}/confirm", **custodian.proof())
        assert response.status == HTTPStatus.UNPROCESSABLE_ENTITY
        # The officer chooses a new password with the code.
        new = {"number": number, "code": code, "password": "a new password", "again": "a new password"}
        for wrong in ({"again": "another one"}, {"code": "AAAA-AAAA-AAAA-AAAA"}, {"number": station.window.number}):
            response, _ = await officer.post("/new-password", **(new | wrong))
            assert response.status in (HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.FORBIDDEN), wrong
        response, page = await officer.post("/new-password", **new)
        assert response.status == HTTPStatus.OK, page
        response, again = await officer.post("/new-password", **new)  # forgotten at once: before there is a certificate
        assert response.status == HTTPStatus.OK
        assert again != page
        # What is left for the authority stands there, with the files for it.
        _, page = await head.get(f"/people/{number}")
        assert "hanxun ca revoke" in page
        assert "待发" in page
        _, request = await head.get(f"/people/{number}/request")
        read = read_request(request.encode())
        assert read.subject.number == number
        certified = issue(
            province.root,
            kind=CertificateKind.OFFICER,
            public_key=read.public_key,
            subject=read.subject,
            not_before=province.start,
            not_after=province.start + timedelta(days=400),
            roles=(OfficerRole.WINDOW,),
        )
        station.agent.folder.officer(number).certificate.write_bytes(certified.pem)
        response, page = await officer.post("/new-password", **new)
        assert response.status == HTTPStatus.UNPROCESSABLE_ENTITY  # the key counts now
        assert "重置" in page
        # The same code sets up the second factor.
        response, page = await officer.post("/first-use", number=number, password="a new password", code=code)
        assert "svg" in page


async def test_who_leaves_is_out_at_once_and_what_remains_is_shown(office: tuple[Province, Served]) -> None:
    _, first = office
    station = first.station
    number = station.second.number
    async with a_browser(first) as other:
        head = await Visitor(first, station.head).sign_in()
        officer = await Visitor(other, station.second).sign_in()
        assert (await officer.get("/desk"))[0] == HTTPStatus.OK
        assert (await officer.get(f"/people/{number}"))[0] == HTTPStatus.FORBIDDEN
        place = f"/people/{number}/do/leave"
        _, page = await head.get(place)
        assert "现有登录" in page
        response, page = await head.post(place, _place=place, reason="调离本所", **head.proof())
        assert response.status == HTTPStatus.SEE_OTHER, page
        assert (await officer.get("/desk"))[0] == HTTPStatus.SEE_OTHER
        _, page = await head.get(f"/people/{number}")
        assert "affiliationChanged" in page
        assert "已离开" in page
        x5t = station.second.certified.x5t
        status, pem = await head.get(f"/people/{number}/certificate/{x5t}")
        assert (status, pem.encode()) == (HTTPStatus.OK, station.second.certified.pem)
        assert (await head.get(place))[0] == HTTPStatus.NOT_FOUND
    with pytest.raises(Refused) as refusal:
        station.agent.unlock(number, PASSWORD)
    assert refusal.value.code is Code.OFFICER_UNKNOWN
    with station.agent.store.read() as tx:
        account = find_account(tx, number)
        assert account is not None
        assert account.totp is None
        assert [row.subject for row in statements_made(tx, "personnel")] == [number]


async def test_nobody_acts_about_themselves_and_a_reason_outlives_the_session(office: tuple[Province, Served]) -> None:
    _, first = office
    head = await Visitor(first, first.station.head).sign_in()
    for what in ("reset", "leave", "code"):
        status, _ = await head.get(f"/people/{first.station.head.number}/do/{what}")
        assert status in (HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN), what
    place = f"/people/{first.station.second.number}/do/leave"
    await head.post("/drafts", _place=place, reason="调离,写到一半", password=WORD, code="123456")
    _, page = await head.get(place)
    assert "调离,写到一半" in page
    with first.station.agent.store.read() as tx:
        row = find_draft(tx, head.person.number, place)
    assert row is not None
    assert WORD.encode() not in row.fields


async def test_a_new_phone_takes_a_code_of_the_head(office: tuple[Province, Served]) -> None:
    _, first = office
    head = await Visitor(first, first.station.head).sign_in()
    place = f"/people/{first.station.custodian.number}/do/code"
    response, page = await head.post(place, _place=place, password="wrong", code="000000")
    assert response.status == HTTPStatus.FORBIDDEN
    response, page = await head.post(place, _place=place, **head.proof())
    assert response.status == HTTPStatus.OK
    code = page.split('class="serial mono">')[1].split("<")[0]
    async with a_browser(first) as other:
        officer = Visitor(other, first.station.custodian)
        _, page = await officer.post("/first-use", number=officer.person.number, password=WORD, code=code)
        assert "svg" in page
