"""The desk over TLS: what it takes to serve it, what a browser gets, and what is refused before it starts."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from msgspec import structs

from hub.pages.settings import DeskSettings
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.signing.keys import encrypt_key
from station_agent.settings import load_settings, write_settings
from station_agent.web.server import serve_desk
from tests.exchange.builders import Province, a_province
from tests.station.desks import CHEAP, OPENER, PASSPHRASE, Desk, a_desk
from tests.station.scene import a_scene
from tests.station.web.test_routes import no_register
from tests.web.tls_pairs import a_pair

TLS = DeskSettings(certificate="keys/desk.cert.pem", key="keys/desk.key.pem", names=("desk.station.example",))


@pytest.fixture(scope="module")
def province() -> Province:
    return a_province()


@pytest.fixture
def station(province: Province, tmp_path: Path) -> Desk:
    """A station whose settings name a TLS pair, which lies where they say."""
    made = a_desk(province, tmp_path / "a", OPENER, hub="http://127.0.0.1:9", trail_key=a_scene().log.key.text)
    pair = a_pair(province.root, "127.0.0.1", "desk.example")
    (made.data / "keys" / "desk.key.pem").write_bytes(encrypt_key(pair.key, PASSPHRASE, cost=CHEAP))
    (made.data / "keys" / "desk.cert.pem").write_bytes(pair.certified.pem)
    use(made, TLS)
    return made


def use(station: Desk, settings: DeskSettings) -> None:
    write_settings(station.data, structs.replace(load_settings(station.data), desk=settings))


async def serve(
    station: Desk, stop: asyncio.Event, ready: "asyncio.Future[str]", passphrase: bytes = PASSPHRASE
) -> None:
    await serve_desk(station.data, passphrase, register=no_register, port=0, ready=ready.set_result, stop=stop)


@pytest.fixture
async def address(station: Desk) -> AsyncIterator[str]:
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(station, stop, ready))
    yield await ready
    stop.set()
    await serving


def trusting(province: Province, *, newest: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=province.root.certified.pem.decode())
    if newest is not None:
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, newest
    return context


async def test_a_browser_that_trusts_the_root_gets_the_desk_and_a_cookie_that_only_tls_carries(
    province: Province, address: str
) -> None:
    assert address.startswith("https://127.0.0.1:")
    async with aiohttp.ClientSession() as client, client.get(f"{address}/sign-in", ssl=trusting(province)) as answer:
        assert answer.status == 200
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        (cookie,) = answer.headers.getall("Set-Cookie")
        assert cookie.startswith("__Host-hanxun_desk=")
        assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"))


async def test_the_choice_of_a_language_is_carried_by_tls_only(province: Province, address: str) -> None:
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as client:
        async with client.get(f"{address}/sign-in", ssl=trusting(province)) as answer:
            token = (await answer.text()).split('name="form-token" content="')[1].split('"')[0]
        form = {"_token": token, "language": "en", "next": "/sign-in"}
        async with client.post(
            f"{address}/language", data=form, ssl=trusting(province), allow_redirects=False
        ) as answer:
            (cookie,) = (each for each in answer.headers.getall("Set-Cookie") if each.startswith("hanxun_language="))
            assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=Strict"))


async def test_a_browser_that_does_not_trust_the_root_gets_nothing(address: str) -> None:
    async with aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await client.get(f"{address}/sign-in")


async def test_plain_http_gets_no_page(address: str) -> None:
    async with aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.ClientError):
            await client.get(address.replace("https", "http") + "/sign-in")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
async def test_older_tls_than_1_2_is_not_spoken(province: Province, address: str) -> None:
    async with aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.get(f"{address}/sign-in", ssl=trusting(province, newest=ssl.TLSVersion.TLSv1_1))


async def test_the_certificates_names_and_those_of_the_settings_are_served_and_no_others(
    province: Province, address: str
) -> None:
    port = address.rpartition(":")[2]
    async with aiohttp.ClientSession() as client:
        for name, status in (("desk.example", 200), ("desk.station.example", 200), ("evil.example", 421)):
            headers = {"Host": f"{name}:{port}"}
            async with client.get(f"{address}/sign-in", ssl=trusting(province), headers=headers) as answer:
                assert answer.status == status, name


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        (DeskSettings(host="0.0.0.0"), Code.DESK_LISTEN),
        (DeskSettings(certificate="keys/none.pem", key="keys/desk.key.pem"), Code.TLS_CERTIFICATE),
        (DeskSettings(certificate="keys/agent.cert.pem", key="keys/desk.key.pem"), Code.TLS_CERTIFICATE),
    ],
)
async def test_what_would_be_no_tls_is_refused_before_anything_is_served(
    station: Desk, settings: DeskSettings, code: Code
) -> None:
    use(station, settings)
    with pytest.raises(Refused) as caught:
        await serve(station, asyncio.Event(), asyncio.get_running_loop().create_future())
    assert caught.value.code is code
