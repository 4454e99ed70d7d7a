"""The data folder: made whole or not at all; checked and re-derived byte by byte, also as a moved copy."""

import asyncio
import shutil
import sqlite3
from pathlib import Path

import pytest

from hub.exchange.accept import accept
from hub.exchange.administration import open_office
from hub.exchange.check import check_hub
from hub.exchange.hub import open_hub
from hub.exchange.init import HubParts, init_hub
from hub.exchange.registry import list_stations
from hub.exchange.verify_trail import verify_trail
from hub.protocol.administration import AdministrationKind
from hub.protocol.codes import Code
from hub.protocol.errors import Damaged, Refused
from hub.protocol.identifiers import digest_of
from hub.signing.authority import Subject
from hub.signing.keys import encrypt_key
from hub.signing.purposes import CertificateKind
from hub.trail.hashing import leaf_hash
from hub.trail.sequence import EMPTY, Frontier, extend, read_frontier, write_frontier
from tests.exchange.builders import (
    CHEAP,
    PASSPHRASE,
    PROOF,
    A,
    B,
    Province,
    a_hub_folder,
    a_province,
    administer,
    an_envelope,
    now_utc,
    register_certificate,
    signed,
    station_details,
)

ADMINISTRATION = 9  # leaves: two administrators named, three stations proposed and approved


def parts_of(province: Province, **changes: object) -> HubParts:
    """What a hub is made from."""
    signer = province.certify(CertificateKind.HUB, Subject("hub"))
    values: dict[str, object] = {
        "roots": province.root.certified.pem,
        "crl": province.crl(),
        "hub_key": encrypt_key(signer.private_key, PASSPHRASE, cost=CHEAP),
        "hub_certificate": signer.certified.pem,
    }
    return HubParts(**{**values, **changes})  # type: ignore[arg-type]


def bad_parts(province: Province) -> dict[Code, HubParts]:
    """Parts that a hub cannot be made from, by the code they are refused under."""
    stranger = a_province()
    agent = province.agent(A)
    return {
        Code.CRL_MISSING: parts_of(province, crl=stranger.crl()),
        Code.CERT_CHAIN: parts_of(province, roots=stranger.root.certified.pem, crl=stranger.crl()),
        Code.CERT_PURPOSE: parts_of(
            province,
            hub_key=encrypt_key(agent.private_key, PASSPHRASE, cost=CHEAP),
            hub_certificate=agent.certified.pem,
        ),
        Code.KEY_MISMATCH: parts_of(province, hub_certificate=agent.certified.pem),
        Code.CONFIG_INVALID: parts_of(province, settings=b"listne = 1\n"),
    }


def test_bad_parts_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    for code, parts in bad_parts(a_province()).items():
        with pytest.raises(Refused) as caught:
            init_hub(tmp_path / "hub", PASSPHRASE, parts, now=now_utc(), cost=CHEAP)
        assert caught.value.code is code
        assert list(tmp_path.iterdir()) == []
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "something").touch()
    with pytest.raises(Refused) as caught:
        init_hub(tmp_path / "hub", PASSPHRASE, parts_of(a_province()), now=now_utc(), cost=CHEAP)
    assert caught.value.code is Code.HUB_FOLDER


def test_keys_and_database_are_for_their_owner_only(tmp_path: Path) -> None:
    data = a_hub_folder(a_province(), tmp_path / "hub", stations=())
    for path in (*(data / "keys").iterdir(), data / "hub.sqlite"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_stations_and_certificates_are_registered_once(tmp_path: Path) -> None:
    province = a_province()
    data = a_hub_folder(province, tmp_path / "hub")
    assert [entry.code for entry in list_stations(data)] == sorted(province.agents)
    with pytest.raises(Refused) as caught:
        administer(data, province, AdministrationKind.ADD_STATION, A, station_details(province, A))
    assert caught.value.code is Code.STATION_KNOWN
    with pytest.raises(Refused) as caught, open_office(data, b"wrong"):
        pass
    assert caught.value.code is Code.KEY_PASSPHRASE
    stranger = province.agent("999999999999")  # type: ignore[arg-type]
    with pytest.raises(Refused) as caught:
        register_certificate(data, province, stranger.certified.pem)
    assert caught.value.code is Code.STATION_UNKNOWN
    assert verify_trail(data).size == ADMINISTRATION


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub's folder with three envelopes that share a letter."""
    folder = tmp_path_factory.mktemp("used")
    province = a_province()
    data = a_hub_folder(province, folder / "hub")

    async def use() -> None:
        hub = await open_hub(data, PASSPHRASE)

        async def chunks():
            yield PROOF

        await hub.uploads.begin(A, digest_of(PROOF), len(PROOF))
        await hub.uploads.append(A, digest_of(PROOF), 0, chunks())
        for _ in range(3):
            await accept(signed(province, an_envelope()), caller=A, hub=hub)
        await hub.close()

    asyncio.run(use())
    return data


@pytest.fixture
def copy(used: Path, tmp_path: Path) -> Path:
    """A moved copy of it, with its keys taken away: verifying needs none."""
    data = tmp_path / "copy"
    shutil.copytree(used, data)
    for path in (data / "keys").glob("*.key.pem"):
        path.unlink()
    return data


def test_an_untouched_copy_verifies(copy: Path) -> None:
    report = verify_trail(copy)
    assert (report.ok, report.size, report.first_bad) == (True, ADMINISTRATION + 6, None)
    assert check_hub(copy).ok


def change(data: Path, statement: str) -> None:
    """Change the database behind the hub's back."""
    with sqlite3.connect(data / "hub.sqlite") as connection:
        assert connection.execute(statement).rowcount > 0


# Another byte than the one there: a tile's are random, and one in 256 is an X already.
FLIP = "substr({0}, 1, 40) || CASE hex(substr({0}, 41, 1)) WHEN '58' THEN x'59' ELSE x'58' END || substr({0}, 42)"


@pytest.mark.parametrize(
    ("statement", "index", "what"),
    [
        ("UPDATE envelopes SET raw = CAST(" + FLIP.format("raw") + " AS BLOB) WHERE seq = 2", 11, "envelope"),
        ("UPDATE receipts SET raw = CAST(" + FLIP.format("raw") + " AS BLOB) WHERE seq = 3", 14, "receipt"),
        ("UPDATE administration SET raw = CAST(" + FLIP.format("raw") + " AS BLOB) WHERE number = 2", 1, "act"),
        ("UPDATE leaves SET record = CAST(" + FLIP.format("record") + " AS BLOB) WHERE number = 4", 4, "entry"),
        ("UPDATE tiles SET raw = CAST(" + FLIP.format("raw") + " AS BLOB)", 1, "tile"),
        ("DELETE FROM receipts WHERE seq = 1", 10, "receipt"),
        ("DELETE FROM leaves WHERE number = 5", 5, "entry"),
        ("UPDATE head SET size = 13", 13, "checkpoint"),
        ("UPDATE head SET checkpoint = replace(checkpoint, char(10) || '15' || char(10), char(10) || '13' || char(10))",
         15, "checkpoint"),
    ],
)  # fmt: skip
def test_any_changed_row_is_found_at_its_leaf(copy: Path, statement: str, index: int, what: str) -> None:
    change(copy, statement)
    report = verify_trail(copy)
    assert not report.ok
    assert report.first_bad is not None
    assert (report.first_bad.index, report.first_bad.what) == (index, what)


@pytest.mark.parametrize("gone", [True, False])
def test_a_letter_that_is_gone_or_changed_is_found(copy: Path, gone: bool) -> None:
    path = copy / "blobs" / digest_of(PROOF)[:2] / digest_of(PROOF)
    if gone:
        path.unlink()
    else:
        path.write_bytes(PROOF[:-1] + b"?")
    report = verify_trail(copy)
    assert report.first_bad is not None
    assert (report.first_bad.index, report.first_bad.what) == (9, "attachment")
    code = Code.CHECK_BLOB_MISSING if gone else Code.CHECK_BLOB_CHANGED
    assert {finding.code for finding in check_hub(copy).findings} == {code, Code.CHECK_TRAIL}


def test_a_leftover_file_is_named_but_harmless(copy: Path) -> None:
    (copy / "blobs" / "00").mkdir(exist_ok=True)
    (copy / "blobs" / "00" / ("0" * 64)).write_bytes(b"")
    report = check_hub(copy)
    assert report.ok
    assert [finding.code for finding in report.findings] == [Code.CHECK_BLOB_EXTRA]


def test_a_shortened_history_shows_against_a_checkpoint_that_somebody_holds(used: Path, copy: Path) -> None:
    with sqlite3.connect(used / "hub.sqlite") as connection:
        held = connection.execute("SELECT checkpoint FROM head").fetchone()[0].encode()
    assert verify_trail(copy, against=[held]).ok
    older = a_hub_folder(a_province(), copy.parent / "other")
    with pytest.raises(Refused):
        verify_trail(older, against=[held])


def test_a_folder_that_is_no_hub_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(Damaged):
        verify_trail(tmp_path)
    with pytest.raises(Damaged):
        list_stations(tmp_path)
    assert B not in {path.name for path in tmp_path.iterdir()}


def test_a_verification_that_was_broken_off_goes_on_and_finds_what_lies_behind(copy: Path) -> None:
    told: list[Frontier] = []
    assert verify_trail(copy, progress=lambda tree, size: told.append(tree)).ok
    assert told[-1].size == 15
    saved = read_frontier(write_frontier(extend(EMPTY, first_hashes(copy, 12))[0]))
    assert verify_trail(copy, start=saved).ok
    with sqlite3.connect(copy / "hub.sqlite") as connection:
        connection.execute("UPDATE receipts SET raw = CAST(raw || 'x' AS BLOB) WHERE seq = 3")
    bad = verify_trail(copy, start=saved).first_bad
    assert bad is not None
    assert (bad.index, bad.what) == (14, "receipt")
    # A state of another log does not fit this one.
    other = extend(EMPTY, [bytes(32)] * 12)[0]
    assert not verify_trail(copy, start=other).ok


def first_hashes(data: Path, count: int) -> list[bytes]:
    with sqlite3.connect(data / "hub.sqlite") as connection:
        rows = connection.execute("SELECT record FROM leaves WHERE number < ? ORDER BY number", (count,)).fetchall()
    return [leaf_hash(row[0]) for row in rows]


@pytest.mark.parametrize("table", ["leaves", "envelopes", "receipts", "administration"])
def test_bytes_turned_into_text_are_looked_at_as_bytes_and_crash_nothing(copy: Path, table: str) -> None:
    column = "record" if table == "leaves" else "raw"
    with sqlite3.connect(copy / "hub.sqlite") as connection:
        connection.execute(f"UPDATE {table} SET {column} = {column} || 'x'")
    report = verify_trail(copy)
    assert not report.ok
    assert report.first_bad is not None


def test_tiles_that_the_driver_cannot_read_are_damage_and_are_not_quoted(copy: Path) -> None:
    with sqlite3.connect(copy / "hub.sqlite") as connection:
        connection.execute("UPDATE tiles SET raw = raw || 'x'")  # text that is no UTF-8
    with pytest.raises(Damaged) as damage:
        verify_trail(copy)
    assert damage.value.code is Code.STORE_DAMAGED
    assert "\ufffd" not in (damage.value.detail or "")
