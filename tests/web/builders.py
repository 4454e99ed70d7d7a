"""A hub that really serves, and a station's client that really calls it."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from hub.protocol.envelope import Envelope
from hub.protocol.identifiers import StationId, digest_of
from hub.signing.assertions import make_assertion
from hub.web.server import serve
from hub.web.tokens import GRANT
from tests.exchange.builders import PASSPHRASE, A, Province, a_hub_folder, a_province, now_utc, signed


@dataclass
class Client:
    """One station's agent at the hub."""

    session: aiohttp.ClientSession
    province: Province
    station: StationId
    url: str
    token: str = ""
    audience: str = ""

    def assertion(self, *, audience: str | None = None, jti: str | None = None) -> str:
        """A fresh client assertion."""
        jti = jti or secrets.token_hex(16)
        return make_assertion(
            self.province.agent(self.station), audience or self.audience or self.url, now_utc(), jti
        ).decode()

    async def sign_in(self) -> "Client":
        """Get a token."""
        form = {**GRANT, "client_assertion": self.assertion()}
        async with self.session.post(f"{self.url}/v1/token", data=form) as response:
            assert response.status == 200, await response.text()
            self.token = (await response.json())["access_token"]
        return self

    def call(self, method: str, path: str, **options: object) -> "aiohttp.client._RequestContextManager":
        """A request with the token."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}  # type: ignore[dict-item]
        return self.session.request(method, self.url + path, headers=headers, **options)  # type: ignore[arg-type]

    async def upload(self, raw: bytes) -> str:
        """Upload a blob in one go."""
        digest = digest_of(raw)
        async with self.call("POST", f"/v1/blobs/{digest}", headers={"Upload-Length": str(len(raw))}) as response:
            assert response.status == 200, await response.text()
            state = await response.json()
        if not state["complete"]:
            headers = {"Upload-Offset": str(state["offset"])}
            data = raw[state["offset"] :]
            async with self.call("PATCH", f"/v1/blobs/{digest}", headers=headers, data=data) as response:
                assert response.status == 200, await response.text()
                assert (await response.json())["complete"]
        return digest

    async def submit(self, raw: bytes) -> tuple[int, bytes]:
        """Submit an envelope; return status and body."""
        async with self.call("POST", "/v1/envelopes", data=raw) as response:
            return response.status, await response.read()

    async def send(self, envelope: Envelope) -> tuple[bytes, bytes]:
        """Sign and submit an envelope that must be accepted; return its bytes and the receipt's."""
        raw = signed(self.province, envelope)
        status, receipt = await self.submit(raw)
        assert status == 201, receipt.decode()
        return raw, receipt

    async def mailbox(self, after: int = 0, limit: int = 100) -> dict[str, object]:
        """One page of deliveries."""
        async with self.call("GET", f"/v1/mailbox?after={after}&limit={limit}") as response:
            assert response.status == 200, await response.text()
            return await response.json()  # type: ignore[no-any-return]


@dataclass
class Served:
    """A serving hub."""

    url: str
    data: Path
    province: Province
    session: aiohttp.ClientSession

    async def client(self, station: StationId = A) -> Client:
        """A signed-in station."""
        return await Client(self.session, self.province, station, self.url).sign_in()


@contextlib.asynccontextmanager
async def a_served_hub(
    folder: Path, *, province: Province | None = None, settings: bytes = b""
) -> AsyncIterator[Served]:
    """A hub serving on a free port; its data folder is made if it does not exist."""
    province = province or a_province()
    data = folder / "hub"
    if not data.exists():
        a_hub_folder(province, data, settings=settings)
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve(data, PASSPHRASE, port=0, announce=lambda url: ready.set_result(url), stop=stop)
    )
    await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
    if not ready.done():
        serving.result()
    async with aiohttp.ClientSession() as session:
        try:
            yield Served(ready.result(), data, province, session)
        finally:
            stop.set()
            await serving
