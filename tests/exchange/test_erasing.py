"""Erasing a case's content at the hub: what goes, what stays, what proves, and what a crash leaves for the next start."""

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest

from hub.exchange import erasing
from hub.exchange.accept import accept
from hub.exchange.administration import Filed, approve, look_at_case, make_act, open_office, pending, propose_erasure
from hub.exchange.backup import backup_hub, restore_hub
from hub.exchange.check import check_hub
from hub.exchange.deliver import mailbox_page, sent_page
from hub.exchange.erasing import erasures_page, finish_erasures
from hub.exchange.evidence import export_evidence
from hub.exchange.hub import Hub, open_hub
from hub.exchange.verify_trail import verify_trail
from hub.keyring.pairs import load_pair
from hub.keyring.place import KeyPlace
from hub.protocol.administration import AdministrationKind, AdministrativeApproval, Answer
from hub.protocol.codes import Code
from hub.protocol.envelope import Envelope, Kind, Officer
from hub.protocol.erasure import EraseDetails, Erasures
from hub.protocol.errors import Refused
from hub.protocol.finding import FindingGrade
from hub.protocol.identifiers import CaseId, StationId, digest_of, new_uuid7
from hub.protocol.instants import format_instant
from hub.protocol.verdict import Indication, Result
from hub.signing.administration import open_administration, sign_administration, sign_approval
from hub.signing.certificates import known, read_certificate
from hub.signing.crl import read_crl
from hub.signing.erasures import check_erasure, open_erasure, sign_erasure
from hub.signing.keys import encrypt_key
from hub.signing.purposes import DEFAULT_PURPOSES
from hub.signing.trust import Trust
from hub.store.database import Readers
from hub.store.layout import DataFolder
from hub.trail.evidence.check import check_parts
from hub.trail.evidence.parts import removed_in
from hub.trail.evidence.verify import check_evidence
from tests.exchange.builders import (
    CHEAP,
    PASSPHRASE,
    A,
    B,
    C,
    Province,
    a_case_number,
    a_handover,
    a_hub_folder,
    a_province,
    an_attachment,
    an_envelope,
    an_inquiry_body,
    now_utc,
    signed,
    some_bytes,
)

REASON = "保存期届满"
ONE, TWO, SHARED = (b"%PDF-1.7 " + some_bytes(20_000, seed) for seed in (1, 2, 3))


@dataclass
class Kept:
    """A hub's folder with two cases that share a file: the first is closed by withdrawal, the second is open."""

    province: Province
    data: Path
    case: CaseId
    other: CaseId
    raws: tuple[bytes, ...]


async def put(hub: Hub, raw: bytes, station: StationId = A) -> None:
    """A file uploaded."""

    async def chunks() -> AsyncIterator[bytes]:
        yield raw

    await hub.uploads.begin(station, digest_of(raw), len(raw))
    await hub.uploads.append(station, digest_of(raw), 0, chunks())


def an_inquiry(case: CaseId, *files: bytes, to: StationId = B) -> Envelope:
    """An inquiry that names the files."""
    named = tuple(an_attachment(raw, name="proof.pdf") for raw in files)
    body = an_inquiry_body(digest_of(files[0]))
    officer = Officer(number="012345", name="李四" if to == B else "Wang Wu")
    if to != B:  # the other case is about somebody else, so that it leaves no names on the disk
        body["person"] = {"name": "Li Si", "id18": "11010519491231002X"}
        body["items"] = [{**body["items"][0], "item": "出生日期", "current": "1949-12-30", "proposed": "1949-12-31"}]  # type: ignore[index]
    return an_envelope(case=case, to=to, body=body, attachments=named, officer=officer)


async def fill(data: Path, province: Province, case: CaseId, other: CaseId) -> tuple[bytes, ...]:
    """Both cases; return the envelopes of the first."""
    hub = await open_hub(data, PASSPHRASE)
    for raw in (ONE, TWO, SHARED):
        await put(hub, raw)
    inquiry = an_inquiry(case, ONE, SHARED)
    first = signed(province, inquiry)
    handed = signed(province, a_handover(inquiry, digest_of(first)))
    back = an_envelope(
        kind=Kind.WITHDRAW, case=case, body={"reason": "误发"}, previous=digest_of(first), attachments=()
    )
    raws = (first, handed, signed(province, back))
    for raw, caller in zip(raws, (A, B, A), strict=True):
        await accept(raw, caller=caller, hub=hub)
    await accept(signed(province, an_inquiry(other, TWO, SHARED, to=C)), caller=A, hub=hub)
    await hub.close()
    return raws


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """The hub as it is before anything is erased."""
    province = a_province()
    data = a_hub_folder(province, tmp_path_factory.mktemp("kept") / "hub")
    case, other = a_case_number(), a_case_number()
    return Kept(province, data, case, other, asyncio.run(fill(data, province, case, other)))


@pytest.fixture
def kept(made: Kept, tmp_path: Path) -> Kept:
    """A copy of it."""
    data = Path(shutil.copytree(made.data, tmp_path / "hub"))
    return Kept(made.province, data, made.case, made.other, made.raws)


def look(kept: Kept, case: CaseId | None = None, *, reason: str = REASON, open: bool = False) -> EraseDetails:
    with open_office(kept.data, PASSPHRASE) as office:
        return look_at_case(office, case or kept.case, reason=reason, open=open)


def erase(kept: Kept, case: CaseId | None = None, *, open: bool = False) -> Filed:
    """Have two administrators erase."""
    details, (first, second) = look(kept, case, open=open), kept.province.two_administrators()
    with open_office(kept.data, PASSPHRASE) as office:
        filed = propose_erasure(office, case or kept.case, details, signer=first, now=now_utc())
        assert filed.number is not None
        return approve(office, filed.number, signer=second, now=now_utc())


def blob(kept: Kept, raw: bytes) -> Path:
    digest = digest_of(raw)
    return kept.data / "blobs" / digest[:2] / digest


def notices(kept: Kept, station: StationId) -> Erasures:
    readers = Readers(DataFolder(kept.data).database)
    try:
        return readers.read_now(lambda tx: erasures_page(tx, station, after=0))
    finally:
        readers.close()


def trust_of(province: Province) -> Trust:
    return Trust((province.root.certified,), (read_crl(province.crl()),))


def refusal(kept: Kept, case: CaseId | None = None, **options: object) -> Code:
    with pytest.raises(Refused) as refused:
        look(kept, case, **options)  # type: ignore[arg-type]
    return refused.value.code


def left_of(kept: Kept, data: Path | None = None) -> list[str]:
    """What the first case's envelopes say in Chinese (names, reasons), as far as it lies on the disk anywhere."""
    disk = b"".join(path.read_bytes() for path in sorted((data or kept.data).rglob("*")) if path.is_file())
    pieces = {payload[at : at + 20] for payload in map(payload_of, kept.raws) for at in range(0, len(payload) - 20, 20)}
    telling = {piece: urlsafe_b64decode(piece) for piece in pieces}
    return [str(text) for piece, text in telling.items() if not text.isascii() and piece in disk]


def payload_of(raw: bytes) -> bytes:
    return raw.split(b".")[1]


def test_what_would_go_is_counted_and_nothing_is_done(kept: Kept) -> None:
    details = look(kept)
    assert (details.envelopes, details.files, details.letters) == (3, 2, 0)
    assert details.bytes == sum(map(len, (*kept.raws, ONE, SHARED)))
    assert (details.stations, details.state) == ((A, B), "withdrawn")
    assert check_hub(kept.data).findings == ()


def test_the_bytes_are_gone_from_rows_files_and_log_and_the_trail_still_proves(kept: Kept) -> None:
    (kept.data / "hub.sqlite.before-0005-20260101T000000Z").write_bytes(b"an old copy")
    assert len(left_of(kept)) > 3
    assert erase(kept).effective
    assert left_of(kept) == []
    assert not blob(kept, ONE).exists()
    assert blob(kept, SHARED).read_bytes() == SHARED
    assert blob(kept, TWO).exists()
    assert not list(kept.data.glob("hub.sqlite.before-*"))
    report = verify_trail(kept.data)
    assert (report.ok, report.erased) == (True, 3)
    checked = check_hub(kept.data)
    assert checked.ok
    (finding,) = checked.findings
    assert (finding.code, finding.subject, finding.grade) == (Code.CHECK_ERASED, "1", FindingGrade.NOTE)


def test_the_notice_carries_two_signatures_for_exactly_what_went(kept: Kept) -> None:
    erase(kept)
    (item,) = notices(kept, B).erasures
    assert notices(kept, C).erasures == ()
    hub = read_certificate((kept.data / "keys" / "hub.pem").read_bytes())
    source = known([hub, *(signer.certified for signer in kept.province.two_administrators())])
    opened = open_erasure(item.notice.encode(), certificates=source)
    assert check_erasure(opened, trust=trust_of(kept.province), now=now_utc()).passed
    assert opened.notice.content.envelopes == tuple(map(digest_of, kept.raws))
    assert opened.notice.content.files == (digest_of(ONE), digest_of(SHARED))
    assert opened.reason == REASON
    # The same signatures under another case prove nothing.
    strange = replace(opened, notice=msgspec.structs.replace(opened.notice, case=kept.other))
    verdict = check_erasure(strange, trust=trust_of(kept.province), now=now_utc())
    assert [check.code for check in verdict.not_passed] == ["erasure.people"]


def test_what_cannot_be_erased_is_refused_with_its_reason(kept: Kept) -> None:
    assert refusal(kept, a_case_number()) is Code.CASE_UNKNOWN
    assert refusal(kept, reason="  ") is Code.ERASE_REASON
    assert refusal(kept, kept.other) is Code.ERASE_OPEN
    assert look(kept, kept.other, open=True).open
    erase(kept)
    assert refusal(kept) is Code.CASE_ERASED


def test_an_open_case_goes_only_when_both_were_told(kept: Kept) -> None:
    assert erase(kept, kept.other, open=True).effective
    assert not blob(kept, TWO).exists()
    assert blob(kept, SHARED).exists()
    erase(kept)
    assert not blob(kept, SHARED).exists()
    assert verify_trail(kept.data).ok
    assert check_hub(kept.data).ok


def test_a_case_that_went_on_since_is_not_erased(kept: Kept) -> None:
    details, (first, second) = look(kept, kept.other, open=True), kept.province.two_administrators()
    with open_office(kept.data, PASSPHRASE) as office:
        filed = propose_erasure(office, kept.other, details, signer=first, now=now_utc())
        (waiting,) = pending(office, now=now_utc())
        assert waiting.act.details["envelopes"] == 1

    async def go_on() -> None:
        hub = await open_hub(kept.data, PASSPHRASE)
        found = await mailbox_page(hub.readers, C, after=0, limit=9)
        assert found.items[0].envelope is not None
        previous = digest_of(found.items[0].envelope.encode())
        back = an_envelope(
            kind=Kind.WITHDRAW,
            case=kept.other,
            to=C,
            body={"reason": "误发"},
            previous=previous,
            attachments=(),
        )
        await accept(signed(kept.province, back), caller=A, hub=hub)
        await hub.close()

    asyncio.run(go_on())
    assert filed.number is not None
    with open_office(kept.data, PASSPHRASE) as office, pytest.raises(Refused) as refused:
        approve(office, filed.number, signer=second, now=now_utc())
    assert refused.value.code is Code.ERASE_CHANGED


def test_nothing_of_an_erased_case_is_delivered_read_or_taken_again(kept: Kept) -> None:
    erase(kept)

    async def use() -> None:
        hub = await open_hub(kept.data, PASSPHRASE)
        assert [(await mailbox_page(hub.readers, station, after=0, limit=9)).items for station in (A, B)] == [(), ()]
        assert [item.cursor for item in (await sent_page(hub.readers, A, after=0, limit=9)).items] == [4]
        with pytest.raises(Refused):
            await hub.uploads.state(B, digest_of(SHARED))
        # The same bytes still get their receipt; a new message does not get in.
        assert (await accept(kept.raws[0], caller=A, hub=hub)).repeated
        late = an_envelope(
            kind=Kind.CLAIM, case=kept.case, sender=B, to=A, previous=digest_of(kept.raws[0]), attachments=()
        )
        with pytest.raises(Refused) as refused:
            await accept(signed(kept.province, late), caller=B, hub=hub)
        assert refused.value.code is Code.CASE_ERASED
        with pytest.raises(Refused) as refused:
            await accept(signed(kept.province, an_inquiry(kept.case, TWO)), caller=A, hub=hub)
        assert refused.value.code is Code.CASE_KNOWN
        await hub.close()

    asyncio.run(use())
    assert check_hub(kept.data).ok


KILLED_AT = {
    "behind the commit": "finish_erasures",
    "between the files": "BlobStore.remove",
    "before the log is emptied": "empty_log",
    "before it is noted": "note_deleted",
}


@pytest.mark.parametrize("place", KILLED_AT.values(), ids=KILLED_AT)
def test_a_kill_behind_the_commit_is_made_good_at_the_next_start(kept: Kept, place: str) -> None:
    details, (first, _) = look(kept), kept.province.two_administrators()
    with open_office(kept.data, PASSPHRASE) as office:
        filed = propose_erasure(office, kept.case, details, signer=first, now=now_utc())
    run_and_kill(kept, filed.number or 0, place)
    assert verify_trail(kept.data).ok
    checked = check_hub(kept.data)
    assert checked.ok
    assert Code.CHECK_ERASED_LEFT in [finding.code for finding in checked.findings] or place == "note_deleted"

    async def start() -> None:
        await (await open_hub(kept.data, PASSPHRASE)).close()

    asyncio.run(start())
    assert not blob(kept, ONE).exists()
    assert left_of(kept) == []
    assert [finding.code for finding in check_hub(kept.data).findings] == [Code.CHECK_ERASED]
    assert finish_erasures(DataFolder(kept.data))


def run_and_kill(kept: Kept, number: int, place: str) -> None:
    """Approve in a process that kills itself at `place`."""
    second = kept.province.two_administrators()[1]
    folder = kept.data.parent
    (folder / "second.key").write_bytes(encrypt_key(second.private_key, b"p", cost=CHEAP))
    (folder / "second.pem").write_bytes(second.certified.pem)
    program = f"""
import os, signal
from datetime import UTC, datetime
from pathlib import Path
from hub.exchange import administration, erasing
from hub.signing.certificates import read_certificate
from hub.signing.keys import decrypt_key, signer_for
from hub.store.blobs import BlobStore
def die(*_args, **_more):
    os.kill(os.getpid(), signal.SIGKILL)
place = {place!r}
if place == "BlobStore.remove":
    BlobStore.remove = die
elif place == "finish_erasures":
    administration.finish_erasures = die
else:
    setattr(erasing, place, die)
signer = signer_for(decrypt_key(Path("second.key").read_bytes(), b"p"), read_certificate(Path("second.pem").read_bytes()))
with administration.open_office(Path({str(kept.data)!r}), {PASSPHRASE!r}) as office:
    administration.approve(office, {number}, signer=signer, now=datetime.now(UTC))
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(erasing.__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, env=environment, check=False)
    assert done.returncode == -signal.SIGKILL


def hurt(data: Path, statement: str) -> None:
    with sqlite3.connect(data / "hub.sqlite") as connection:
        assert connection.execute(statement).rowcount > 0


def test_a_body_that_is_missing_without_a_leaf_that_says_erased_is_damage(kept: Kept) -> None:
    erase(kept)
    hurt(kept.data, f"UPDATE envelopes SET raw = x'' WHERE case_id = '{kept.other}'")
    report = verify_trail(kept.data)
    assert report.first_bad is not None
    assert report.first_bad.what == "envelope"
    assert not check_hub(kept.data).ok
    # Nor does a row that calls it erased help, without a leaf behind it.
    hurt(kept.data, f"INSERT INTO erasures SELECT 1, '{kept.other}', at, raw FROM erasures")
    found = {finding.code for finding in check_hub(kept.data).findings}
    assert {Code.CHECK_ERASURE, Code.CHECK_TRAIL} <= found
    assert not verify_trail(kept.data).ok


def test_a_changed_notice_excuses_nothing(kept: Kept) -> None:
    erase(kept)
    hurt(kept.data, "UPDATE erasures SET raw = CAST(raw || 'A' AS BLOB)")
    report = verify_trail(kept.data)
    assert report.first_bad is not None
    assert (report.first_bad.index, report.first_bad.what) == (first_leaf(kept), "envelope")
    assert Code.CHECK_ERASURE in {finding.code for finding in check_hub(kept.data).findings}


def test_a_body_that_is_written_back_is_told(kept: Kept) -> None:
    erase(kept)
    with sqlite3.connect(kept.data / "hub.sqlite") as connection:
        connection.execute("UPDATE envelopes SET raw = ? WHERE seq = 1", (kept.raws[0],))
    checked = check_hub(kept.data)
    assert not checked.ok
    assert Code.CHECK_ERASED_BACK in {finding.code for finding in checked.findings}


def first_leaf(kept: Kept) -> int:
    with sqlite3.connect(kept.data / "hub.sqlite") as connection:
        return int(connection.execute("SELECT leaf FROM envelopes WHERE seq = 1").fetchone()[0])


def test_a_backup_of_an_erased_case_is_whole_and_holds_nothing_of_it(kept: Kept, tmp_path: Path) -> None:
    erase(kept)
    file, again = tmp_path / "hub.backup", tmp_path / "again"
    backup_hub(kept.data, file, b"backup", now=now_utc(), cost=CHEAP)
    restore_hub(file, b"backup", again)
    checked = check_hub(again)
    assert checked.ok
    assert [finding.code for finding in checked.findings] == [Code.CHECK_ERASED]
    assert left_of(kept, again) == []


def test_a_file_of_an_erased_case_can_be_sent_in_another(kept: Kept) -> None:
    erase(kept)

    async def use() -> None:
        hub = await open_hub(kept.data, PASSPHRASE)
        await put(hub, ONE)
        await accept(signed(kept.province, an_inquiry(a_case_number(), ONE)), caller=A, hub=hub)
        await hub.close()

    asyncio.run(use())
    assert blob(kept, ONE).exists()
    assert check_hub(kept.data).ok
    assert verify_trail(kept.data).ok


def exported(kept: Kept, case: CaseId | None = None) -> bytes:
    return export_evidence(kept.data, PASSPHRASE, case or kept.case, now=now_utc())


def test_a_redacted_file_names_what_is_gone_and_passes_nothing_that_needs_it(kept: Kept) -> None:
    before = exported(kept)
    trust = Trust((kept.province.root.certified,))
    assert check_evidence(before, trust=trust, now=now_utc())[0].passed
    erase(kept)
    after = exported(kept)
    verdict, parts = check_evidence(after, trust=trust, now=now_utc())
    results = {check.code: check.result for check in verdict.checks}
    assert verdict.indication is Indication.INDETERMINATE
    assert Result.FAILED not in results.values()
    redacted = {code for code, result in results.items() if result is Result.REDACTED}
    needing = {"envelopes", "senders", "chain", "receipts", "attachments", "acts", "officers", "seals"}
    assert redacted == {f"evidence.{name}" for name in needing}
    for still in ("hub", "trail", "log", "trail_keys", "witnesses", "erasure", "certificates"):
        assert results[f"evidence.{still}"] in (Result.PASSED, Result.PENDING), still
    assert results["container.report"] is Result.PASSED
    assert parts is not None
    assert removed_in(parts) == [*map(digest_of, kept.raws), digest_of(ONE), digest_of(SHARED)]
    assert all(piece not in after for piece in kept.raws)
    # What was handed out before is as good as it was, and its parts are those that the list names.
    assert check_evidence(before, trust=trust, now=now_utc())[0].passed
    assert exported(kept, kept.other)


def test_a_notice_that_does_not_hold_excuses_nothing_in_a_file(kept: Kept) -> None:
    erase(kept)
    good = check_evidence(exported(kept), trust=Trust((kept.province.root.certified,)), now=now_utc())[1]
    assert good is not None
    trust = trust_of(kept.province)
    assert check_parts(good, trust=trust, now=now_utc()).indication == "INDETERMINATE"
    head, payload, signature = good.erasures[0].split(b".")
    forged = replace(good, erasures=(b".".join((head, payload[:-4] + b"AAAA", signature)),))
    assert check_parts(forged, trust=trust, now=now_utc()).indication == "TOTAL-FAILED"
    none = replace(good, erasures=())
    assert check_parts(none, trust=trust, now=now_utc()).indication == "TOTAL-FAILED"
    # One administrator alone, signing twice, is not two.
    notice = open_erasure(good.erasures[0], certificates=known(map(read_certificate, good.certificates))).notice
    act = notice.signatures[0]
    hub = load_pair(hub_place(kept), PASSPHRASE, purposes=DEFAULT_PURPOSES)
    once = msgspec.structs.replace(notice, signatures=(act, alone(kept, act.encode()).decode()))
    signed_once = replace(good, erasures=(sign_erasure(once, signer=hub),))
    report = check_parts(signed_once, trust=trust, now=now_utc())
    assert report.indication == "TOTAL-FAILED"
    assert {check.code: check.result for check in report.checks}["evidence.erasure"] == "failed"


def alone(kept: Kept, act: bytes) -> bytes:
    """The first administrator's approval of the first administrator's act."""
    first, _ = kept.province.two_administrators()
    stated = open_administration(act, certificates=known([first.certified])).act
    approval = AdministrativeApproval(
        id=new_uuid7(at=now_utc(), random=bytes(10)),
        act=digest_of(act),
        origin=stated.origin,
        at=format_instant(now_utc()),
        by=stated.by,
        answer=Answer.APPROVED,
    )
    return sign_approval(approval, signer=first)


def hub_place(kept: Kept) -> KeyPlace:
    folder = DataFolder(kept.data)
    return KeyPlace(folder.hub_key, folder.hub_certificate, folder.hub_certificate)


def hanxun(kept: Kept, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The verb itself, with both administrators' keys in the hub's folder."""
    folder = DataFolder(kept.data).officers
    folder.mkdir(parents=True, exist_ok=True)
    for signer in kept.province.two_administrators():
        number = signer.certified.number
        (folder / f"{number}.key.pem").write_bytes(encrypt_key(signer.private_key, b"p", cost=CHEAP))
        (folder / f"{number}.cert.pem").write_bytes(signer.certified.pem)
    secrets = kept.data.parent
    (secrets / "hub.pass").write_bytes(PASSPHRASE)
    (secrets / "p.pass").write_bytes(b"p")
    command = [sys.executable, "-m", "hanxun", "hub", *arguments, "--data", str(kept.data)]
    command += ["--passphrase-file", str(secrets / "hub.pass"), "--json"]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def test_the_verb_shows_what_would_go_asks_and_lets_a_second_person_decide(kept: Kept) -> None:
    erasing_it = ("erase", kept.case, "--reason", REASON)
    first = ("--by", "900001", "--password-file", str(kept.data.parent / "p.pass"))
    second = ("--by", "900002", "--password-file", str(kept.data.parent / "p.pass"))
    shown = hanxun(kept, *erasing_it)
    assert json.loads(shown.stdout)["would_erase"]["envelopes"] == 3
    asked = hanxun(kept, *erasing_it, *first)
    assert (asked.returncode, json.loads(asked.stderr.splitlines()[-1])["code"]) == (1, "erase.not_confirmed")
    proposed = hanxun(kept, *erasing_it, *first, "--yes")
    number = json.loads(proposed.stdout)["proposal"]
    waiting = json.loads(hanxun(kept, "pending").stdout)["proposals"]
    assert [(one["number"], one["act"], one["details"]["files"]) for one in waiting] == [(number, "erase-case", 2)]
    assert hanxun(kept, "approve", str(number), *second).returncode == 1
    assert blob(kept, ONE).exists()
    assert json.loads(hanxun(kept, "approve", str(number), *second, "--yes").stdout)["effective"]
    assert not blob(kept, ONE).exists()
    again = hanxun(kept, *erasing_it)
    assert (again.returncode, json.loads(again.stderr.splitlines()[-1])["code"]) == (1, "case.erased")


def test_an_erasure_that_one_administrator_signed_twice_is_found_by_the_check(kept: Kept) -> None:
    details, (first, _) = look(kept), kept.province.two_administrators()
    hub = load_pair(hub_place(kept), PASSPHRASE, purposes=DEFAULT_PURPOSES)
    with open_office(kept.data, PASSPHRASE) as office:
        kind, origin = AdministrationKind.ERASE_CASE, office.rules.origin
        act = make_act(kind, kept.case, details, origin=origin, certified=first.certified, now=now_utc())
        raw = sign_administration(act, signer=first)
        with office.engine.begin() as tx:
            # As whoever holds all the hub's keys could write it, its leaf included.
            both = (raw, alone(kept, raw))
            erasing.erase(
                tx, office.rules.log, kept.case, details, origin=origin, signatures=both, signer=hub, now=now_utc()
            )
    assert verify_trail(kept.data).ok
    (finding,) = [one for one in check_hub(kept.data).findings if one.code is Code.CHECK_ERASURE]
    assert finding.detail == "two.people"
