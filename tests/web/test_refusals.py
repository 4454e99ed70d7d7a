"""Bad input gets one clear error: problem details with a stable code, a signed rejection for envelopes, nothing stored."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from hub.exchange.check import check_hub
from hub.protocol.envelope import Kind
from hub.protocol.identifiers import digest_of
from hub.protocol.receipt import Event
from hub.signing.authority import Subject
from hub.signing.certificates import known, read_certificate
from hub.signing.crl import Revocation
from hub.signing.purposes import CertificateKind, OfficerRole
from hub.signing.receipts import open_receipt
from hub.store.database import Readers
from hub.store.filed import alarms_known
from hub.web.tokens import GRANT
from tests.exchange.builders import PROOF, A, B, C, an_envelope, now_utc, set_active, signed
from tests.web.builders import Client, Served, a_served_hub


async def problem_of(hub: Served, raw: bytes, *, client=None) -> dict[str, object]:
    """The problem that submitting `raw` gives; its rejection is checked."""
    client = client or await hub.client(A)
    status, body = await client.submit(raw)
    problem = json.loads(body)
    assert status == problem["status"] >= 400
    assert {"type", "title", "code", "detail", "remedy"} <= set(problem)
    hub_certificate = read_certificate((hub.data / "keys" / "hub.pem").read_bytes())
    receipt = open_receipt(problem["receipt"].encode(), certificates=known([hub_certificate])).receipt
    assert receipt.events == (Event.SUBMISSION_REJECTION,)
    assert (receipt.envelope, receipt.refusal) == (digest_of(raw), problem["code"])
    return problem


async def test_each_bad_envelope_gets_its_code_and_nothing_is_stored(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path) as hub:
        await (await hub.client(A)).upload(PROOF)
        good = signed(hub.province, an_envelope())
        late = now_utc() + timedelta(minutes=6)
        body = {**an_envelope().body, "person": {"name": "张三", "id18": "110105194912310021"}}
        bad = {
            "jws.form": b"x.y",
            "jws.signature": good[:-8] + bytes(reversed(good[-8:-4])) + good[-4:],
            "envelope.created_ahead": signed(hub.province, an_envelope(created=late)),
            "case.type_unknown": signed(hub.province, an_envelope(type="Z99", case="Z99-341802500000-2026-1")),
            "body.missing": signed(hub.province, an_envelope(body={})),
            "E101": signed(hub.province, an_envelope(body=body)),
            "envelope.addressee": signed(hub.province, an_envelope(to="999999999999")),
            "envelope.sender": signed(hub.province, an_envelope(sender=B, to=A)),
        }
        for code, raw in bad.items():
            assert (await problem_of(hub, raw))["code"] == code
    report = check_hub(hub.data)
    assert (report.ok, report.trail.size) == (True, 9)


async def test_bad_envelopes_among_many_at_once_get_their_code_and_their_neighbours_are_accepted(
    tmp_path: Path,
) -> None:
    async with a_served_hub(tmp_path) as hub:
        client = await hub.client(A)
        await client.upload(PROOF)
        for _ in range(4):  # the examining process starts with the first, and answers the later ones
            good = [signed(hub.province, an_envelope()) for _ in range(12)]
            anothers_signature = good[0].rpartition(b".")[0] + b"." + good[1].rpartition(b".")[2]
            bad = [signed(hub.province, an_envelope(body={})), anothers_signature]
            answers = await asyncio.gather(*(client.submit(raw) for raw in (*good, *bad)))
            assert [status for status, _ in answers] == [201] * 12 + [422, 422]
            assert [json.loads(body)["code"] for _, body in answers[12:]] == ["body.missing", "jws.signature"]
            await asyncio.sleep(0.7)
    assert check_hub(hub.data).ok


async def test_same_id_with_other_bytes_is_refused_and_reported(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path) as hub:
        a = await hub.client(A)
        await a.upload(PROOF)
        first = an_envelope()
        await a.send(first)
        problem = await problem_of(hub, signed(hub.province, an_envelope(id=first.id)))
        assert (problem["status"], problem["code"]) == (409, "envelope.id_reused")
    readers = Readers(hub.data / "hub.sqlite")
    assert [alarm.envelope_id for alarm in readers.read_now(alarms_known)] == [first.id]
    readers.close()


async def test_a_revoked_agent_is_refused_but_keeps_the_receipt_it_has(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path) as hub:
        a = await hub.client(A)
        await a.upload(PROOF)
        raw, receipt = await a.send(an_envelope())
        serial = hub.province.agent(A).certified.serial
        crl = hub.province.crl(Revocation(serial, now_utc() - timedelta(seconds=5)), number=2)
        new = hub.data / "trust" / "crl.new"
        new.write_bytes(crl)
        new.rename(hub.data / "trust" / "crl.der")
        problem = await problem_of(hub, signed(hub.province, an_envelope()), client=a)
        assert problem["code"] == "cert.revoked"
        assert await a.submit(raw) == (200, receipt)
        async with hub.session.get(f"{hub.url}/v1/crl") as response:
            assert await response.read() == crl
        form = {**GRANT, "client_assertion": a.assertion()}
        async with hub.session.post(f"{hub.url}/v1/token", data=form) as response:
            assert (await response.json())["code"] == "cert.revoked"


async def test_an_older_or_broken_revocation_list_is_not_taken(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path) as hub:
        path = hub.data / "trust" / "crl.der"
        newer = hub.province.crl(number=5)
        for raw in (newer, hub.province.crl(number=4), b"rubbish"):
            path.write_bytes(raw)
            async with hub.session.get(f"{hub.url}/v1/crl") as response:
                assert await response.read() == newer


async def test_a_station_suspended_beside_the_serving_hub_is_refused(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path) as hub:
        a = await hub.client(A)
        await a.upload(PROOF)
        await a.send(an_envelope())
        set_active(hub.data, hub.province, A, active=False)
        assert (await problem_of(hub, signed(hub.province, an_envelope()), client=a))["code"] == "station.suspended"
        set_active(hub.data, hub.province, A, active=True)
        await a.send(an_envelope())
    assert check_hub(hub.data).ok


async def test_a_suspended_station_is_cut_off_at_once_token_and_stream(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path) as hub:
        a, b = await hub.client(A), await hub.client(B)
        stream = await a.call("GET", "/v1/events")
        await stream.content.readline()
        set_active(hub.data, hub.province, A, active=False)
        async with asyncio.timeout(3):
            while await stream.content.readline():
                pass
            while (await code_of(a, "GET", "/v1/mailbox")) != "token.invalid":  # noqa: ASYNC110 - it is the hub's to notice
                await asyncio.sleep(0.05)
        async with a.session.post(f"{hub.url}/v1/token", data={**GRANT, "client_assertion": a.assertion()}) as response:
            assert (await response.json())["code"] == "station.suspended"
        assert (await b.mailbox())["items"] == []
        set_active(hub.data, hub.province, A, active=True)
        await a.sign_in()


async def test_a_revoked_agent_that_has_signed_in_is_cut_off_at_once(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path) as hub:
        a, b = await hub.client(A), await hub.client(B)
        revoked = Revocation(hub.province.agent(A).certified.serial, now_utc() - timedelta(seconds=5))
        path = hub.data / "trust" / "crl.der"
        fresh = path.with_name("fresh")
        fresh.write_bytes(hub.province.crl(revoked, number=2))
        fresh.replace(path)
        async with asyncio.timeout(4):
            while (await code_of(a, "GET", "/v1/mailbox")) != "token.invalid":  # noqa: ASYNC110 - it is the hub's to notice
                await asyncio.sleep(0.05)
        assert (await b.mailbox())["items"] == []


async def code_of(client: Client, method: str, path: str) -> str | None:
    async with client.call(method, path) as response:
        return (await response.json()).get("code")


async def test_one_bad_envelope_does_not_fail_its_neighbours(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path) as hub:
        a = await hub.client(A)
        await a.upload(PROOF)
        good = [signed(hub.province, an_envelope()) for _ in range(12)]
        bad = [signed(hub.province, an_envelope(kind=Kind.SUPPLY, body={"text": "?"})) for _ in range(12)]
        answers = await asyncio.gather(*(a.submit(raw) for pair in zip(good, bad, strict=True) for raw in pair))
        assert [status for status, _ in answers] == [201, 422] * 12
    report = check_hub(hub.data)
    assert (report.ok, report.trail.size) == (True, 9 + 24)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"grant_type": "password"}, 400, "token.request"),
        ({"client_assertion": "x.y.z"}, 401, "assertion.invalid"),
    ],
)
async def test_a_bad_token_request_is_refused(tmp_path: Path, change: dict[str, str], status: int, code: str) -> None:
    async with a_served_hub(tmp_path) as hub:
        a = await hub.client(A)
        form = {**GRANT, "client_assertion": a.assertion(), **change}
        async with hub.session.post(f"{hub.url}/v1/token", data=form) as response:
            assert (response.status, (await response.json())["code"]) == (status, code)


async def test_an_assertion_is_spent_once_also_across_a_restart(tmp_path: Path) -> None:
    settings = b'[listen]\npublic_url = "http://hub.test"\n'
    async with a_served_hub(tmp_path, settings=settings) as hub:
        client = Client(hub.session, hub.province, A, hub.url)
        assertion = client.assertion(audience="http://hub.test")
        form = {**GRANT, "client_assertion": assertion}
        async with hub.session.post(f"{hub.url}/v1/token", data=form) as response:
            assert response.status == 200
        async with hub.session.post(f"{hub.url}/v1/token", data=form) as response:
            assert (await response.json())["code"] == "assertion.repeated"
        other = {**GRANT, "client_assertion": client.assertion(audience="http://other.test")}
        async with hub.session.post(f"{hub.url}/v1/token", data=other) as response:
            assert (await response.json())["code"] == "assertion.invalid"
    async with (
        a_served_hub(tmp_path, province=hub.province) as again,
        again.session.post(f"{again.url}/v1/token", data=form) as response,
    ):
        assert (await response.json())["code"] == "assertion.repeated"


@pytest.mark.parametrize("path", ["/v1/mailbox", "/v1/events", "/v1/directory", "/v1/blobs/" + "0" * 64])
async def test_nothing_is_told_without_a_token(tmp_path: Path, path: str) -> None:
    async with a_served_hub(tmp_path) as hub:
        for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic QTpC"}):
            async with hub.session.get(hub.url + path, headers=headers) as response:
                assert response.status == 401
                assert response.headers["WWW-Authenticate"] == "Bearer"
                assert response.content_type == "application/problem+json"


async def test_limits_and_wrong_addresses_are_problems_too(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path) as hub:
        a = await hub.client(A)
        async with a.call("POST", "/v1/envelopes", data=b"x" * (256 * 1024 + 1)) as response:
            assert (response.status, (await response.json())["code"]) == (413, "request.too_large")
        async with a.call("GET", "/v1/nothing") as response:
            assert (response.status, (await response.json())["code"]) == (404, "request.not_found")
        async with a.call("PUT", "/v1/envelopes") as response:
            assert (response.status, (await response.json())["code"]) == (405, "request.method")
        async with a.call("GET", "/v1/mailbox?after=-1") as response:
            assert (response.status, (await response.json())["code"]) == (400, "request.form")
        async with a.call("GET", "/v1/directory", headers={"X-Long": "x" * 20_000}) as response:
            assert response.status == 400


async def test_a_station_registers_its_own_certificates_only(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path) as hub:
        a = await hub.client(A)

        async def register(station: str, name: str) -> tuple[int, str]:
            officer = hub.province.certify(
                CertificateKind.OFFICER, Subject(name, station=station, number="012345"), roles=[OfficerRole.WINDOW]
            ).certified
            async with a.call("POST", "/v1/certificates", data=officer.pem) as response:
                return response.status, officer.x5t

        status, x5t = await register(A, "李四")
        assert status == 201
        async with hub.session.get(f"{hub.url}/v1/certificates/{x5t}") as response:
            pem = await response.read()
            assert read_certificate(pem).x5t == x5t
        async with a.call("POST", "/v1/certificates", data=pem) as response:
            assert response.status == 204
        status, x5t = await register(C, "王五")
        assert status == 403
        async with hub.session.get(f"{hub.url}/v1/certificates/{x5t}") as response:
            assert response.status == 404
