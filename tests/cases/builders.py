"""Bodies and attachments as honest officers send them; a test changes the one thing it is about."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from hub.protocol.envelope import Attachment, Role
from hub.protocol.errors import Refused
from hub.protocol.identifiers import digest_of
from hub.protocol.instants import SHANGHAI

TODAY = date(2026, 11, 24)
ID_ONE = "341824199003078810"
ID_TWO = "341802201506120023"


def refusal_of(call: Callable[[], object]) -> Refused | None:
    """Return what `call` was refused with, None if it was accepted; any other exception fails the test."""
    try:
        call()
    except Refused as refused:
        return refused
    return None


def beijing_time(text: str) -> datetime:
    """Return the instant that `text` (2026-09-30 23:50:00) names in Asia/Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def an_attachment(role: Role, content: bytes = b"") -> Attachment:
    """Return an attachment of `role`; its digest is that of the role's name and `content`."""
    media_type = "application/jose" if role is Role.ACT else "application/pdf"
    return Attachment(
        digest=digest_of(role.value.encode() + content), size=1000, media_type=media_type, name=f"{role}.pdf", role=role
    )


def a_person(**changes: Any) -> dict[str, Any]:
    """Return one mistakenly moved person."""
    person = {
        "name": "王小明",
        "id18": ID_ONE,
        "relation": "户主",
        "original_address": "安徽省宿松县孚玉镇人民路1号",
        "mistaken_address": "安徽省广德市桃州镇万桂山路8号",
    }
    return person | changes


def a_c06_inquiry(**changes: Any) -> dict[str, Any]:
    """Return the body of a letter explaining a mistaken move."""
    body = {
        "letter_kind": "错迁说明函",
        "letter_number": "皖公广桃户函〔2026〕17号",
        "persons": [a_person()],
        "move_date": "2026-11-20",
        "move_serial": "QR20261120000123",
        "handler": "李建国",
        "discovered_at": "2026-11-24T02:00:00Z",
        "how_found": "下班前盘点",
        "cause": "同名",
        "citizen_informed": True,
        "original_attested": True,
        "pages": 1,
    }
    return body | changes


def c06_attachments() -> tuple[Attachment, ...]:
    """Return the attachments that go with it: letter, scan and four acts."""
    acts = tuple(an_attachment(Role.ACT, bytes([number])) for number in range(4))
    return (an_attachment(Role.LETTER), an_attachment(Role.SCAN), *acts)


def a_c04_inquiry(**changes: Any) -> dict[str, Any]:
    """Return the body of a request to correct a birth date."""
    item = {
        "item": "出生日期",
        "change_code": "41",
        "current": "19900307",
        "proposed": "19900308",
        "proof": an_attachment(Role.PROOF).digest,
    }
    return {"person": {"name": "王小明", "id18": ID_ONE}, "items": [item], "caused_by_opener": False} | changes
