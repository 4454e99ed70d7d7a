"""Signing in: password and second factor, one-time codes, recovery codes, locks; real keys, a real store."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest

from hub.pages.accounts import LOCKED, DeskKeys
from hub.pages.sessions import IDLE, LASTS, Sessions
from hub.protocol.codes import Code
from hub.protocol.errors import NotPermitted
from station_agent.store.desk import find_account
from station_agent.web.accounts import Accounts, new_code
from tests.exchange.builders import a_province, now_utc
from tests.station.desks import OPENER, PASSWORD, Desk, a_desk
from tests.station.scene import a_scene

KEYS = DeskKeys(b"s" * 32, b"c" * 32)
WORD = PASSWORD.decode()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = Path(tmp_path_factory.mktemp("desk"))
    made = a_desk(a_province(), folder / "a", OPENER, hub="http://127.0.0.1:9", trail_key=a_scene().log.key.text)
    yield made
    made.agent.close()


@pytest.fixture
def accounts(desk: Desk) -> Accounts:
    return Accounts(desk.agent, KEYS)


def enrolled(accounts: Accounts, desk: Desk, number: str) -> tuple[str, tuple[str, ...]]:
    now = now_utc() - timedelta(minutes=5)
    with desk.agent.store.write() as tx:
        code = new_code(tx, number, now=now)
    begun = accounts.begin_enrolment(number, WORD, code, now=now)
    return begun.secret, accounts.enrol(begun.ticket, pyotp.TOTP(begun.secret).at(now), now=now)


def code_of(call: object) -> Code:
    with pytest.raises(NotPermitted) as caught:
        call()  # type: ignore[operator]
    return caught.value.code


def test_password_and_code_open_the_officers_own_key(accounts: Accounts, desk: Desk) -> None:
    number, now = desk.window.number, now_utc()
    secret, _ = enrolled(accounts, desk, number)
    person, before = accounts.sign_in(number, WORD, pyotp.TOTP(secret).at(now), address="::1", now=now)
    assert person.number == number
    assert before is None
    later = now + timedelta(minutes=1)
    _, before = accounts.sign_in(number, WORD, pyotp.TOTP(secret).at(later), address="::1", now=later)
    assert before is not None
    assert before.endswith("北京时间 · ::1")


def test_a_code_counts_once(accounts: Accounts, desk: Desk) -> None:
    number, now = desk.window.number, now_utc()
    secret, _ = enrolled(accounts, desk, number)
    code = pyotp.TOTP(secret).at(now)
    accounts.sign_in(number, WORD, code, address="", now=now)
    assert code_of(lambda: accounts.sign_in(number, WORD, code, address="", now=now)) is Code.DESK_SIGN_IN


def test_each_recovery_code_counts_once(accounts: Accounts, desk: Desk) -> None:
    number, now = desk.window.number, now_utc()
    _, codes = enrolled(accounts, desk, number)
    accounts.sign_in(number, WORD, codes[3].lower().replace("-", " "), address="", now=now)
    assert code_of(lambda: accounts.sign_in(number, WORD, codes[3], address="", now=now)) is Code.DESK_SIGN_IN
    accounts.sign_in(number, WORD, codes[4], address="", now=now)


@pytest.mark.parametrize("known", [True, False], ids=["an officer", "nobody"])
def test_five_failures_lock_for_half_an_hour_also_a_number_that_nobody_has(
    accounts: Accounts, desk: Desk, known: bool
) -> None:
    number, now = desk.head.number if known else "999999", now_utc()
    secret = enrolled(accounts, desk, number)[0] if known else pyotp.random_base32()

    def wrong() -> object:
        return accounts.sign_in(number, "guess", "000000", address="", now=now)

    assert [code_of(wrong) for _ in range(5)] == [Code.DESK_SIGN_IN] * 4 + [Code.DESK_LOCKED]
    right = pyotp.TOTP(secret)
    assert code_of(lambda: accounts.sign_in(number, WORD, right.at(now), address="", now=now)) is Code.DESK_LOCKED
    if known:
        later = now + LOCKED + timedelta(seconds=1)
        accounts.sign_in(number, WORD, right.at(later), address="", now=later)


def test_a_one_time_code_ends_and_counts_once(accounts: Accounts, desk: Desk) -> None:
    number, now = desk.second.number, now_utc()
    with desk.agent.store.write() as tx:
        code = new_code(tx, number, now=now)
    late = now + timedelta(hours=25)
    assert code_of(lambda: accounts.begin_enrolment(number, WORD, code, now=late)) is Code.DESK_CODE
    begun = accounts.begin_enrolment(number, WORD, code, now=now)
    assert code_of(lambda: accounts.enrol(begun.ticket, "000000", now=now)) is Code.DESK_TOTP
    accounts.enrol(begun.ticket, pyotp.TOTP(begun.secret).at(now), now=now)
    assert code_of(lambda: accounts.begin_enrolment(number, WORD, code, now=now)) is Code.DESK_CODE


def test_without_a_second_factor_nobody_signs_in(accounts: Accounts, desk: Desk) -> None:
    number, now = desk.custodian.number, now_utc()
    assert code_of(lambda: accounts.sign_in(number, WORD, "", address="", now=now)) is Code.DESK_NOT_ENROLLED


def test_the_secret_lies_encrypted_and_is_worth_nothing_under_another_passphrase(
    accounts: Accounts, desk: Desk
) -> None:
    number, now = desk.window.number, now_utc()
    secret, _ = enrolled(accounts, desk, number)
    with desk.agent.store.read() as tx:
        row = find_account(tx, number)
    assert row is not None
    assert secret.encode() not in (row.totp or b"")
    other, code = Accounts(desk.agent, DeskKeys(b"x" * 32, b"c" * 32)), pyotp.TOTP(secret).at(now)
    assert code_of(lambda: other.sign_in(number, WORD, code, address="", now=now)) is Code.DESK_NOT_ENROLLED


def test_a_session_ends_by_rest_by_length_and_when_its_officer_leaves(accounts: Accounts, desk: Desk) -> None:
    now = now_utc()
    sessions = Sessions(KEYS.cookies, in_force=lambda person, at: accounts.in_force(person.certified, at))
    token = sessions.begin(desk.window, now=now).token
    assert sessions.find(token, now=now + IDLE - timedelta(seconds=1), acts=False) is not None
    assert sessions.find(token, now=now + IDLE, acts=True) is None
    token = sessions.begin(desk.window, now=now).token
    for minutes in range(20, 480, 20):
        assert sessions.find(token, now=now + timedelta(minutes=minutes), acts=True) is not None
    assert sessions.find(token, now=now + LASTS, acts=True) is None
    token = sessions.begin(desk.second, now=now).token
    path = desk.agent.folder.officer(desk.second.number).certificate
    kept = path.read_bytes()
    path.unlink()
    try:
        assert sessions.find(token, now=now, acts=True) is None
    finally:
        path.write_bytes(kept)
    assert sessions.find(token, now=now, acts=True) is None


def test_a_cookie_says_whose_it_was_and_cannot_be_made_up() -> None:
    now = now_utc()
    sessions = Sessions(KEYS.cookies, in_force=lambda _certified, _now: True)
    token = sessions.new_token("011001", now=now)
    assert sessions.owner_of(token, now=now) == "011001"
    assert sessions.owner_of(token.replace("011001", "011002"), now=now) is None
    assert sessions.owner_of(token, now=now + timedelta(days=2)) is None
    for forged in ("", "x", "....", token[:-1], f"a.b.c.{'0' * 64}"):
        assert sessions.owner_of(forged, now=now) is None
    assert sessions.is_form_token(token, sessions.form_token(token))
    assert not sessions.is_form_token(token, sessions.form_token(token + "x"))
