"""`hanxun hub check`: each inconsistency, made in a real store, is found under its code, with what to do."""

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.exchange.accept import accept
from hub.exchange.check import check_hub
from hub.exchange.hub import open_hub
from hub.protocol.codes import Code
from hub.protocol.finding import FindingGrade
from hub.protocol.identifiers import digest_of
from tests.exchange.builders import PASSPHRASE, PROOF, A, a_handover, a_hub_folder, a_province, an_envelope, signed

DIGEST = digest_of(PROOF)


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub's folder with an inquiry, its letter and its handover."""
    province = a_province()
    data = a_hub_folder(province, tmp_path_factory.mktemp("used") / "hub")

    async def use() -> None:
        hub = await open_hub(data, PASSPHRASE)

        async def chunks():  # type: ignore[no-untyped-def]
            yield PROOF

        await hub.uploads.begin(A, DIGEST, len(PROOF))
        await hub.uploads.append(A, DIGEST, 0, chunks())
        inquiry = an_envelope()
        raw = signed(province, inquiry)
        await accept(raw, caller=A, hub=hub)
        await accept(signed(province, a_handover(inquiry, digest_of(raw))), caller=inquiry.to, hub=hub)
        await hub.close()

    asyncio.run(use())
    return data


@pytest.fixture
def copy(used: Path, tmp_path: Path) -> Path:
    """A copy of it to be hurt."""
    return Path(shutil.copytree(used, tmp_path / "copy"))


def sql(statement: str) -> Callable[[Path], None]:
    """A change behind the hub's back."""

    def change(data: Path) -> None:
        with sqlite3.connect(data / "hub.sqlite") as connection:
            assert connection.execute(statement).rowcount > 0

    return change


def letter(data: Path) -> Path:
    """The file of the letter."""
    return data / "blobs" / DIGEST[:2] / DIGEST


def put(name: str, *, days_old: int = 0) -> Callable[[Path], None]:
    """A file laid into the folder."""

    def change(data: Path) -> None:
        path = data / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
        os.utime(path, (path.stat().st_mtime - days_old * 86400,) * 2)

    return change


def damage(data: Path) -> None:
    """Bytes of a page of the database changed on the disk."""
    path = data / "hub.sqlite"
    with sqlite3.connect(path) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'mailbox'").fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    with path.open("r+b") as file:
        file.seek((root - 1) * size + 8)
        file.write(b"\xff\xff\xff\xff")


HURT: dict[str, tuple[Callable[[Path], None], Code]] = {
    "a letter's file is gone": (lambda data: letter(data).unlink(), Code.CHECK_BLOB_MISSING),
    "a letter's byte is changed": (lambda data: _write(letter(data), PROOF[:-1] + b"?"), Code.CHECK_BLOB_CHANGED),
    "a letter is cut off": (lambda data: _write(letter(data), PROOF[:-1]), Code.CHECK_BLOB_CHANGED),
    "the row of a letter is gone": (sql("DELETE FROM blobs"), Code.CHECK_ATTACHMENT_ROW),
    "a receipt is gone": (sql("DELETE FROM receipts WHERE seq = 1"), Code.CHECK_RECEIPT_MISSING),
    "an envelope is gone, its receipt is not": (sql("DELETE FROM envelopes WHERE seq = 2"), Code.CHECK_RECEIPT_ORPHAN),
    "a case is gone": (sql("DELETE FROM cases"), Code.CHECK_REFERENCE),
    "an envelope is in nobody's mailbox": (sql("DELETE FROM mailbox WHERE seq = 1"), Code.CHECK_MAILBOX),
    "an envelope is in another's mailbox": (sql("UPDATE mailbox SET station = '110101500000'"), Code.CHECK_MAILBOX),
    "a row names another sender": (sql("UPDATE envelopes SET sender = '110101500000'"), Code.CHECK_ROW_DIFFERS),
    "a row names another case": (sql("UPDATE envelopes SET case_id = 'x' WHERE seq = 2"), Code.CHECK_ROW_DIFFERS),
    "signed bytes are changed": (
        sql("UPDATE envelopes SET raw = CAST(raw || 'A' AS BLOB) WHERE seq = 1"),
        Code.CHECK_ROW_DIFFERS,
    ),
    "a certificate is changed": (
        sql("UPDATE certificates SET raw = CAST(raw || x'00' AS BLOB)"),
        Code.CHECK_CERTIFICATE,
    ),
    "a leaf is gone": (sql("DELETE FROM leaves WHERE number = 3"), Code.CHECK_TRAIL),
    "the database's page is damaged": (damage, Code.CHECK_DATABASE),
}
LEFT: dict[str, tuple[Callable[[Path], None], Code]] = {
    "a file under a digest that no row names": (put("blobs/00/" + "0" * 64), Code.CHECK_BLOB_EXTRA),
    "a file under no digest": (put("blobs/notes.txt"), Code.CHECK_FILE_STRANGE),
    "a letter under the wrong folder": (put(f"blobs/zz/{DIGEST}"), Code.CHECK_FILE_STRANGE),
    "an upload that nobody went on with": (put(f"uploads/{DIGEST}.{A}.99", days_old=30), Code.CHECK_UPLOAD_STALE),
    "a file among the uploads": (put("uploads/notes.txt"), Code.CHECK_FILE_STRANGE),
}


def _write(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)


def test_a_good_store_has_nothing_to_tell_nor_has_an_upload_under_way(copy: Path) -> None:
    put(f"uploads/{DIGEST}.{A}.99")(copy)
    told: list[tuple[str, int, int]] = []
    report = check_hub(copy, progress=lambda *step: told.append(step))
    assert (report.ok, report.findings, report.trail.ok) == (True, (), True)
    assert told == [("check", len(PROOF), len(PROOF))]


@pytest.mark.parametrize("what", HURT)
def test_what_is_wrong_is_found_under_its_code(copy: Path, what: str) -> None:
    change, code = HURT[what]
    change(copy)
    report = check_hub(copy)
    assert code in {finding.code for finding in report.findings if finding.grade is FindingGrade.FAULT}
    assert not report.ok


@pytest.mark.parametrize("what", LEFT)
def test_what_is_left_over_is_told_and_harmless(copy: Path, what: str) -> None:
    change, code = LEFT[what]
    change(copy)
    report = check_hub(copy)
    assert [(finding.code, finding.grade) for finding in report.findings] == [(code, FindingGrade.NOTE)]
    assert report.ok


def test_the_verb_says_what_to_do_and_exits_with_1(copy: Path) -> None:
    command = [sys.executable, "-m", "hanxun", "hub", "check", "--data", str(copy)]
    letter(copy).unlink()
    answer = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    said = json.loads(answer.stdout)
    assert (answer.returncode, said["ok"]) == (1, False)
    found = {finding["code"]: finding for finding in said["findings"]}
    assert set(found) == {"check.blob_missing", "check.trail"}
    assert found["check.blob_missing"]["subject"] == DIGEST
    assert all(finding["remedy"] and finding["meaning"] for finding in found.values())
