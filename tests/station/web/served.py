"""One station's pages, served over HTTP in this process, with a client that behaves as a browser does."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

import aiohttp
import pyotp

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from station_agent.people import Person
from station_agent.register.interface import Register
from station_agent.web.accounts import Accounts, desk_keys, new_code
from tests.exchange.builders import now_utc
from tests.station.desks import PASSPHRASE, PASSWORD, Desk


@dataclass
class Served:
    """A station whose pages are served, with a browser-like client."""

    station: Desk
    url: str
    client: aiohttp.ClientSession
    case: str

    async def get(self, path: str, **options: object) -> tuple[aiohttp.ClientResponse, str]:
        """GET without following."""
        async with self.client.get(self.url + path, allow_redirects=False, **options) as response:  # type: ignore[arg-type]
            return response, await response.text(errors="replace")

    async def post(
        self, path: str, data: dict[str, str] | None = None, **options: object
    ) -> tuple[aiohttp.ClientResponse, str]:
        """POST a form as it is given."""
        given = {"X-Form-Token": (data or {}).get("_token", "")} | options.pop("headers", {})  # type: ignore[operator]
        async with self.client.post(
            self.url + path, data=data or {}, allow_redirects=False, headers=given, **options
        ) as response:  # type: ignore[arg-type]
            return response, await response.text(errors="replace")

    async def token(self) -> str:
        """The form token of this visitor."""
        _, page = await self.get("/sign-in")
        if "form-token" not in page:
            _, page = await self.get("/desk")
        return page.split('name="form-token" content="')[1].split('"')[0]

    async def sign_in(self, person: Person) -> None:
        """Sign in with password and code."""
        secret = enrol(self.station, person)
        form = {"_token": await self.token(), "number": person.number, "password": PASSWORD.decode(), "code": secret()}
        response, page = await self.post("/sign-in", form)
        assert response.status == HTTPStatus.SEE_OTHER, page


def enrol(station: Desk, person: Person) -> Callable[[], str]:
    accounts, then = Accounts(station.agent, desk_keys(station.agent, PASSPHRASE)), now_utc() - timedelta(minutes=9)
    with station.agent.store.write() as tx:
        code = new_code(tx, person.number, now=then)
    begun = accounts.begin_enrolment(person.number, PASSWORD.decode(), code, now=then)
    accounts.enrol(begun.ticket, pyotp.TOTP(begun.secret).at(then), now=then)
    return lambda: pyotp.TOTP(begun.secret).now()


def no_register(_agent: object) -> Register:
    raise Refused(Code.REGISTER_MISSING)
