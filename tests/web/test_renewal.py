"""The hub renews its keys while it serves: receipts change over, old ones are verified for ever; warnings come before the end."""

import asyncio
import logging
from datetime import timedelta
from pathlib import Path

import pytest

from hub.exchange.hub import read_settings
from hub.exchange.install import certificate_findings, hub_places, install_hub_certificate
from hub.exchange.own_keys import HubKeys, expiring_soon, hub_certificates
from hub.keyring.renew import NewKey, begin_renewal
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.finding import FindingGrade
from hub.signing.authority import read_request
from hub.signing.certificates import known
from hub.signing.purposes import DEFAULT_PURPOSES, CertificateKind
from hub.signing.receipts import open_receipt
from hub.signing.tls import issue_tls
from hub.store.layout import DataFolder
from tests.exchange.builders import (
    CHEAP,
    PASSPHRASE,
    PROOF,
    A,
    Province,
    a_hub_folder,
    a_province,
    an_envelope,
    now_utc,
)
from tests.station.test_joining import issued
from tests.web.builders import a_served_hub
from tests.web.tls_pairs import a_pair, a_tls_hub_folder


def renewed(province: Province, data: Path, name: str) -> bytes:
    """A new key beside the old one, its request signed by the authority."""
    folder = DataFolder(data)
    place = hub_places(folder, read_settings(folder))[name]
    begin_renewal(place, PASSPHRASE, NewKey("P-256", cost=CHEAP), purposes=DEFAULT_PURPOSES)
    if name == "tls":
        request, now = read_request(place.next.request.read_bytes()), now_utc()
        names = {"name": "hub", "hosts": ["127.0.0.1"]}
        return issue_tls(
            province.root,
            public_key=request.public_key,
            not_before=now - timedelta(minutes=5),
            not_after=now + timedelta(days=90),
            **names,  # type: ignore[arg-type]
        ).pem
    kind = CertificateKind.HUB if name == "hub" else CertificateKind.EVIDENCE
    return issued(province.root, place.next.request, kind)


def install(data: Path, raw: bytes) -> str:
    folder = DataFolder(data)
    done = install_hub_certificate(
        raw, folder=folder, settings=read_settings(folder), purposes=DEFAULT_PURPOSES, now=now_utc()
    )
    return done.name


async def test_a_serving_hub_signs_with_its_renewed_key_and_still_knows_the_old_one(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path) as hub:
        client = await hub.client(A)
        await client.upload(PROOF)
        _, before = await client.send(an_envelope())
        old = hub_certificates(DataFolder(hub.data), purposes=DEFAULT_PURPOSES)
        raw = renewed(hub.province, hub.data, "hub")
        assert install(hub.data, raw) == "hub"
        for _ in range(900):
            async with hub.session.get(f"{hub.url}/v1/enrolment") as response:
                if (await response.json())["hub_certificate"].encode() == raw:
                    break
            await asyncio.sleep(0.05)
        _, after = await client.send(an_envelope())
        own = hub_certificates(DataFolder(hub.data), purposes=DEFAULT_PURPOSES)
        source = known(own)
        first, second = (open_receipt(receipt, certificates=source).certified for receipt in (before, after))
        assert first == old[0]
        assert second == own[0]
        assert first != second
        for certified in (first, second):
            async with hub.session.get(f"{hub.url}/v1/certificates/{certified.x5t}") as response:
                assert await response.read() == certified.pem


def test_a_hub_takes_a_renewed_key_at_its_start_too(tmp_path: Path) -> None:
    province = a_province()
    data = a_tls_hub_folder(province, tmp_path / "hub", a_pair(province.root))
    folder = DataFolder(data)
    for name in ("hub", "evidence", "tls"):
        (data / "keys" / "tls.csr.pem").unlink(missing_ok=True)
        raw = renewed(province, data, name)
        assert install(data, raw) == name
    keys = HubKeys(folder, read_settings(folder), PASSPHRASE, purposes=DEFAULT_PURPOSES, clock=now_utc)
    assert len(keys.certificates) == 4
    assert keys.signer.certified == keys.certificates[0]
    assert not any(place.next.has_key for place in hub_places(folder, read_settings(folder)).values())


def test_a_stations_or_strangers_certificate_is_not_installed_at_the_hub(tmp_path: Path) -> None:
    province = a_province()
    data = a_hub_folder(province, tmp_path / "hub")
    renewed(province, data, "hub")
    request = hub_places(DataFolder(data), read_settings(DataFolder(data)))["hub"].next.request
    for raw, code in (
        (province.agent(A).certified.pem, Code.INSTALL_NO_KEY),
        (issued(a_province().root, request, CertificateKind.HUB), Code.CERT_CHAIN),
        (issued(province.root, request, CertificateKind.EVIDENCE), Code.INSTALL_PLACE),
    ):
        with pytest.raises(Refused) as refusal:
            install(data, raw)
        assert refusal.value.code is code


async def test_warnings_are_logged_and_shown_by_the_check(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    province = a_province()
    data = a_tls_hub_folder(province, tmp_path / "hub", a_pair(province.root, not_after=now_utc() + timedelta(days=2)))
    folder = DataFolder(data)
    settings = read_settings(folder)
    end = hub_certificates(folder, purposes=DEFAULT_PURPOSES)[0].not_after
    late = expiring_soon(folder, settings, purposes=DEFAULT_PURPOSES, now=end - timedelta(days=13))
    assert [expiry.step for expiry in late] == [0, 14, 14]
    keys = HubKeys(folder, settings, PASSPHRASE, purposes=DEFAULT_PURPOSES, clock=now_utc)
    with caplog.at_level(logging.WARNING):
        following = asyncio.create_task(keys.follow(on_change=lambda _signer: None, every_s=0.01))
        await asyncio.sleep(0.2)
        following.cancel()
    assert [record.getMessage().split(" x5t")[0] for record in caplog.records] == ["certificate expires kind=tls"]
    for later, grade in ((0, FindingGrade.NOTE), (3, FindingGrade.FAULT)):
        (finding,) = certificate_findings(data, now=now_utc() + timedelta(days=later))
        assert (finding.code, finding.subject, finding.grade) == (Code.CERT_EXPIRES_SOON, "tls", grade)
