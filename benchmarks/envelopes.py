"""Cost of one envelope without store and network: sign, open, check; in microseconds and beside one Ed25519 verify.

Run: `.venv/bin/python benchmarks/envelopes.py`. One JSON line per measure; the least of several rounds is taken, because
everything that disturbs a measure makes it longer.
"""

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from hub.protocol.envelope import Attachment, Envelope, Kind, Officer, Role
from hub.protocol.identifiers import CaseId, StationId, digest_of, new_uuid7
from hub.protocol.instants import format_instant
from hub.signing.authority import Subject, issue, make_crl, make_root
from hub.signing.certificates import known
from hub.signing.envelopes import check_envelope, open_envelope, sign_envelope
from hub.signing.keys import KeySigner, generate_key, signer_for
from hub.signing.purposes import CertificateKind
from hub.signing.trust import Trust

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
STATION = StationId("341802500000")
ROUNDS, REPEATS = 400, 10
# Opening and checking may take this much more than the signature's own verification, in microseconds.
LIMIT_ABOVE_VERIFY_US = 40.0


def main() -> int:
    """Print the measures. `ratio` is to one Ed25519 verify of the same run; on a busy machine all of them grow."""
    agent, trust = _province()
    envelope = _letter()
    raw = sign_envelope(envelope, signer=agent)
    certificates = known([agent.certified])
    signed = open_envelope(raw, certificates=certificates)
    message, _, _ = raw.rpartition(b".")
    signature = agent.sign(message)
    verify = agent.certified.public_key.verify  # type: ignore[union-attr]

    verify_us, sign_us, open_us, check_us = _least_us(
        lambda: verify(signature, message),
        lambda: sign_envelope(envelope, signer=agent),
        lambda: open_envelope(raw, certificates=certificates),
        lambda: check_envelope(signed, trust=trust, at=NOW, now=NOW),
    )
    above = open_us + check_us - verify_us
    for name, value, limit in (
        ("envelope_bytes", float(len(raw)), None),
        ("ed25519_verify", verify_us, None),
        ("envelope_sign", sign_us, None),
        ("envelope_open", open_us, None),
        ("envelope_check", check_us, None),
        ("envelope_above_verify", above, LIMIT_ABOVE_VERIFY_US),
    ):
        unit = "bytes" if name.endswith("bytes") else "us"
        line = {
            "name": name,
            "value": round(value, 1),
            "unit": unit,
            "limit": limit,
            "ratio": round(value / verify_us, 2),
        }
        sys.stdout.write(json.dumps(line) + "\n")
    return 0


def _least_us(*actions: Callable[[], object]) -> list[float]:
    # Short rounds, in turn: each action meets the same good and bad moments of the machine.
    least = [float("inf")] * len(actions)
    for _ in range(ROUNDS):
        for place, action in enumerate(actions):
            begin = time.process_time()
            for _ in range(REPEATS):
                action()
            least[place] = min(least[place], time.process_time() - begin)
    return [seconds / REPEATS * 1e6 for seconds in least]


def _province() -> tuple[KeySigner, Trust]:
    begin, end = NOW - timedelta(days=300), NOW + timedelta(days=700)
    root_key, key = generate_key("P-256"), generate_key("Ed25519")
    root = make_root(root_key, name="benchmark root", not_before=begin, not_after=end)  # type: ignore[arg-type]
    certified = issue(
        root,
        kind=CertificateKind.AGENT,
        public_key=key.public_key(),
        subject=Subject("benchmark agent", STATION),
        not_before=begin,
        not_after=end,
    )
    crl = make_crl(root, (), number=1, this_update=NOW - timedelta(hours=1), next_update=NOW + timedelta(hours=23))
    return signer_for(key, certified), Trust((root.certified,), (crl,))


def _letter() -> Envelope:
    person = {
        "name": "李四",
        "id18": "11010519491231002X",
        "relation": "户主",
        "original_address": "安徽省宣城市广德市桃州镇某路1号",
        "mistaken_address": "安徽省安庆市桐城市某街2号",
    }
    attachments = tuple(
        Attachment(digest=digest_of(name.encode()), size=123_456, media_type=media_type, name=name, role=role)
        for name, media_type, role in (
            ("letter.pdf", "application/pdf", Role.LETTER),
            ("scan.jpg", "image/jpeg", Role.SCAN),
            ("draft.jws", "application/jose", Role.ACT),
            ("approval.jws", "application/jose", Role.ACT),
            ("seal-use.jws", "application/jose", Role.ACT),
            ("scan.jws", "application/jose", Role.ACT),
        )
    )
    return Envelope(
        id=new_uuid7(at=NOW, random=b"0123456789"),
        kind=Kind.INQUIRY,
        case=CaseId("C06-341802500000-2026-000017"),
        type="C06",
        from_=STATION,
        to=StationId("340881500000"),
        officer=Officer(number="011234", name="张三"),
        created=format_instant(NOW),
        body={"letter_kind": "错迁说明函", "letter_number": "广公户函〔2026〕17号", "persons": [person], "pages": 2},
        attachments=attachments,
        previous=None,
    )


if __name__ == "__main__":
    sys.exit(main())
