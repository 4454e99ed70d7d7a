"""Finding cases: by numbers of their own, by the end of a citizen number, by name; whatever changes is found as it is now."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.protocol.administration import AdministrationKind
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, digest_of
from hub.signing.administration import open_administration
from station_agent.desk.approve import approve, reject
from station_agent.desk.draft import draft, redraft
from station_agent.search import cases_naming, find, index_due, names_a_person, note_looking_up, plain_number
from station_agent.store.letters import require_letter
from station_agent.store.seals import statements_waiting
from station_agent.store.search import lookups
from tests.exchange.builders import a_province, now_utc
from tests.station.desks import OPENER, ORIGIN, Desk, a_desk
from tests.station.scene import PERSON, a_body, a_scene

LATER = {"letter_number", "original_attested", "pages", "late_reason"}
BODY = {key: value for key, value in a_body().items() if key not in LATER}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = a_desk(a_province(), tmp_path / "a", OPENER, hub="http://127.0.0.1:9", trail_key=a_scene().log.key.text)
    yield made
    made.agent.close()


def a_case(desk: Desk, **changes: object) -> CaseId:
    return draft(desk.agent, desk.window, type="C06", to=ORIGIN, body=BODY | changes, now=now_utc())


def found(desk: Desk, text: str) -> list[CaseId]:
    index_due(desk.agent.store)
    return [hit.case for hit in find(desk.agent.store, text)]


def test_a_case_is_found_by_its_number_its_people_and_its_letter(desk: Desk) -> None:
    case = a_case(desk)
    approve(desk.agent, desk.head, case, now=now_utc())
    with desk.agent.store.read() as tx:
        number = require_letter(tx, case).number
    assert number is not None
    wanted = (case, case[-11:], case[-6:], number, number[:8], number.replace("〔", "[").replace("〕", "]"))
    for text in (*wanted, PERSON["id18"], PERSON["id18"][-4:].lower(), PERSON["name"], f" {PERSON['name']} "):
        assert found(desk, text) == [case], text
    for text in ("李四", "0000", "C06-999999999999-2026-000001", "皖公别户函〔2026〕1号"):
        assert found(desk, text) == [], text


def test_people_found_are_told_apart_by_their_citizen_numbers(desk: Desk) -> None:
    case = a_case(desk)
    index_due(desk.agent.store)
    assert [hit.person for hit in find(desk.agent.store, PERSON["name"])] == [PERSON["id18"]]
    assert [hit.person for hit in find(desk.agent.store, PERSON["id18"][-5:])] == [PERSON["id18"]]
    assert [hit.person for hit in find(desk.agent.store, case)] == [None]
    with desk.agent.store.read() as tx:
        assert cases_naming(tx, PERSON["id18"]) == (case,)


def test_what_is_written_anew_is_found_as_it_is_now(desk: Desk) -> None:
    case = a_case(desk)
    assert found(desk, PERSON["name"]) == [case]
    reject(desk.agent, desk.head, case, reason="人员有误", now=now_utc())
    people = [entry | {"name": "李四", "id18": "11010519491231002X"} for entry in BODY["persons"]]
    redraft(desk.agent, desk.window, case, body=BODY | {"persons": people}, files=(), now=now_utc())
    assert found(desk, PERSON["name"]) == []
    assert found(desk, "李四") == found(desk, "002x") == [case]


def test_what_is_deleted_or_overwritten_is_found_no_more_from_then_on(desk: Desk) -> None:
    case = a_case(desk)
    assert found(desk, PERSON["name"]) == [case]
    with desk.agent.store.write() as tx:
        tx.exec_driver_sql("UPDATE letters SET body = X'' WHERE \"case\" = ?", (case,))
    # Before anything is indexed anew.
    assert find(desk.agent.store, PERSON["name"]) == ()


def test_too_little_is_refused(desk: Desk) -> None:
    for text in ("", " ", "张", "12", "?", "x" * 65):
        with pytest.raises(Refused) as caught:
            find(desk.agent.store, text)
        assert caught.value.code is Code.DESK_SEARCH


def test_looking_somebody_up_is_signed_and_names_nobody_to_the_hub(desk: Desk) -> None:
    note_looking_up(desk.agent, desk.window, PERSON["name"], reason="核对身份", found=0, now=now_utc())
    with desk.agent.store.read() as tx:
        (kept,), (sent,) = lookups(tx), statements_waiting(tx)
    signed = open_administration(sent.raw, certificates=lambda _: desk.window.certified)
    assert signed.act.act is AdministrationKind.LOOK_UP_PERSON
    assert signed.act.details == {"reason": "核对身份"}
    assert signed.act.subject == digest_of(f"{kept.nonce} {PERSON['name']}".encode())
    assert PERSON["name"].encode() not in sent.raw
    assert (kept.query, kept.officer, kept.statement) == (PERSON["name"], desk.window.number, sent.digest)
    with pytest.raises(Refused):
        note_looking_up(desk.agent, desk.window, "李四", reason="  ", found=0, now=now_utc())


def test_what_names_a_person_is_told_from_what_names_a_case() -> None:
    assert all(map(names_a_person, ("张三", "002X", "341824199003078810", "阿不都·卡迪尔")))
    assert not any(map(names_a_person, ("C06-341822500000-2026-000001", "皖公广户函〔2026〕1号", "张")))
    assert plain_number("皖公广户函〔2026〕 1号") == plain_number("皖公广户函[2026]1号") == "皖公广户函-2026-1号"


@given(st.text(max_size=80))
def test_any_text_can_be_asked_about(text: str) -> None:
    names_a_person(text)
    plain_number(text)
