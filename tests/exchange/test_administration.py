"""Two people for what widens power, one for what takes it away; nothing by the passphrase alone once there are two."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from hub.exchange import administration
from hub.exchange.administration import (
    PROPOSAL_KEPT,
    administrators,
    approve,
    file_answer,
    name_first,
    open_office,
    pending,
    propose,
    withdraw,
)
from hub.exchange.check import check_hub
from hub.exchange.registry import list_certificates, list_stations
from hub.exchange.verify_trail import verify_trail
from hub.protocol.administration import AdministrationKind, CertificateDetails, ReasonDetails
from hub.protocol.codes import Code
from hub.protocol.errors import NotPermitted, Refused
from hub.signing.administration import check_two_people, open_administration, open_approval
from hub.signing.authority import Subject
from hub.signing.certificates import known
from hub.signing.crl import Revocation, read_crl
from hub.signing.keys import KeySigner, encrypt_key
from hub.signing.purposes import CertificateKind, OfficerRole
from hub.signing.trust import Trust
from hub.store.administration import acts_recorded
from hub.store.database import Readers
from hub.store.layout import DataFolder
from tests.exchange.builders import (
    CHEAP,
    PASSPHRASE,
    A,
    B,
    C,
    Province,
    a_hub_folder,
    a_province,
    administer,
    now_utc,
    station_details,
)

ADD = AdministrationKind.ADD_STATION
REASON = ReasonDetails(reason="试验")


@pytest.fixture
def province() -> Province:
    return a_province()


@pytest.fixture
def data(province: Province, tmp_path: Path) -> Path:
    """A hub with two administrators and station A."""
    return a_hub_folder(province, tmp_path / "hub", stations=(A,))


def a_proposal(data: Path, province: Province, *, signer: KeySigner | None = None) -> int:
    """Station B is proposed, by the first administrator."""
    with open_office(data, PASSPHRASE) as office:
        by = signer or province.two_administrators()[0]
        filed = propose(office, ADD, B, station_details(province, B), signer=by, now=now_utc())
    assert filed.number is not None
    assert not filed.effective
    return filed.number


def codes(data: Path) -> list[str]:
    return [entry.code for entry in list_stations(data)]


def statements(data: Path) -> list[bytes]:
    readers = Readers(DataFolder(data).database)
    try:
        return [raw for _, raw in readers.read_now(lambda tx: list(acts_recorded(tx)))]
    finally:
        readers.close()


def revoke(data: Path, province: Province, signer: KeySigner, *, number: int = 2) -> None:
    entry = Revocation(signer.certified.serial, now_utc() - timedelta(seconds=1), x509.ReasonFlags.superseded)
    (data / "trust" / "crl.der").write_bytes(province.crl(entry, number=number, at=now_utc() - timedelta(seconds=1)))


def test_a_station_is_in_only_when_a_second_administrator_has_signed(data: Path, province: Province) -> None:
    number = a_proposal(data, province)
    assert codes(data) == [A]
    first, second = province.two_administrators()
    with open_office(data, PASSPHRASE) as office:
        (waiting,) = pending(office, now=now_utc())
        assert (waiting.number, waiting.act.by.number, waiting.lapsed) == (number, "900001", False)
        assert approve(office, number, signer=second, now=now_utc()).effective
        assert pending(office, now=now_utc()) == ()
    assert codes(data) == sorted([A, B])
    assert len(list_certificates(data, B)) == 1
    report = check_hub(data)
    assert (report.ok, report.findings) == (True, ())
    # Both signatures are kept, as leaves, and hold by themselves.
    act, answer = statements(data)[-2:]
    source = known([first.certified, second.certified])
    signed, approved = open_administration(act, certificates=source), open_approval(answer, certificates=source)
    trust = Trust((province.root.certified,), (read_crl(province.crl()),))
    assert check_two_people(signed, approved, trust=trust, now=now_utc()).passed


def test_the_first_person_is_no_second_person(data: Path, province: Province) -> None:
    number = a_proposal(data, province)
    first, _ = province.two_administrators()
    again = province.administrator("900001", "管理员甲")  # the same person by another certificate
    before = len(statements(data))
    with open_office(data, PASSPHRASE) as office:
        with pytest.raises(Refused) as refusal:
            approve(office, number, signer=first, now=now_utc())
        assert refusal.value.code is Code.SAME_ADMINISTRATOR
        with pytest.raises(Refused):
            approve(office, number, signer=again, now=now_utc())
    assert codes(data) == [A]
    assert len(statements(data)) == before


def test_a_renewed_certificate_makes_nobody_a_second_person(data: Path, province: Province) -> None:
    again = province.administrator("900001", "管理员甲")
    details = CertificateDetails(certificate=again.certified.pem.decode())
    administer(data, province, AdministrationKind.NAME_ADMINISTRATOR, again.certified.x5t, details)
    with open_office(data, PASSPHRASE) as office:
        assert [item.certified.x5t == again.certified.x5t for item in administrators(office, now=now_utc())].count(True)
        assert len(administrators(office, now=now_utc())) == 2
        number = propose(office, ADD, B, station_details(province, B), signer=again, now=now_utc()).number
        with pytest.raises(Refused):  # the old certificate of the same person counts for nothing now
            approve(office, number or 0, signer=province.two_administrators()[0], now=now_utc())
    assert codes(data) == [A]


def test_a_revoked_administrator_neither_proposes_nor_approves(data: Path, province: Province) -> None:
    first, second = province.two_administrators()
    number = a_proposal(data, province)
    revoke(data, province, second)
    with open_office(data, PASSPHRASE) as office:
        with pytest.raises(Refused) as refusal:
            approve(office, number, signer=second, now=now_utc())
        assert refusal.value.code is Code.CERT_REVOKED
        with pytest.raises(NotPermitted):
            propose(office, AdministrationKind.SUSPEND_STATION, A, REASON, signer=second, now=now_utc())
        # One good administrator is left: power may be taken away, not given.
        with pytest.raises(Refused) as refusal:
            propose(office, ADD, C, station_details(province, C), signer=first, now=now_utc())
        assert refusal.value.code is Code.ADMINISTRATORS_MISSING
        assert propose(office, AdministrationKind.SUSPEND_STATION, A, REASON, signer=first, now=now_utc()).effective
    assert codes(data) == [A]


def test_what_a_revoked_administrator_had_proposed_is_nobodys(data: Path, province: Province) -> None:
    first, second = province.two_administrators()
    number = a_proposal(data, province)
    revoke(data, province, first)
    with open_office(data, PASSPHRASE) as office, pytest.raises(Refused) as refusal:
        approve(office, number, signer=second, now=now_utc())
    assert refusal.value.code is Code.CERT_REVOKED
    assert codes(data) == [A]


def test_a_dismissed_administrator_counts_no_longer(data: Path, province: Province) -> None:
    third = province.administrator()
    details = CertificateDetails(certificate=third.certified.pem.decode())
    administer(data, province, AdministrationKind.NAME_ADMINISTRATOR, third.certified.x5t, details)
    administer(data, province, AdministrationKind.DISMISS_ADMINISTRATOR, "900003", REASON)
    with open_office(data, PASSPHRASE) as office, pytest.raises(NotPermitted) as refusal:
        propose(office, ADD, B, station_details(province, B), signer=third, now=now_utc())
    assert refusal.value.code is Code.ADMINISTRATOR_UNKNOWN


def test_officers_and_strangers_do_not_administer(data: Path, province: Province) -> None:
    head = province.certify(CertificateKind.OFFICER, Subject("所长", station=A, number="1"), roles=(OfficerRole.HEAD,))
    unnamed = province.administrator()
    for signer, code in ((head, Code.JWS_UNKNOWN_CERTIFICATE), (unnamed, Code.JWS_UNKNOWN_CERTIFICATE)):
        with open_office(data, PASSPHRASE) as office, pytest.raises(Refused) as refusal:
            propose(office, ADD, B, station_details(province, B), signer=signer, now=now_utc())
        assert refusal.value.code is code
    number = a_proposal(data, province)
    with open_office(data, PASSPHRASE) as office, pytest.raises(Refused):
        approve(office, number, signer=unnamed, now=now_utc())
    assert codes(data) == [A]


def test_a_proposal_lapses_and_can_be_withdrawn_by_one(data: Path, province: Province) -> None:
    _, second = province.two_administrators()
    number = a_proposal(data, province)
    later = now_utc() + PROPOSAL_KEPT + timedelta(minutes=1)
    (data / "trust" / "crl.der").write_bytes(province.crl(number=2, at=later - timedelta(minutes=1)))
    with open_office(data, PASSPHRASE) as office:
        assert pending(office, now=later)[0].lapsed
        with pytest.raises(Refused) as refusal:
            approve(office, number, signer=second, now=later)
        assert refusal.value.code is Code.PROPOSAL_EXPIRED
        withdraw(office, number, reason="不再需要", signer=second, now=later)
        for wrong, code in ((number, Code.PROPOSAL_ANSWERED), (99, Code.PROPOSAL_UNKNOWN)):
            with pytest.raises(Refused) as refusal:
                approve(office, wrong, signer=second, now=later)
            assert refusal.value.code is code
    assert codes(data) == [A]
    assert verify_trail(data).ok


def test_nothing_takes_effect_twice(data: Path, province: Province) -> None:
    first, second = province.two_administrators()
    numbers = [a_proposal(data, province), a_proposal(data, province)]
    with open_office(data, PASSPHRASE) as office:
        approve(office, numbers[0], signer=second, now=now_utc())
        with pytest.raises(Refused) as refusal:
            approve(office, numbers[0], signer=second, now=now_utc())
        assert refusal.value.code is Code.PROPOSAL_ANSWERED
        with pytest.raises(Refused) as refusal:  # the other proposal for the same station
            approve(office, numbers[1], signer=second, now=now_utc())
        assert refusal.value.code is Code.STATION_KNOWN
        with pytest.raises(Refused) as refusal:  # and what can't be done is not even proposed
            propose(office, ADD, B, station_details(province, B), signer=first, now=now_utc())
        assert refusal.value.code is Code.STATION_KNOWN


def test_suspending_takes_one_and_counts_at_once_resuming_takes_two(data: Path, province: Province) -> None:
    first, second = province.two_administrators()
    # An old revocation list must not keep a station from being suspended.
    old = now_utc() - timedelta(days=3)
    (data / "trust" / "crl.der").write_bytes(province.crl(number=2, at=old))
    with open_office(data, PASSPHRASE) as office:
        assert propose(office, AdministrationKind.SUSPEND_STATION, A, REASON, signer=first, now=now_utc()).effective
    assert [entry.active for entry in list_stations(data)] == [False]
    (data / "trust" / "crl.der").write_bytes(province.crl(number=3))
    with open_office(data, PASSPHRASE) as office:
        filed = propose(office, AdministrationKind.RESUME_STATION, A, REASON, signer=first, now=now_utc())
        assert [entry.active for entry in list_stations(data)] == [False]
        approve(office, filed.number or 0, signer=second, now=now_utc())
    assert [entry.active for entry in list_stations(data)] == [True]


def test_the_passphrase_names_administrators_only_until_there_are_two(tmp_path: Path, province: Province) -> None:
    first, second = province.two_administrators()
    data = a_hub_folder(province, tmp_path / "hub", stations=(), administrators=0)
    with open_office(data, PASSPHRASE) as office:
        name_first(office, first.certified.pem, now=now_utc())
        # One is not two: nothing but naming is possible.
        with pytest.raises(Refused) as refusal:
            propose(office, ADD, A, station_details(province, A), signer=first, now=now_utc())
        assert refusal.value.code is Code.ADMINISTRATORS_MISSING
        with pytest.raises(Refused):
            name_first(office, first.certified.pem, now=now_utc())
        subject = Subject("所长", station=A, number="1")
        head = province.certify(CertificateKind.OFFICER, subject, roles=(OfficerRole.HEAD,))
        with pytest.raises(Refused) as refusal:
            name_first(office, head.certified.pem, now=now_utc())
        assert refusal.value.code is Code.ACT_ROLE
        name_first(office, second.certified.pem, now=now_utc())
        with pytest.raises(Refused) as refusal:
            name_first(office, province.administrator().certified.pem, now=now_utc())
        assert refusal.value.code is Code.ADMINISTRATORS_PRESENT
    assert len([raw for raw in statements(data) if b"hub passphrase" in raw]) == 2
    assert verify_trail(data).ok


def test_an_old_revocation_list_does_not_give_the_passphrase_its_power_back(data: Path, province: Province) -> None:
    (data / "trust" / "crl.der").write_bytes(province.crl(number=2, at=now_utc() - timedelta(days=3)))
    with open_office(data, PASSPHRASE) as office, pytest.raises(Refused) as refusal:
        name_first(office, province.administrator().certified.pem, now=now_utc())
    assert refusal.value.code in (Code.ADMINISTRATORS_PRESENT, Code.STATUS_LIST_TOO_OLD)


def test_an_approval_of_other_bytes_is_refused(data: Path, province: Province) -> None:
    numbers = [a_proposal(data, province), a_proposal(data, province)]
    _, second = province.two_administrators()
    caught: list[bytes] = []

    class Caught(Exception):
        pass

    original = administration.file_answer

    def keep(tx, number, raw, **more):  # type: ignore[no-untyped-def]
        caught.append(raw)
        raise Caught

    administration.file_answer = keep
    try:
        with open_office(data, PASSPHRASE) as office, pytest.raises(Caught):
            approve(office, numbers[0], signer=second, now=now_utc())
    finally:
        administration.file_answer = original
    with open_office(data, PASSPHRASE) as office, office.engine.begin() as tx, pytest.raises(Refused) as refusal:
        file_answer(tx, numbers[1], caught[0], rules=office.rules, now=now_utc())
    assert refusal.value.code is Code.APPROVAL_OF_OTHER


@pytest.mark.parametrize("delay_s", [0.0, 0.3, 0.7])
def test_a_kill_in_the_middle_of_an_approval_leaves_all_of_it_or_nothing(
    data: Path, province: Province, tmp_path: Path, delay_s: float
) -> None:
    number = a_proposal(data, province)
    before = len(statements(data))
    _, second = province.two_administrators()
    folder = data / "keys" / "officers"
    folder.mkdir()
    (folder / "900002.key.pem").write_bytes(encrypt_key(second.private_key, b"pw", cost=CHEAP))
    (folder / "900002.cert.pem").write_bytes(second.certified.pem)
    (tmp_path / "pw").write_bytes(b"pw")
    (tmp_path / "hub.pw").write_bytes(PASSPHRASE)
    words = ["hub", "approve", str(number), "--data", str(data), "--by", "900002", "--password-file"]
    words += [str(tmp_path / "pw"), "--passphrase-file", str(tmp_path / "hub.pw"), "--yes"]
    child = subprocess.Popen([sys.executable, "-c", _SLOW, *words], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    time.sleep(delay_s)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    done = B in codes(data)
    assert len(statements(data)) == before + done
    assert check_hub(data).ok
    if not done:
        with open_office(data, PASSPHRASE) as office:
            approve(office, number, signer=second, now=now_utc())
    assert codes(data) == sorted([A, B])
    assert check_hub(data).findings == ()


# The verb itself; each SQL statement of the approval takes a tenth of a second, so that a kill meets it half way.
_SLOW = """
import sys, time
import sqlalchemy as sa
from hub.exchange import administration
begun = administration.file_answer
def slowly(tx, *args, **more):
    sa.event.listen(tx.engine, "before_cursor_execute", lambda *a: time.sleep(0.04))
    print("ready", flush=True)
    return begun(tx, *args, **more)
administration.file_answer = slowly
from hanxun.main import main
sys.argv[0] = "hanxun"
main()
"""
