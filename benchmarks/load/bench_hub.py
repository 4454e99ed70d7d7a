"""A hub for measuring: its own small authority, two stations, a real process; envelopes signed before the clock runs."""

import json
import os
import secrets
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub.exchange.administration import approve, name_first, open_office, propose
from hub.exchange.init import HubParts, init_hub
from hub.protocol.administration import AdministrationKind, StationDetails
from hub.protocol.envelope import Attachment, Envelope, Kind, Officer, Role
from hub.protocol.identifiers import CaseId, StationId, digest_of, new_uuid7
from hub.protocol.instants import format_instant
from hub.signing.assertions import make_assertion
from hub.signing.authority import Subject, issue, make_crl, make_root
from hub.signing.envelopes import sign_envelope
from hub.signing.keys import KeySigner, encrypt_key, generate_key, load_signer, signer_for
from hub.signing.purposes import CertificateKind, OfficerRole
from hub.web.tokens import GRANT

PASSPHRASE = b"bench"
OPENER = StationId("341802500000")
ANSWERER = StationId("320102500000")
PROOF = b"%PDF-1.7 a proof for measuring"


@dataclass(frozen=True)
class BenchHub:
    """A serving hub and the opener's agent, signed in."""

    url: str
    data: Path
    agent: KeySigner
    token: str
    pid: int

    @property
    def port(self) -> int:
        """The hub's port."""
        return int(self.url.rpartition(":")[2])

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> bytes:
        """One request, for preparing; the measured ones go another way."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.url + path, data=body, method=method)
        for name, value in {"Authorization": f"Bearer {self.token}", **named}.items():
            request.add_header(name, value)
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.read()

    def upload(self, raw: bytes) -> None:
        """Upload a blob."""
        path = f"/v1/blobs/{digest_of(raw)}"
        self.request("POST", path, b"", Upload_Length=str(len(raw)))
        self.request("PATCH", path, raw, Upload_Offset="0", Content_Type="application/octet-stream")


@contextmanager
def serving(folder: Path, *, arguments: tuple[str, ...] = ()) -> Iterator[BenchHub]:
    """Make a hub in `folder`, serve it in a process of its own, and sign the opener's agent in."""
    agent = _make(folder)
    command = [*arguments, sys.executable, "-m", "benchmarks.load.serve", str(folder / "hub")]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, env={**os.environ, "BENCH_PASSPHRASE": PASSPHRASE.decode()}
    )
    try:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        threading.Thread(target=process.stdout.read, daemon=True).start()
        hub = BenchHub(url, folder / "hub", agent, _token(url, agent), process.pid)
        hub.upload(PROOF)
        yield hub
    finally:
        process.terminate()
        process.wait(60)


def sign_inquiries(hub: BenchHub, path: Path, count: int) -> None:
    """Write `count` different inquiries, each opening its own case, in the form that `closed_loop` reads."""
    key = hub.agent.private_key
    raw_key = encrypt_key(key, PASSPHRASE)
    workers = os.cpu_count() or 1
    share = -(-count // workers)
    jobs = [(raw_key, hub.agent.certified.pem, share, secrets.randbelow(10**8)) for _ in range(workers)]
    with ProcessPoolExecutor(workers) as pool, path.open("wb") as file:
        for part in pool.map(_sign_share, jobs):
            file.write(part)


def _sign_share(job: tuple[bytes, bytes, int, int]) -> bytes:
    raw_key, certificate, count, series = job
    signer = load_signer(raw_key, PASSPHRASE, certificate)
    out = bytearray()
    for number in range(count):
        raw = sign_envelope(an_inquiry(f"{series:08d}-{number:06d}"), signer=signer)
        out += len(raw).to_bytes(4, "big") + raw
    return bytes(out)


def an_inquiry(number: str) -> Envelope:
    """A C04 inquiry of ordinary size that opens the case `number`."""
    now = datetime.now(UTC)
    digest = digest_of(PROOF)
    person = {"name": "张三", "id18": "11010519491231002X"}
    item = {"item": "姓名", "change_code": "19", "current": "张山", "proposed": "张三", "proof": digest}
    return Envelope(
        id=new_uuid7(at=now, random=secrets.token_bytes(10)),
        kind=Kind.INQUIRY,
        case=CaseId(f"C04-{OPENER}-2026-{number}"),
        type="C04",
        from_=OPENER,
        to=ANSWERER,
        officer=Officer(number="012345", name="李四"),
        created=format_instant(now),
        body={
            "person": person,
            "items": [item],
            "caused_by_opener": False,
            "text": "经核对原始档案,登记姓名有误。" * 8,
        },
        attachments=(
            Attachment(digest=digest, size=len(PROOF), media_type="application/pdf", name="证明.pdf", role=Role.PROOF),
        ),
        previous=None,
    )


def _make(folder: Path) -> KeySigner:
    now = datetime.now(UTC).replace(microsecond=0)
    start, end = now - timedelta(days=1), now + timedelta(days=30)
    key = generate_key("P-256")
    root = make_root(key, name="bench root", not_before=start, not_after=end)  # type: ignore[arg-type]

    def certify(kind: CertificateKind, subject: Subject, *roles: OfficerRole) -> KeySigner:
        key = generate_key("Ed25519")
        certified = issue(
            root, kind=kind, public_key=key.public_key(), subject=subject, not_before=start, not_after=end, roles=roles
        )
        return signer_for(key, certified)

    signer = certify(CertificateKind.HUB, Subject("bench hub"))
    crl = make_crl(root, (), number=1, this_update=now - timedelta(minutes=1), next_update=end)
    parts = HubParts(
        roots=root.certified.pem,
        crl=crl.der,
        hub_key=encrypt_key(signer.private_key, PASSPHRASE),
        hub_certificate=signer.certified.pem,
        settings=b"[limits]\nrequests_per_s = 1000000\nrequests_burst = 1000000\n",  # the hub's pace, not a station's share
    )
    init_hub(folder / "hub", PASSPHRASE, parts, now=now)
    agent = certify(CertificateKind.AGENT, Subject("bench agent", station=OPENER))
    first, second = (
        certify(CertificateKind.OFFICER, Subject("bench", station=OPENER, number=number), OfficerRole.ADMINISTRATOR)
        for number in ("900001", "900002")
    )
    with open_office(folder / "hub", PASSPHRASE) as office:
        for signer in (first, second):
            name_first(office, signer.certified.pem, now=now)
        for station, pems in ((OPENER, (agent.certified.pem.decode(),)), (ANSWERER, ())):
            details = StationDetails(name=station, kind="station", parent=None, certificates=pems)
            filed = propose(office, AdministrationKind.ADD_STATION, station, details, signer=first, now=now)
            approve(office, filed.number or 0, signer=second, now=now)
    return agent


def _token(url: str, agent: KeySigner) -> str:
    assertion = make_assertion(agent, url, datetime.now(UTC), secrets.token_hex(16)).decode()
    form = urllib.parse.urlencode({**GRANT, "client_assertion": assertion}).encode()
    with urllib.request.urlopen(f"{url}/v1/token", data=form, timeout=30) as response:
        return str(json.loads(response.read())["access_token"])
