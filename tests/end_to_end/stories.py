"""What officers at two stations do with one case after another, step by step, each step when its desk sees the case ready.

The steps are the desk's own functions on the agents' data folders, as the command line calls them.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from hub.protocol.envelope import Kind, Role
from hub.protocol.errors import Unavailable
from hub.protocol.identifiers import CaseId, Digest, digest_of
from hub.protocol.instants import format_instant
from station_agent.desk import messages
from station_agent.desk.approve import approve
from station_agent.desk.claim import claim
from station_agent.desk.close import close
from station_agent.desk.draft import NewFile, draft, redraft
from station_agent.desk.look import Impression, look
from station_agent.desk.reply import reply
from station_agent.desk.scan import ProofTicks, scan
from station_agent.desk.seal import seal
from station_agent.desk.send import send
from station_agent.desk.stamp import stamp
from station_agent.readers import gate_readers, scan_check
from station_agent.store.cases import find_case
from tests.end_to_end.world import Station
from tests.station.scene import a_scan

T = TypeVar("T")
PERSON = {"name": "张三", "id18": "341824199003078810"}
UNCHANGED = {"outcome": "无误不更正"}
NOT_BELIEVED = {"outcome": "不采信", "reason_code": "R01", "text": "与登记不符"}
CHECKLIST = {"record_gone": True, "booklet": "未发放", "citizen_informed": True, "archive_number": "D-2026-0001"}
SMALL, HEAVY = (1 << 10, 1 << 18), (24 << 20, 32 << 20)
DESK_PATIENCE = 10


def now() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Step:
    """One message: its kind, whose desk sends it, the state in which that desk must see the case, and how."""

    kind: Kind
    by_opener: bool
    state: str
    do: Callable[["Exchange"], Digest]


@dataclass
class Exchange:
    """One case on its way: `sent` holds the digests that the desks returned, `done` how many steps are behind it."""

    opener: Station
    answerer: Station
    case: CaseId
    steps: tuple[Step, ...]
    rng: random.Random
    body: dict[str, Any] = field(default_factory=dict)
    sent: list[Digest] = field(default_factory=list)
    done: int = 0

    @property
    def kinds(self) -> Counter[str]:
        """How many messages of each kind the case consists of, each but the handovers handed over once."""
        kinds = Counter(step.kind.value for step in self.steps) + Counter({Kind.INQUIRY.value: 1})
        return kinds + Counter({Kind.HANDOVER.value: kinds.total()})

    def move(self) -> bool:
        """Take the next step if its desk sees the case ready for it; say whether one was taken."""
        if self.done == len(self.steps):
            return False
        step = self.steps[self.done]
        if state_at(self.opener if step.by_opener else self.answerer, self.case) != step.state:
            return False
        self.sent.append(at_the_desk(lambda: step.do(self)))
        self.done += 1
        return True

    @property
    def closed(self) -> bool:
        """Whether both stations see it closed."""
        both = {state_at(station, self.case) for station in (self.opener, self.answerer)}
        return self.done == len(self.steps) and both == {"closed"}


def state_at(station: Station, case: CaseId) -> str | None:
    """The state of the case as that station sees it."""
    with station.agent.store.read() as tx:
        row = find_case(tx, case)
    return None if row is None else row.state


def at_the_desk(action: Callable[[], T]) -> T:
    """Do it, again when store or sandbox was busy: then nothing was stored, and an officer would press the button again."""
    for attempt in range(DESK_PATIENCE):
        try:
            return action()
        except Unavailable:
            if attempt == DESK_PATIENCE - 1:
                raise
            time.sleep(0.2)
    raise AssertionError("unreachable")


def some_file(rng: random.Random, size: tuple[int, int], *, role: Role = Role.PROOF) -> NewFile:
    """A file of a size between the two, like no other."""
    raw = b"%PDF-1.7\n" + rng.randbytes(rng.randint(*size))
    return NewFile(raw, "证明.pdf", "application/pdf", role)


def open_correction(
    opener: Station, answerer: Station, rng: random.Random, *, story: str, file: NewFile | None = None
) -> Exchange:
    """Draft and send an inquiry about a wrong item (C04, no sealed letter); `story` names what follows."""
    file = file or some_file(rng, SMALL)
    body = a_correction(file)

    def begin() -> CaseId:
        return draft(opener.agent, opener.window, type="C04", to=answerer.code, body=body, files=(file,), now=now())

    case = at_the_desk(begin)
    exchange = Exchange(opener, answerer, case, STORIES[story], rng, body)
    exchange.sent.append(_send(exchange))
    return exchange


def open_letter(opener: Station, answerer: Station, rng: random.Random) -> Exchange:
    """Draft, approve, stamp, scan, seal and send an explanation of a mistaken move (C06, with its sealed letter)."""
    agent, raw = opener.agent, a_scan()
    case = draft(agent, opener.window, type="C06", to=answerer.code, body=a_mistaken_move(), now=now())
    approve(agent, opener.head, case, now=now())
    stamp(agent, opener.custodian, case, copies=1, now=now())
    ticks = ProofTicks(pages=1, stamp_clear=True, persons_equal=True, original=True)
    # A comment segment of its own: every scan is another file.
    unlike = raw[:2] + b"\xff\xfe\x00\x12" + rng.randbytes(8).hex().encode() + raw[2:]
    check, to_pdf = scan_check(), gate_readers().scan_to_pdf

    def take_scan() -> object:
        return scan(agent, opener.window, case, raw=unlike, name="说明函.jpg", ticks=ticks, check=check, now=now())

    def put_seal() -> object:
        return seal(agent, opener.custodian, case, seal_key=opener.seal, to_pdf=to_pdf, now=now())

    at_the_desk(take_scan)
    at_the_desk(put_seal)
    exchange = Exchange(opener, answerer, case, STORIES["letter"], rng)
    exchange.sent.append(_send(exchange))
    return exchange


def a_correction(file: NewFile) -> dict[str, Any]:
    """Fields of a C04 inquiry; the error was the other station's, so no sealed letter is needed."""
    proof = digest_of(file.raw)
    item = {"item": "姓名", "change_code": "21", "current": "张山", "proposed": "张三", "proof": proof}
    return {"person": PERSON, "items": [item], "caused_by_opener": False}


def a_mistaken_move() -> dict[str, Any]:
    """Fields of a C06 inquiry as drafted today."""
    person = {"relation": "本人", "original_address": "宣州区某路1号", "mistaken_address": "广德市某路2号"}
    return {
        "letter_kind": "错迁说明函",
        "persons": [PERSON | person],
        "move_date": (now() - timedelta(days=2)).date().isoformat(),
        "move_serial": "QR-1",
        "handler": "赵一",
        "discovered_at": format_instant(now()),
        "how_found": "群众来电",
        "cause": "选人错误",
        "citizen_informed": True,
    }


def _send(exchange: Exchange) -> Digest:
    opener = exchange.opener
    return at_the_desk(lambda: send(opener.agent, opener.window, exchange.case, now=now()).envelope)


def _claim(exchange: Exchange) -> Digest:
    answerer = exchange.answerer
    return claim(answerer.agent, answerer.window, exchange.case, now=now())


def _answer(exchange: Exchange) -> Digest:
    answerer = exchange.answerer
    return reply(answerer.agent, answerer.window, exchange.case, body=UNCHANGED, now=now())


def _look_and_answer(exchange: Exchange) -> Digest:
    answerer, case = exchange.answerer, exchange.case
    seen = Impression(legible=True, unit_name_equals=True, colour=True, consistent=False)
    look(answerer.agent, answerer.window, case, impression=seen, now=now())
    return reply(answerer.agent, answerer.window, case, body=NOT_BELIEVED, now=now())


def _ask(exchange: Exchange) -> Digest:
    answerer = exchange.answerer
    return messages.ask(answerer.agent, answerer.window, exchange.case, text="请补充材料", now=now())


def _supply(exchange: Exchange) -> Digest:
    opener, file = exchange.opener, some_file(exchange.rng, SMALL, role=Role.OTHER)
    return messages.supply(opener.agent, opener.window, exchange.case, text="补充", files=(file,), now=now())


def _return(exchange: Exchange) -> Digest:
    answerer = exchange.answerer
    return messages.return_case(
        answerer.agent, answerer.window, exchange.case, reason_code="R01", text="材料不清", now=now()
    )


def _send_again(exchange: Exchange) -> Digest:
    opener = exchange.opener
    if state_at(opener, exchange.case) == "returned":
        redraft(opener.agent, opener.window, exchange.case, body=exchange.body, now=now())
    return _send(exchange)


def _dispute(exchange: Exchange) -> Digest:
    opener = exchange.opener
    return messages.dispute(opener.agent, opener.window, exchange.case, text="仍有异议", now=now())


def _close(exchange: Exchange, body: dict[str, Any] | None = None) -> Digest:
    opener = exchange.opener
    return close(opener.agent, opener.window, exchange.case, body=body or {}, now=now())


def _answerer(kind: Kind, state: str, do: Callable[[Exchange], Digest]) -> Step:
    return Step(kind, False, state, do)


def _opener(kind: Kind, state: str, do: Callable[[Exchange], Digest]) -> Step:
    return Step(kind, True, state, do)


CLAIM = _answerer(Kind.CLAIM, "delivered", _claim)
ANSWER = _answerer(Kind.REPLY, "claimed", _answer)
ANSWER_LATER = _answerer(Kind.REPLY, "in_progress", _answer)
CLOSE = _opener(Kind.CLOSE, "answered", _close)
STORIES: dict[str, tuple[Step, ...]] = {
    "plain": (CLAIM, ANSWER, CLOSE),
    "asked": (
        CLAIM,
        _answerer(Kind.ASK, "claimed", _ask),
        _opener(Kind.SUPPLY, "awaiting_supply", _supply),
        ANSWER_LATER,
        CLOSE,
    ),
    "returned": (
        CLAIM,
        _answerer(Kind.RETURN, "claimed", _return),
        _opener(Kind.INQUIRY, "returned", _send_again),
        CLAIM,
        ANSWER,
        CLOSE,
    ),
    "disputed": (CLAIM, ANSWER, _opener(Kind.DISPUTE, "answered", _dispute), ANSWER_LATER, CLOSE),
    "letter": (
        CLAIM,
        _answerer(Kind.REPLY, "claimed", _look_and_answer),
        _opener(Kind.CLOSE, "answered", lambda exchange: _close(exchange, CHECKLIST)),
    ),
}


def without_letter() -> Iterator[str]:
    """Names of the C04 stories, again and again, the plain one most often."""
    while True:
        yield from ("plain", "plain", "asked", "plain", "returned", "plain", "disputed")
