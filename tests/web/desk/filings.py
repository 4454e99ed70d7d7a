"""Cases filed at a hub as stations file them: C04 inquiries, some signed for, returned, answered, closed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from hub.exchange.accept import accept
from hub.exchange.hub import Hub, open_hub
from hub.protocol.envelope import Envelope, Kind
from hub.protocol.identifiers import CaseId, Digest, digest_of
from tests.exchange.builders import (
    PASSPHRASE,
    PROOF,
    A,
    B,
    C,
    Province,
    a_case_number,
    a_handover,
    an_envelope,
    an_inquiry_body,
    signed,
)

NAMES = ("张三", "欧阳静", "𠮷田花", "李小龙", "王芳")
NUMBERS = ("11010519491231002X", "341824199003078810")


@dataclass
class Filed:
    """Cases by what became of them."""

    delivered: list[CaseId]
    claimed: list[CaseId]
    answered: list[CaseId]
    returned: list[CaseId]


async def put(hub: Hub, raw: bytes, station: str) -> None:
    """A file uploaded."""

    async def chunks() -> AsyncIterator[bytes]:
        yield raw

    state = await hub.uploads.begin(station, digest_of(raw), len(raw))  # type: ignore[arg-type]
    if not state.complete:
        await hub.uploads.append(station, digest_of(raw), 0, chunks())  # type: ignore[arg-type]


async def file_cases(province: Province, data: Path, *, each: int = 2) -> Filed:
    """File `each` cases of each kind."""
    hub = await open_hub(data, PASSPHRASE)
    filed = Filed([], [], [], [])
    try:
        await put(hub, PROOF, A)
        for place in range(each * 4):
            answerer = (B, C)[place % 2]
            body = an_inquiry_body(digest_of(PROOF))
            body["person"] = {"name": NAMES[place % len(NAMES)], "id18": NUMBERS[place % len(NUMBERS)]}
            case = a_case_number(A)
            opening = an_envelope(case=case, to=answerer, body=body)
            last = await _send(hub, province, opening)
            last = await _send(hub, province, a_handover(opening, last))
            kinds = (filed.delivered, filed.claimed, filed.answered, filed.returned)[place % 4]
            kinds.append(case)
            if kinds is filed.delivered:
                continue
            claim = {"case": case, "sender": answerer, "to": A}
            last = await _send(hub, province, an_envelope(kind=Kind.CLAIM, previous=last, body={}, **claim))  # type: ignore[arg-type]
            if kinds is filed.answered:
                reply = {"outcome": "无误不更正", "text": "=cmd|核对无误"}
                await _send(hub, province, an_envelope(kind=Kind.REPLY, previous=last, body=reply, **claim))  # type: ignore[arg-type]
            elif kinds is filed.returned:
                body = {"reason_code": "R02", "text": "证明不清楚"}
                await _send(hub, province, an_envelope(kind=Kind.RETURN, previous=last, body=body, **claim))  # type: ignore[arg-type]
    finally:
        await hub.close()
    return filed


async def _send(hub: Hub, province: Province, envelope: Envelope) -> Digest:
    raw = signed(province, envelope)
    await accept(raw, caller=envelope.from_, hub=hub)
    return digest_of(raw)
