"""A hub's desk that is really served: two administrators and an auditor with their keys in the hub's folder, cases in the store."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import aiohttp
import pyotp

from hub.signing.authority import Subject
from hub.signing.keys import KeySigner, encrypt_key
from hub.signing.purposes import CertificateKind, OfficerRole
from hub.store.layout import DataFolder
from hub.web.desk.accounts import code_for
from hub.web.desk.ground import open_ground
from hub.web.desk.officials import place_of
from hub.web.desk.server import serve_desk
from tests.exchange.builders import (
    CHEAP,
    PASSPHRASE,
    Province,
    StationId,
    a_hub_folder,
    a_province,
    now_utc,
    register_certificate,
)

PASSWORD = "an official's own password"


@dataclass
class Bureau:
    """A hub's folder with its people; `secrets` are their second factors."""

    province: Province
    data: Path
    administrators: tuple[KeySigner, KeySigner]
    auditor: KeySigner
    secrets: dict[str, str] = field(default_factory=dict)

    def enrol(self, signer: KeySigner) -> str:
        """Set up somebody's second factor, a while ago, and return the secret."""
        number, then = signer.certified.number or "", now_utc() - timedelta(minutes=9)
        if number in self.secrets:
            return self.secrets[number]
        ground = open_ground(self.data, PASSPHRASE)
        try:
            with ground.engine.begin() as tx:
                code = code_for(tx, number, now=then)
            begun = ground.accounts.begin_enrolment(number, PASSWORD, code, now=then)
            ground.accounts.enrol(begun.ticket, pyotp.TOTP(begun.secret).at(then), now=then)
        finally:
            ground.close()
        self.secrets[number] = begun.secret
        return begun.secret


def keep_official(data: Path, signer: KeySigner) -> None:
    """Put somebody's key into the hub's folder."""
    place = place_of(DataFolder(data), signer.certified.number or "")
    place.key.parent.mkdir(parents=True, exist_ok=True)
    place.key.write_bytes(encrypt_key(signer.private_key, PASSWORD.encode(), cost=CHEAP))
    place.certificate.write_bytes(signer.certified.pem)


def a_bureau(folder: Path, *, province: Province | None = None, data: Path | None = None) -> Bureau:
    """Make the hub's folder, or take one that is there, and put its people in."""
    province = province or a_province()
    if data is None:
        data = a_hub_folder(province, folder / "hub")
    subject = Subject("审计员丁", station=StationId("340000000000"), number="900009")
    auditor = province.certify(CertificateKind.OFFICER, subject, roles=(OfficerRole.AUDITOR,))
    register_certificate(data, province, auditor.certified.pem)
    administrators = province.two_administrators()
    for signer in (*administrators, auditor):
        keep_official(data, signer)
    return Bureau(province, data, administrators, auditor)


@dataclass
class Served:
    """The served desk with a browser-like client."""

    bureau: Bureau
    url: str
    client: aiohttp.ClientSession

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

    async def sign_in(self, signer: KeySigner) -> None:
        """Sign in with password and code."""
        secret = self.bureau.enrol(signer)
        self.client.cookie_jar.clear()
        ground = open_ground(self.bureau.data, PASSPHRASE)
        try:
            number = signer.certified.number or ""
            with ground.engine.begin() as tx:
                tx.exec_driver_sql("UPDATE desk_accounts SET totp_step = 0 WHERE number = ?", (number,))
        finally:
            ground.close()
        form = {"_token": await self.token(), "number": number, "password": PASSWORD, "code": pyotp.TOTP(secret).now()}
        response, page = await self.post("/sign-in", form)
        assert response.status == 303, page


@asynccontextmanager
async def served_desk(bureau: Bureau) -> AsyncIterator[Served]:
    """Serve the desk in this process."""
    stop, address = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve_desk(bureau.data, PASSPHRASE, port=0, ready=address.set_result, stop=stop))
    done, _ = await asyncio.wait({serving, asyncio.ensure_future(address)}, return_when=asyncio.FIRST_COMPLETED)
    if serving in done:
        serving.result()
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        yield Served(bureau, address.result(), client)
    stop.set()
    await serving
