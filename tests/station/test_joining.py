"""A station joins: what the hub says counts only under a root whose fingerprint a person confirmed; certificates are checked."""

import asyncio
import json
from collections.abc import Awaitable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from hanxun.agent import app
from hanxun.confirming import confirm_roots
from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError, Refused, Unavailable
from hub.signing.authority import Subject, issue, read_request
from hub.signing.certificates import known
from hub.signing.enrolments import open_enrolment, sign_enrolment
from hub.signing.fingerprints import root_digest, short
from hub.signing.keys import KeySigner
from hub.signing.purposes import DEFAULT_PURPOSES, CertificateKind, OfficerRole
from hub.signing.trust import Trust
from station_agent.agent import open_agent
from station_agent.enrol import Offer, accept_offer, fetch_offer
from station_agent.folder import AgentFolder
from station_agent.found import NewAgent, Requests, found_agent
from station_agent.history import are_numbers_known
from station_agent.install import install_certificate, key_states, request_fingerprint
from station_agent.settings import AgentSettings, TrailSettings, load_settings
from station_agent.sync import connect, sync_once
from tests.exchange.builders import CHEAP, A, B, Province, a_hub_folder, a_province, now_utc, register_certificate
from tests.web.builders import a_served_hub
from tests.web.tls_pairs import a_pair, a_tls_hub_folder, served

SECRET = b"the agent's passphrase"


def issued(root: KeySigner, request: Path, kind: CertificateKind, **details: object) -> bytes:
    """What the authority answers to a request."""
    wanted = read_request(request.read_bytes())
    now = now_utc()
    return issue(
        root,
        kind=kind,
        public_key=wanted.public_key,
        subject=details.pop("subject", wanted.subject),  # type: ignore[arg-type]
        not_before=now - timedelta(minutes=5),
        not_after=now + timedelta(days=100),
        **details,  # type: ignore[arg-type]
    ).pem


def founded(folder: Path, offer: Offer, trail_key: str, hub: str) -> Requests:
    """An agent's folder, made from what was confirmed."""
    settings = AgentSettings(station=A, name="新桥", word="新", hub=hub, trail=TrailSettings(key=trail_key))
    return found_agent(folder, SECRET, NewAgent(settings, offer.roots, offer.crl), now=now_utc(), cost=CHEAP)


def install(folder: Path, raw: bytes, province: Province) -> object:
    """Put a certificate into the agent's folder."""
    settings = load_settings(folder)
    return install_certificate(
        raw, folder=AgentFolder(folder), settings=settings, trust=Trust((province.root.certified,)), now=now_utc()
    )


async def refused_of(work: Awaitable[object]) -> Code:
    with pytest.raises(HanxunError) as error:
        await work
    return error.value.code


async def test_a_station_joins_installs_its_certificates_and_signs_in(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path) as hub:
        offer = await fetch_offer(hub.url, purposes=DEFAULT_PURPOSES)
        roots = confirm_roots(offer.roots, [short(root_digest(hub.province.root.certified))])
        statement = accept_offer(offer, roots=roots, purposes=DEFAULT_PURPOSES, now=now_utc())
        assert statement.name == "hub"
        assert statement.trail_key == (hub.data / "keys" / "trail.vkey").read_text().strip()

        data = tmp_path / "agent"
        requests = founded(data, offer, statement.trail_key, hub.url)
        states = key_states(AgentFolder(data), load_settings(data), now=now_utc())
        assert [(state.name, state.request is not None, state.certified) for state in states] == [
            ("agent", True, None),
            ("evidence", True, None),
        ]
        for request, kind in ((requests.agent, CertificateKind.AGENT), (requests.evidence, CertificateKind.EVIDENCE)):
            install(data, issued(hub.province.root, request, kind), hub.province)
        states = key_states(AgentFolder(data), load_settings(data), now=now_utc())
        assert [(state.request, state.expiry, state.waits_for_hub) for state in states] == [(None, None, False)] * 2

        agent = open_agent(data, SECRET)
        try:
            register_certificate(hub.data, hub.province, agent.signer.certified.pem)
            with agent.store.read() as tx:
                assert not are_numbers_known(tx)
            async with connect(agent) as client:
                await sync_once(agent, client)
            with agent.store.read() as tx:
                assert are_numbers_known(tx)
        finally:
            agent.close()


async def test_over_tls_the_offer_is_fetched_again_from_a_hub_that_the_confirmed_root_vouches_for(
    tmp_path: Path,
) -> None:
    province = a_province()
    data = a_tls_hub_folder(province, tmp_path / "hub", a_pair(province.root))
    async with served(data) as url:
        offer = await fetch_offer(url, purposes=DEFAULT_PURPOSES)
        again = await fetch_offer(url, purposes=DEFAULT_PURPOSES, roots=offer.roots)
        assert accept_offer(again, roots=offer.roots, purposes=DEFAULT_PURPOSES, now=now_utc())


async def test_somebody_between_who_shows_the_right_root_is_found_out(tmp_path: Path) -> None:
    province, stranger = a_province(), a_province()
    data = a_tls_hub_folder(province, tmp_path / "hub", a_pair(stranger.root))
    async with served(data) as url:
        offer = await fetch_offer(url, purposes=DEFAULT_PURPOSES)
        roots = confirm_roots(offer.roots, [root_digest(province.root.certified)])
        code = await refused_of(fetch_offer(url, purposes=DEFAULT_PURPOSES, roots=roots))
        assert code is Code.HUB_TLS_ROOT


async def test_a_hub_whose_certificate_another_root_issued_is_refused(tmp_path: Path) -> None:
    province, stranger = a_province(), a_province()
    a_hub_folder(stranger, tmp_path / "hub")
    async with a_served_hub(tmp_path, province=stranger) as hub:
        offer = await fetch_offer(hub.url, purposes=DEFAULT_PURPOSES)
        with pytest.raises(Refused) as refusal:
            accept_offer(offer, roots=(province.root.certified,), purposes=DEFAULT_PURPOSES, now=now_utc())
        assert refusal.value.code is Code.CERT_CHAIN


async def test_a_trail_key_put_in_by_somebody_else_does_not_pass_the_hubs_signature(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path) as hub:
        offer = await fetch_offer(hub.url, purposes=DEFAULT_PURPOSES)
        statement = open_enrolment(offer.statement, certificates=known([offer.hub_certificate])).statement
        agent = hub.province.agent(A)
        other = hub.province.certify(CertificateKind.HUB, Subject("another hub"))
        forged = msgspec.structs.replace(statement, trail_key="other.example/trail+00000000+AAAA")
        for raw, certificate, code in (
            (sign_enrolment(forged, signer=other), offer.hub_certificate, Code.JWS_UNKNOWN_CERTIFICATE),
            (sign_enrolment(forged, signer=other), other.certified, Code.ENROLMENT_TRAIL_KEY),
            (offer.statement[:-4] + b"AAAA", offer.hub_certificate, Code.JWS_SIGNATURE),
        ):
            with pytest.raises(Refused) as refusal:
                accept_offer(
                    msgspec.structs.replace(offer, statement=raw, hub_certificate=certificate)
                    if isinstance(offer, msgspec.Struct)
                    else Offer(offer.roots, certificate, raw, offer.crl),
                    roots=offer.roots,
                    purposes=DEFAULT_PURPOSES,
                    now=now_utc(),
                )
            assert refusal.value.code is code
        with pytest.raises(Refused) as purpose:
            sign_enrolment(forged, signer=agent)
        assert purpose.value.code is Code.CERT_PURPOSE


def test_a_root_that_nobody_confirmed_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    root, other = a_province().root.certified, a_province().root.certified
    with pytest.raises(Refused) as wrong:
        confirm_roots((root,), [short(root_digest(other))])
    assert wrong.value.code is Code.FINGERPRINT_MISMATCH
    assert confirm_roots((root, other), [short(root_digest(other))]) == (other,)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(Refused) as unasked:
        confirm_roots((root,), [])
    assert unasked.value.code is Code.ROOT_NOT_CONFIRMED


async def test_what_is_no_hub_is_refused_by_its_code(tmp_path: Path) -> None:
    assert await refused_of(fetch_offer("ftp://hub", purposes=DEFAULT_PURPOSES)) is Code.ENROLMENT_FORM
    assert await refused_of(fetch_offer("http://hub.example", purposes=DEFAULT_PURPOSES)) is Code.HUB_PLAIN
    with pytest.raises(Unavailable):
        await fetch_offer("http://127.0.0.1:1", purposes=DEFAULT_PURPOSES)
    async with a_served_hub(tmp_path) as hub:
        assert await refused_of(fetch_offer(hub.url + "x", purposes=DEFAULT_PURPOSES)) is not None


async def test_a_certificate_is_installed_only_where_it_fits(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path) as hub:
        offer = await fetch_offer(hub.url, purposes=DEFAULT_PURPOSES)
        data, root = tmp_path / "agent", hub.province.root
        key = (hub.data / "keys" / "trail.vkey").read_text().strip()
        agent = founded(data, offer, key, hub.url).agent
        wanted = read_request(agent.read_bytes()).subject
        officer = Subject(wanted.name, station=A, number="000001")
        for raw, code in (
            (hub.province.agent(A).certified.pem, Code.INSTALL_NO_KEY),
            (issued(a_province().root, agent, CertificateKind.AGENT), Code.CERT_CHAIN),
            (issued(root, agent, CertificateKind.AGENT, subject=Subject("x", station=B)), Code.INSTALL_PLACE),
            (
                issued(root, agent, CertificateKind.OFFICER, subject=officer, roles=(OfficerRole.WINDOW,)),
                Code.INSTALL_PLACE,
            ),
            (b"no certificate", Code.CERT_FORM),
        ):
            with pytest.raises(Refused) as refusal:
                install(data, raw, hub.province)
            assert refusal.value.code is code
            assert not AgentFolder(data).agent.certificate.exists()


async def test_init_stores_nothing_before_the_root_is_confirmed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(SECRET)
    async with a_served_hub(tmp_path) as hub:

        def init(*options: str) -> Result:
            words = [
                "--data",
                str(tmp_path / "agent"),
                "--station",
                A,
                "--name",
                "新桥",
                "--word",
                "新",
                "--hub",
                hub.url,
            ]
            words += ["--passphrase-file", str(tmp_path / "secret"), "--json"]
            return CliRunner().invoke(app, ["init", *words, *options])

        stranger = short(root_digest(a_province().root.certified))
        for options, code in (
            (("--root-fingerprint", stranger), Code.FINGERPRINT_MISMATCH),
            ((), Code.ROOT_NOT_CONFIRMED),
        ):
            answer = await asyncio.to_thread(init, *options)
            assert isinstance(answer.exception, Refused)
            assert answer.exception.code is code
            assert not (tmp_path / "agent").exists()
        right = short(root_digest(hub.province.root.certified))
        answer = await asyncio.to_thread(init, "--root-fingerprint", right)
        assert answer.exit_code == 0, answer.output
        told = json.loads(answer.stdout)
        assert told["root_fingerprints"] == [right]
        for name, request in told["requests"].items():
            assert told["fingerprints"][name] == request_fingerprint(Path(request))
