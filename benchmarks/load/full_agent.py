"""A station after years of work, for measuring its pages: tens of thousands of cases, put in by the store's own functions.

Every envelope is really signed and every receipt too; most cases are closed, some hundred are open. The same `seed` gives the
same people and states.
"""

import random
import secrets
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from hub.protocol.envelope import Attachment, Envelope, Kind, Officer, Role
from hub.protocol.identifiers import CaseId, Digest, digest_of, new_uuid7
from hub.protocol.instants import format_instant
from hub.protocol.strict_json import encode_json
from hub.signing.envelopes import sign_envelope
from hub.signing.keys import KeySigner
from station_agent.store.cases import ANSWERER, OPENER, CaseRow, add_files, insert_case
from station_agent.store.desk import note_seen
from station_agent.store.envelopes import EnvelopeRow, ReceiptRow, add_receipts, insert_envelope
from station_agent.store.letters import LetterRow, insert_letter
from station_agent.store.trust import add_certificate
from tests.exchange.builders import a_province
from tests.station.desks import OPENER as HERE
from tests.station.desks import Desk, a_desk
from tests.station.scene import ORIGIN as PEER
from tests.station.scene import a_scene

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏傅方"
GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国文辉力健斌波宁福生贵荣海春梅雪松柏青云志鹏飞宇浩然子涵欣怡"
)
OPEN_SHARE = 0.01
BATCH = 1000


def a_full_station(folder: Path, *, cases: int, now: datetime, seed: int = 1) -> Desk:
    """Make a station's folder with `cases` cases in its store; return its desk, opened."""
    province = a_province()
    station = a_desk(province, folder, HERE, hub="http://127.0.0.1:9", trail_key=a_scene().log.key.text)
    maker = _Maker(station, province.agent(PEER), random.Random(seed), now, cases)
    with station.agent.store.write() as tx:
        add_certificate(tx, maker.peer.certified.x5t, maker.peer.certified.pem)
    for start in range(0, cases, BATCH):
        with station.agent.store.write() as tx:
            for number in range(start, min(start + BATCH, cases)):
                maker.add(tx, number)
    return station


class _Maker:
    """Makes one case after another, the oldest first."""

    def __init__(self, station: Desk, peer: KeySigner, rng: random.Random, now: datetime, cases: int) -> None:
        self.station, self.peer, self._rng, self._now, self._cases = station, peer, rng, now, cases

    def add(self, tx: Connection, number: int) -> None:
        """Store case `number`."""
        rng, ours = self._rng, number % 2 == 0
        at = self._now - timedelta(hours=2) - timedelta(minutes=20) * (self._cases - number)
        is_open = number >= self._cases * (1 - OPEN_SHARE)
        states = ("delivered", "claimed", "in_progress", "awaiting_supply", "answered") if is_open else ("closed",)
        state, type = rng.choice(states), rng.choice(("C04", "C06"))
        sender = HERE if ours else PEER
        case = CaseId(f"{type}-{sender}-2026-{number:06d}")
        opened, changed = format_instant(at), format_instant(at + timedelta(hours=1))
        side = OPENER if ours else ANSWERER
        insert_case(tx, CaseRow(case, type, side, PEER if ours else HERE, state, "locked", opened, changed))
        body = _letter_body(rng, opened) if type == "C06" else _correction(rng, case)
        first = self._say(tx, case, type, Kind.INQUIRY, ours=ours, at=at, body=body, previous=None)
        if state != "delivered":
            claim = self._say(tx, case, type, Kind.CLAIM, ours=not ours, at=at, body={}, previous=first)
            if state in ("answered", "closed"):
                self._say(tx, case, type, Kind.REPLY, ours=not ours, at=at, body={"outcome": "已更正"}, previous=claim)
        if type == "C06" and ours:
            insert_letter(tx, LetterRow(case, 1, "sent", encode_json(body), self.station.window.number))
        if not is_open or rng.random() < 0.5:
            note_seen(tx, self.station.window.number, case, now=at + timedelta(hours=2))

    def _say(
        self,
        tx: Connection,
        case: CaseId,
        type: str,
        kind: Kind,
        *,
        ours: bool,
        at: datetime,
        body: dict[str, object],
        previous: Digest | None,
    ) -> Digest:
        signer = self.station.agent.signer if ours else self.peer
        proof = digest_of(case.encode())
        file = Attachment(digest=proof, size=9000, media_type="application/pdf", name="证明.pdf", role=Role.PROOF)
        files = (file,) if kind is Kind.INQUIRY else ()
        envelope = Envelope(
            id=new_uuid7(at=at, random=secrets.token_bytes(10)),
            kind=kind,
            case=case,
            type=type,
            from_=HERE if ours else PEER,
            to=PEER if ours else HERE,
            officer=Officer(number="012345", name="李四"),
            created=format_instant(at),
            body=body,
            attachments=files,
            previous=previous,
        )
        raw = sign_envelope(envelope, signer=signer)
        digest, stored = digest_of(raw), format_instant(at)
        insert_envelope(tx, EnvelopeRow(digest, envelope.id, case, kind.value, not ours, raw, stored))
        # Nobody reads a receipt's bytes for a list or a case page.
        add_receipts(tx, (ReceiptRow(digest_of(digest.encode()), digest, stored, b"receipt"),))
        add_files(tx, case, files)
        return digest


def a_name(rng: random.Random) -> str:
    """An invented name of two or three characters."""
    return rng.choice(SURNAMES) + "".join(rng.choice(GIVEN) for _ in range(rng.choice((1, 2, 2))))


def a_number(rng: random.Random) -> str:
    """An invented citizen number: the area 999999 does not exist, the check digit is right."""
    stem = f"999999{rng.randint(1940, 2010)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}{rng.randint(0, 999):03}"
    weight = sum(int(digit) * (2 ** (17 - place) % 11) for place, digit in enumerate(stem))
    return stem + "10X98765432"[weight % 11]


def _letter_body(rng: random.Random, found: str) -> dict[str, object]:
    address = {"relation": "户主", "original_address": "宣州区某路1号", "mistaken_address": "广德市某路2号"}
    people = [{"name": a_name(rng), "id18": a_number(rng)} | address for _ in range(rng.choice((1, 1, 1, 2, 3)))]
    return {
        "letter_kind": "错迁说明函",
        "persons": people,
        "move_date": "2026-01-05",
        "move_serial": f"QY-{rng.randint(1, 10**6)}",
        "handler": "张三",
        "discovered_at": found,
        "how_found": "群众来所核对户口簿时发现",
        "cause": "同名",
        "citizen_informed": True,
        "original_attested": True,
        "pages": 1,
        "letter_number": f"测公户函〔2026〕{rng.randint(1, 9999)}号",
    }


def _correction(rng: random.Random, case: CaseId) -> dict[str, object]:
    item = {"item": "姓名", "change_code": "21", "current": "张山", "proposed": "张三"}
    person = {"name": a_name(rng), "id18": a_number(rng)}
    return {"person": person, "items": [item | {"proof": digest_of(case.encode())}], "caused_by_opener": False}
