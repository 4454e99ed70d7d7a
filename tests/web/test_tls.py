"""TLS between agents and hub: only the configured roots, the right name, in force, not revoked; never plain by surprise."""

import asyncio
import contextlib
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from hub.protocol.codes import Code
from hub.protocol.errors import Damaged, HanxunError, Refused, Unavailable
from hub.signing.authority import Subject
from hub.signing.certificates import Certified
from hub.signing.crl import Revocation, read_crl
from hub.signing.envelopes import sign_envelope
from hub.signing.keys import encrypt_key, signer_for
from hub.signing.purposes import CertificateKind
from hub.signing.tls import hosts_of, issue_tls, read_chain, require_serving
from hub.signing.trust import Trust, check_certificate
from hub.web import tls
from station_agent.hub_client import HubClient
from station_agent.transport import client_context, make_session, require_guarded, revoked_in
from tests.exchange.builders import CHEAP, PASSPHRASE, A, Province, a_hub_folder, a_province, an_envelope, now_utc
from tests.outside import needs_openssl
from tests.web.builders import a_served_hub
from tests.web.tls_pairs import SETTINGS, Pair, a_pair, a_tls_hub_folder, served


@contextlib.asynccontextmanager
async def an_agent(
    province: Province,
    url: str,
    *,
    roots: tuple[Certified, ...] | None = None,
    is_revoked: Callable[[bytes], bool] = lambda _der: False,
) -> AsyncIterator[HubClient]:
    """An agent's client as `sync.connect` makes it."""
    context = client_context(roots or (province.root.certified,), is_revoked=is_revoked)
    async with make_session(context) as session:
        yield HubClient(session, hub=url, signer=province.agent(A), clock=now_utc, timeout_s=5)


async def reached(agent: HubClient) -> HanxunError | None:
    """What keeps the agent from signing in and asking for its mailbox, or None."""
    try:
        await agent.mailbox(after=0, limit=1)
    except HanxunError as error:
        return error
    return None


def address_of(url: str, host: str) -> str:
    """The same hub under another name."""
    return url.replace("127.0.0.1", host)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
async def test_an_agent_signs_in_over_tls_1_2_or_later_at_the_name_it_knows(tmp_path: Path) -> None:
    province = a_province()
    data = a_tls_hub_folder(province, tmp_path / "hub", a_pair(province.root, "127.0.0.1", "localhost"))
    async with served(data) as url:
        assert url.startswith("https://127.0.0.1:")
        async with an_agent(province, url) as agent:
            assert await reached(agent) is None
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]), ssl=old)


async def test_a_hub_under_another_root_is_refused(tmp_path: Path) -> None:
    province, stranger = a_province(), a_province()
    data = a_tls_hub_folder(province, tmp_path / "hub", a_pair(stranger.root))
    async with served(data) as url, an_agent(province, url) as agent:
        error = await reached(agent)
    assert isinstance(error, Unavailable)
    assert error.code is Code.HUB_TLS_ROOT


async def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    province = a_province()
    data = a_tls_hub_folder(province, tmp_path / "hub", a_pair(province.root, "hub.example", "192.0.2.7"))
    async with served(data) as url:
        for host in ("127.0.0.1", "localhost"):
            async with an_agent(province, address_of(url, host)) as agent:
                error = await reached(agent)
            assert error is not None
            assert error.code is Code.HUB_TLS_NAME


async def test_an_expired_certificate_is_refused(tmp_path: Path) -> None:
    province = a_province()
    now = now_utc()
    expired = a_pair(province.root, not_before=now - timedelta(hours=20), not_after=now - timedelta(minutes=1))
    data = a_tls_hub_folder(province, tmp_path / "hub", expired)
    async with served(data) as url, an_agent(province, url) as agent:
        error = await reached(agent)
    assert error is not None
    assert error.code is Code.HUB_TLS_PERIOD


async def test_a_plain_hub_is_refused_where_https_is_configured(tmp_path: Path) -> None:
    async with (
        a_served_hub(tmp_path) as hub,
        an_agent(hub.province, hub.url.replace("http://", "https://")) as agent,
    ):
        error = await reached(agent)
    assert error is not None
    assert error.code is Code.HUB_NO_TLS


async def test_a_plain_client_gets_nothing_from_a_tls_hub(tmp_path: Path) -> None:
    province = a_province()
    data = a_tls_hub_folder(province, tmp_path / "hub", a_pair(province.root))
    async with served(data) as url, an_agent(province, url.replace("https://", "http://")) as agent:
        error = await reached(agent)
    assert isinstance(error, Unavailable)


async def test_a_revoked_certificate_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    province = a_province()
    pair = a_pair(province.root)
    crl = read_crl(province.crl(Revocation(pair.certified.serial, now_utc() - timedelta(seconds=5)), number=2))
    data = a_tls_hub_folder(province, tmp_path / "hub", pair)
    async with served(data) as url, an_agent(province, url, is_revoked=revoked_in(lambda: (crl,))) as agent:
        error = await reached(agent)
        assert error is not None
        assert error.code is Code.HUB_TLS_REVOKED


async def test_an_agents_own_certificate_does_not_pass_for_the_hubs(tmp_path: Path) -> None:
    province = a_province()
    other = province.certify(CertificateKind.EVIDENCE, Subject("127.0.0.1", station=A))
    data = a_tls_hub_folder(province, tmp_path / "hub", Pair(other.private_key, other.certified))
    async with served(data) as url, an_agent(province, url) as agent:
        error = await reached(agent)
    assert error is not None
    assert error.code is Code.HUB_TLS_ROOT


def test_a_tls_key_signs_no_envelope_that_counts() -> None:
    province = a_province()
    pair = a_pair(province.root)
    with pytest.raises(Refused) as refused:
        sign_envelope(an_envelope(), signer=signer_for(pair.key, pair.certified))
    assert refused.value.code is Code.CERT_PURPOSE
    trust = Trust(roots=(province.root.certified,), crls=(read_crl(province.crl()),))
    for kind in CertificateKind:
        checks = check_certificate(pair.certified, kind=kind, trust=trust, at=now_utc(), now=now_utc())
        assert Code.CERT_PURPOSE in {check.cause for check in checks}


async def test_a_renewed_pair_is_taken_without_cutting_anybody_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls.keep_fresh, "__kwdefaults__", {"every_s": 0.1})
    province = a_province()
    first, second = a_pair(province.root), a_pair(province.root)
    data = a_tls_hub_folder(province, tmp_path / "hub", first)
    async with served(data) as url, an_agent(province, url) as agent:
        assert await reached(agent) is None
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", int(url.rpartition(":")[2]), ssl=client_context((province.root.certified,))
        )
        # Half a renewal: the old pair goes on serving.
        second.write(data)
        (data / "keys" / "tls.key.pem").write_bytes(encrypt_key(first.key, b"another passphrase", cost=CHEAP))
        await asyncio.sleep(0.4)
        assert await serial_at(url, province) == first.certified.serial
        second.write(data)
        async with asyncio.timeout(5):
            while await serial_at(url, province) != second.certified.serial:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.1)
        assert await reached(agent) is None
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.close()


async def serial_at(url: str, province: Province) -> int:
    """The serial number of the certificate that the hub shows to a new connection."""
    _, writer = await asyncio.open_connection(
        "127.0.0.1", int(url.rpartition(":")[2]), ssl=client_context((province.root.certified,))
    )
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return read_chain(ssl.DER_cert_to_PEM_cert(der).encode())[0].serial


async def test_a_hub_without_its_pair_or_with_the_wrong_passphrase_does_not_start(tmp_path: Path) -> None:
    province = a_province()
    data = a_hub_folder(province, tmp_path / "hub", settings=SETTINGS)
    with pytest.raises(Damaged) as damaged:
        async with served(data):
            pass
    assert damaged.value.code is Code.HUB_FOLDER
    pair = a_pair(province.root)
    pair.write(data)
    (data / "keys" / "tls.key.pem").write_bytes(encrypt_key(pair.key, b"another passphrase", cost=CHEAP))
    with pytest.raises(Refused) as refused:
        async with served(data):
            pass
    assert refused.value.code is Code.KEY_PASSPHRASE
    a_pair(province.root).write(data)
    (data / "keys" / "tls.key.pem").write_bytes(encrypt_key(pair.key, PASSPHRASE, cost=CHEAP))
    with pytest.raises(Refused) as refused:
        async with served(data):
            pass
    assert refused.value.code is Code.KEY_MISMATCH


@pytest.mark.parametrize("hub", ["http://10.1.2.3:8700", "http://hub.example", "http://localhost.example:1"])
def test_an_agent_speaks_plain_http_to_this_machine_only(hub: str) -> None:
    with pytest.raises(Refused) as refused:
        require_guarded(hub)
    assert refused.value.code is Code.HUB_PLAIN
    for fine in ("https://hub.example", "http://127.0.0.1:1", "http://[::1]:1", "http://localhost:8700"):
        require_guarded(fine)


@pytest.mark.parametrize("host", ["", "*.example", "a b", "hub..example", "-x.example", "10.0.0.999", "中心.example"])
def test_malformed_host_names_are_refused(host: str) -> None:
    with pytest.raises(Refused) as refused:
        a_pair(a_province().root, host)
    assert refused.value.code is Code.TLS_HOST


@needs_openssl
def test_a_certificate_names_its_hosts_and_openssl_agrees(tmp_path: Path) -> None:
    province = a_province()
    pair = a_pair(province.root, "Hub.Example", "10.1.2.3", "::1")
    assert hosts_of(pair.certified) == ("hub.example", "10.1.2.3", "::1")
    require_serving(pair.certified, at=now_utc())
    (tmp_path / "root.pem").write_bytes(province.root.certified.pem)
    (tmp_path / "tls.pem").write_bytes(pair.certified.pem)
    for name in (("-verify_hostname", "hub.example"), ("-verify_ip", "10.1.2.3")):
        command = [
            "openssl",
            "verify",
            "-x509_strict",
            "-purpose",
            "sslserver",
            "-CAfile",
            "root.pem",
            *name,
            "tls.pem",
        ]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)


def test_a_key_of_another_kind_is_refused() -> None:
    province = a_province()
    agent = province.agent(A)
    with pytest.raises(Refused) as refused:
        issue_tls(
            province.root,
            public_key=agent.certified.public_key,
            name="hub",
            hosts=("127.0.0.1",),
            not_before=now_utc(),
            not_after=now_utc() + timedelta(days=1),
        )
    assert refused.value.code is Code.KEY_UNSUITABLE
