"""What a statement in the log says, for showing: who did what to what, whoever signed it. Read, not verified: the check does that."""

from dataclasses import dataclass

import msgspec

from hub.pages.wording import Words
from hub.protocol.administration import AdministrationKind, AdministrativeAct, AdministrativeApproval
from hub.signing.jws import stated_payload
from hub.store.administration import AdministrationAct
from hub.web.desk.pages.acts import kind_words


@dataclass(frozen=True, slots=True)
class Stated:
    """What it says: `kind` None for an answer to a proposal, or for what is no administrator's act."""

    kind: AdministrationKind | None
    what: str
    who: str
    subject: str
    reason: str
    at: str
    origin: str


def stated(words: Words, raw: bytes) -> Stated | None:
    """Return what a statement says; None for one of another form (an alarm, a witness's key)."""
    try:
        payload = raw if raw[:1] == b"{" else stated_payload(raw)
    except (ValueError, IndexError):
        return None
    for read in (_act, _approval, _plain):
        try:
            return read(words, payload)
        except msgspec.MsgspecError:
            continue
    return None


def _act(words: Words, payload: bytes) -> Stated:
    act = msgspec.json.decode(payload, type=AdministrativeAct)
    who, reason = f"{act.by.name} {act.by.number}", str(act.details.get("reason", ""))
    return Stated(act.act, kind_words(words, act.act), who, act.subject, reason, act.at, act.origin)


def _approval(words: Words, payload: bytes) -> Stated:
    answer = msgspec.json.decode(payload, type=AdministrativeApproval)
    what = words(f"log.answer_{answer.answer.value}")
    return Stated(
        None, what, f"{answer.by.name} {answer.by.number}", answer.act, answer.reason, answer.at, answer.origin
    )


def _plain(words: Words, payload: bytes) -> Stated:
    act = msgspec.json.decode(payload, type=AdministrationAct)
    return Stated(act.act, kind_words(words, act.act), act.by, act.subject, "", act.at, "")
