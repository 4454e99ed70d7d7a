"""Finding cases by letter number, case number, the end of a citizen number or a name; people without an open case only with a
reason, which is signed, goes to the hub as a statement and is a leaf there.

What is found is for the caller to filter by what the officer may see. Nothing here decides who that is.
"""

import re
import secrets
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from hub.protocol.administration import AdministrationKind, AdministrativeAct
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, digest_of, new_uuid7
from hub.protocol.instants import format_instant
from hub.signing.administration import sign_administration
from hub.signing.jws import stated_payload
from station_agent.agent import Agent
from station_agent.desk.acting import require_own
from station_agent.people import Person
from station_agent.store.engine import Store
from station_agent.store.seals import add_statement
from station_agent.store.search import (
    CASE,
    ID,
    NAME,
    NUMBER,
    LookupRow,
    Word,
    drafted_letters,
    due_cases,
    note_lookup,
    put_words,
    signed_messages,
    words_beginning,
)

LOOKUP = "lookup"
AT_ONCE = 500
MOST_HITS = 400
MOST_QUERY = 64
_NUMBERS = ("letter_number", "archive_number")
_ID_END = re.compile(r"[0-9]{3,17}[0-9X]")
_CASE = re.compile(r"[A-Z][0-9]{2}-[0-9]{4,12}-[0-9-]*|[0-9]{4}-[0-9]{1,6}")
_NAME = re.compile(r"[^\W\d_·]{2,}(?:·[^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class Hit:
    """A case that was found; `person` is the citizen number by which, None when it was found by a number of its own."""

    case: CaseId
    person: str | None


def index_due(store: Store, *, most: int = 1_000_000) -> int:
    """Index every case that has changed since it was last indexed, at most `most`; return how many. Raises: Unavailable."""
    done = 0
    while done < most:
        with store.read() as tx:
            if not due_cases(tx, limit=1):
                return done
        with store.write() as tx:
            cases = due_cases(tx, limit=min(AT_ONCE, most - done))
            found: dict[CaseId, set[Word]] = {case: {Word(CASE, case[::-1])} for case in cases}
            for case, raw in signed_messages(tx, cases):
                found[case] |= set(_words_in(_body_of(raw)))
            for case, body, number in drafted_letters(tx, cases):
                found[case] |= set(_words_in(msgspec.json.decode(body) if body else {}))
                found[case] |= {Word(NUMBER, plain_number(number))} if number else set()
            for case, words in found.items():
                put_words(tx, case, words)
        done += len(cases)
    return done


def find(store: Store, text: str) -> tuple[Hit, ...]:
    """Return the cases that `text` finds, each once, those by a number of their own first. Raises: Refused (`desk.search`)."""
    plain = unicodedata.normalize("NFKC", text).strip()
    upper = plain.upper()
    if not plain or len(plain) > MOST_QUERY:
        raise Refused(Code.DESK_SEARCH, field="query")
    asked = list(_questions(plain, upper))
    if not asked:
        raise Refused(Code.DESK_SEARCH, field="query")
    found: dict[CaseId, Hit] = {}
    with store.read() as tx:
        for kind, beginning in asked:
            for word, case in words_beginning(tx, kind, beginning, limit=MOST_HITS):
                found.setdefault(case, Hit(case, _person(kind, word)))
    return tuple(found.values())


def names_a_person(text: str) -> bool:
    """Whether `text` can be (the end of) a citizen number or a name."""
    plain = unicodedata.normalize("NFKC", text).strip()
    return any(kind in (NAME, ID) for kind, _ in _questions(plain, plain.upper()))


def cases_naming(tx: Connection, id18: str) -> tuple[CaseId, ...]:
    """Return every indexed case that names the person with that citizen number."""
    return tuple(case for _, case in words_beginning(tx, ID, id18.upper()[::-1], limit=MOST_HITS))


def people_in(body: object) -> frozenset[str]:
    """Return the citizen numbers anywhere in a body."""
    return frozenset(word.word[::-1] for word in _words_in(body) if word.kind == ID)


def note_looking_up(agent: Agent, person: Person, text: str, *, reason: str, found: int, now: datetime) -> None:
    """Put a look-up on record before its result is shown: signed by the officer, queued for the hub, whom it was about kept here.

    The statement names nobody: its subject is the digest of a nonce and the text. Raises: Refused (`station.reason_missing`),
    NotPermitted.
    """
    require_own(agent, person)
    if not reason.strip():
        raise Refused(Code.REASON_MISSING, field="reason")
    nonce = secrets.token_hex(16)
    act = AdministrativeAct(
        id=new_uuid7(at=now, random=secrets.token_bytes(10)),
        act=AdministrationKind.LOOK_UP_PERSON,
        origin=agent.station,
        at=format_instant(now),
        by=person.officer,
        subject=digest_of(f"{nonce} {text}".encode()),
        details={"reason": reason.strip()[:500]},
        expires=None,
    )
    raw = sign_administration(act, signer=person.signer)
    with agent.store.write() as tx:
        digest = add_statement(tx, kind=LOOKUP, subject=act.subject, raw=raw, now=now)
        note_lookup(tx, LookupRow(act.at, person.number, text, nonce, act.details["reason"], found, digest))


def plain_number(text: str) -> str:
    """Return a letter number or archive number as it is compared: every kind of bracket and space is a dash."""
    return re.sub(r"[\W_]+", "-", unicodedata.normalize("NFKC", text)).strip("-").upper()


def _questions(plain: str, upper: str) -> Iterator[tuple[str, str]]:
    if _CASE.fullmatch(upper) or re.fullmatch(r"[0-9]{4,6}", upper):
        yield CASE, upper[::-1]
    if re.search(r"\d", plain) and len(plain_number(plain)) >= 4:
        yield NUMBER, plain_number(plain)
    if _ID_END.fullmatch(upper):
        yield ID, upper[::-1]
    if _NAME.fullmatch(plain):
        yield NAME, plain


def _person(kind: str, word: str) -> str | None:
    if kind == ID:
        return word[::-1]
    return word.rpartition(" ")[2] if kind == NAME else None


def _body_of(raw: bytes) -> Mapping[str, Any]:
    """The body of a message that was verified when it was stored."""
    decoded = msgspec.json.decode(stated_payload(raw))
    body: Mapping[str, Any] = decoded.get("body", {})
    return body


def _words_in(body: object) -> Iterator[Word]:
    """People and numbers anywhere in a body, whatever the case type calls them."""
    if isinstance(body, Mapping):
        id18, name = body.get("id18"), body.get("name")
        if isinstance(id18, str) and isinstance(name, str):
            yield Word(ID, id18.upper()[::-1])
            yield Word(NAME, f"{unicodedata.normalize('NFKC', name)} {id18.upper()}")
        yield from (Word(NUMBER, plain_number(str(body[key]))) for key in _NUMBERS if body.get(key))
        inner: Iterable[object] = body.values()
        yield from (word for value in inner for word in _words_in(value))
    elif isinstance(body, list):
        yield from (word for value in body for word in _words_in(value))
