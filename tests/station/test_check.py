"""`hanxun agent check`: each inconsistency, made in a real store, is found under its code, with what to do."""

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

from hub.protocol.codes import Code
from hub.protocol.errors import Damaged, Refused
from hub.protocol.finding import FindingGrade
from station_agent.check import check_agent
from station_agent.desk.reply import reply
from tests.exchange.builders import now_utc
from tests.station.desks import World, a_claimed_case, a_world, acted


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The opener's and the origin's folders after a C06 that was acted on and answered, and one draft more."""
    folder = tmp_path_factory.mktemp("used")

    async def use() -> tuple[Path, Path]:
        async with a_world(folder) as world:
            case = await a_claimed_case(world)
            await settle(world)
            done = acted(world, case)
            body = {"outcome": "已回迁", "serial": done.serial}
            reply(world.origin.agent, world.origin.window, case, body=body, now=now_utc())
            await settle(world)
            return world.opener.data, world.origin.data

    return asyncio.run(use())


async def settle(world: World) -> None:
    """Let both desks exchange what waits."""
    for desk in (world.origin, world.opener, world.origin, world.opener):
        await desk.sync()


@pytest.fixture
def opener(used: tuple[Path, Path], tmp_path: Path) -> Path:
    """A copy of the opener's folder, to be hurt."""
    return Path(shutil.copytree(used[0], tmp_path / "opener"))


@pytest.fixture
def origin(used: tuple[Path, Path], tmp_path: Path) -> Path:
    """A copy of the origin's folder, to be hurt."""
    return Path(shutil.copytree(used[1], tmp_path / "origin"))


def sql(*statements: str) -> Callable[[Path], None]:
    """A change behind the agent's back."""

    def change(data: Path) -> None:
        with sqlite3.connect(data / "agent.sqlite") as connection:
            for statement in statements:
                assert connection.execute(statement).rowcount > 0

    return change


def letter(data: Path) -> Path:
    """The file of the sealed letter."""
    with sqlite3.connect(data / "agent.sqlite") as connection:
        digest = connection.execute("SELECT letter FROM letters").fetchone()[0]
    return data / "blobs" / digest[:2] / digest


def cut_off(data: Path) -> None:
    """The last byte of the letter is gone."""
    letter(data).write_bytes(letter(data).read_bytes()[:-1])


def damage(data: Path) -> None:
    """Bytes of a page of the database changed on the disk."""
    path = data / "agent.sqlite"
    with sqlite3.connect(path) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'letter_numbers'").fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    with path.open("r+b") as file:
        file.seek((root - 1) * size + 8)
        file.write(b"\xff\xff\xff\xff")


def put(name: str, *, days_old: int = 0) -> Callable[[Path], None]:
    """A file laid into the folder."""

    def change(data: Path) -> None:
        path = data / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
        os.utime(path, (path.stat().st_mtime - days_old * 86400,) * 2)

    return change


CHANGED = "CAST(raw || 'A' AS BLOB)"
AT_OPENER: dict[str, tuple[Callable[[Path], None], Code]] = {
    "a letter's file is gone": (lambda data: letter(data).unlink(), Code.CHECK_BLOB_MISSING),
    "a letter is cut off": (cut_off, Code.CHECK_BLOB_CHANGED),
    "an item of the outbox has no bytes": (
        sql("DELETE FROM envelopes WHERE digest = (SELECT envelope FROM outbox LIMIT 1)"),
        Code.CHECK_OUTBOX_ENVELOPE,
    ),
    "an envelope is not in the outbox": (
        sql("DELETE FROM outbox WHERE seq = (SELECT min(seq) FROM outbox)"),
        Code.CHECK_ENVELOPE_UNQUEUED,
    ),
    "the receipt of what was sent is gone": (sql("DELETE FROM receipts"), Code.CHECK_SENT_WITHOUT_RECEIPT),
    "a receipt is about nothing": (
        sql("UPDATE receipts SET envelope = 'x' WHERE seq = (SELECT min(seq) FROM receipts)"),
        Code.CHECK_RECEIPT_ORPHAN,
    ),
    "an envelope's bytes are changed": (sql(f"UPDATE envelopes SET raw = {CHANGED}"), Code.CHECK_ROW_DIFFERS),
    "an envelope's row names another case": (sql("UPDATE envelopes SET \"case\" = 'x'"), Code.CHECK_ROW_DIFFERS),
    "an act's bytes are changed": (sql(f"UPDATE acts SET raw = {CHANGED}"), Code.CHECK_ROW_DIFFERS),
    "a receipt's bytes are changed": (sql(f"UPDATE receipts SET raw = {CHANGED}"), Code.CHECK_ROW_DIFFERS),
    "a case is gone": (sql("DELETE FROM cases"), Code.CHECK_CASE_MISSING),
    "a letter's number is not in the register": (sql("DELETE FROM letter_numbers"), Code.CHECK_LETTER_NUMBER),
    "a certificate is changed": (sql("UPDATE certificates SET pem = 'x'"), Code.CHECK_CERTIFICATE),
    "the database's page is damaged": (damage, Code.CHECK_DATABASE),
}
AT_ORIGIN: dict[str, tuple[Callable[[Path], None], Code]] = {
    "a filed delivery has no envelope": (
        sql("DELETE FROM envelopes WHERE incoming = 1"),
        Code.CHECK_DELIVERY_ENVELOPE,
    ),
    "a used letter is not noted as used": (sql("DELETE FROM used_letters"), Code.CHECK_LETTER_USE),
    "the evidence that was acted on is gone": (
        lambda data: evidence(data).unlink(),
        Code.CHECK_BLOB_MISSING,
    ),
    "the act of a change of the register is gone": (
        sql("DELETE FROM acts WHERE digest IN (SELECT act FROM register_acts)"),
        Code.CHECK_REFERENCE,
    ),
}
LEFT: dict[str, tuple[Callable[[Path], None], Code]] = {
    "a file under a digest that no row names": (put("blobs/00/" + "0" * 64), Code.CHECK_BLOB_EXTRA),
    "a file under no digest": (put("blobs/notes.txt"), Code.CHECK_FILE_STRANGE),
    "a download that nobody went on with": (put("blobs/incoming/x.part", days_old=30), Code.CHECK_UPLOAD_STALE),
}


def evidence(data: Path) -> Path:
    """The file of the evidence that was acted on."""
    with sqlite3.connect(data / "agent.sqlite") as connection:
        digest = connection.execute("SELECT evidence FROM register_acts").fetchone()[0]
    return data / "blobs" / digest[:2] / digest


def test_good_stores_have_nothing_to_tell_nor_has_a_download_under_way(opener: Path, origin: Path) -> None:
    put("blobs/incoming/x.part")(opener)
    told: list[tuple[str, int, int]] = []
    assert check_agent(opener, progress=lambda *step: told.append(step)) == ()
    assert told[-1][1] == told[-1][2] > 0
    assert check_agent(origin) == ()


@pytest.mark.parametrize("what", AT_OPENER)
def test_what_is_wrong_at_the_sender_is_found_under_its_code(opener: Path, what: str) -> None:
    _found(opener, *AT_OPENER[what])


@pytest.mark.parametrize("what", AT_ORIGIN)
def test_what_is_wrong_at_the_receiver_is_found_under_its_code(origin: Path, what: str) -> None:
    _found(origin, *AT_ORIGIN[what])


def _found(data: Path, change: Callable[[Path], None], code: Code) -> None:
    change(data)
    assert code in {finding.code for finding in check_agent(data) if finding.grade is FindingGrade.FAULT}


@pytest.mark.parametrize("what", LEFT)
def test_what_is_left_over_is_told_and_harmless(opener: Path, what: str) -> None:
    change, code = LEFT[what]
    change(opener)
    assert [(finding.code, finding.grade) for finding in check_agent(opener)] == [(code, FindingGrade.NOTE)]


def test_a_folder_without_a_store_is_said_to_have_none(opener: Path, tmp_path: Path) -> None:
    (opener / "agent.sqlite").unlink()
    with pytest.raises(Damaged):
        check_agent(opener)
    with pytest.raises(Refused):
        check_agent(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_the_verb_says_what_to_do_and_exits_with_1(origin: Path) -> None:
    evidence(origin).unlink()
    command = [sys.executable, "-m", "hanxun", "agent", "check", "--data", str(origin), "--json"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    said = json.loads(answer.stdout)
    assert (answer.returncode, said["ok"]) == (1, False)
    assert {finding["code"] for finding in said["findings"]} == {"check.blob_missing"}
