"""Scans joined and taken apart in the tray: what they were made of stays, and can be taken back for a day."""

from datetime import timedelta
from pathlib import Path

import pytest

from hub.letters.limits import default_limits
from hub.letters.scan import require_scan
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import digest_of
from station_agent.desk import tray
from station_agent.desk.tray_pages import join, put_in, split
from station_agent.store.engine import Store, open_store
from tests.exchange.builders import now_utc
from tests.station.scene import a_scan, another_scan

LIMITS = default_limits()


def a_tray(folder: Path) -> Store:
    return open_store(folder)


def states(store: Store) -> dict[int, str]:
    return {row.item: row.state for row in tray.items(store, all=True)}


def test_joined_scans_become_one_and_their_originals_can_be_taken_back(tmp_path: Path) -> None:
    store, now = a_tray(tmp_path), now_utc()
    first = put_in(store, a_scan(), "第一页.jpg", now=now)
    second = put_in(store, another_scan(), "第二页.jpg", now=now + timedelta(seconds=1))
    joined = join(store, [second, first], limits=LIMITS, now=now + timedelta(seconds=2))
    assert states(store) == {first: "discarded", second: "discarded", joined: "waiting"}
    row = tray.items(store, all=True)[-1]
    assert (row.made_from, row.media_type) == ("2,1", "application/pdf")
    assert row.digest is not None
    assert require_scan(store.blobs.get(row.digest), limits=LIMITS) == 2
    tray.restore(store, first, now=now + timedelta(hours=1))
    assert store.blobs.get(digest_of(a_scan())) == a_scan()
    store.close()


def test_a_scan_is_taken_apart_before_the_pages_chosen(tmp_path: Path) -> None:
    store, now = a_tray(tmp_path), now_utc()
    items = [put_in(store, raw, f"{n}.jpg", now=now + timedelta(seconds=n)) for n, raw in enumerate([a_scan()] * 3)]
    joined = join(store, items, limits=LIMITS, now=now + timedelta(seconds=9))
    made = split(store, joined, [2], pages=3, limits=LIMITS, now=now + timedelta(seconds=10))
    rows = [row for row in tray.items(store) if row.item in made]
    assert [row.made_from for row in rows] == [f"{joined}:1-1", f"{joined}:2-3"]
    assert states(store)[joined] == "discarded"
    store.close()


def test_what_cannot_be_joined_or_taken_apart_stays_as_it_is(tmp_path: Path) -> None:
    store, now = a_tray(tmp_path), now_utc()
    good = put_in(store, a_scan(), "1.jpg", now=now)
    bad = put_in(store, b"no scan", "note.txt", now=now)
    for items, code in (
        ([good], Code.TRAY_TWO_NEEDED),
        ([good, good], Code.TRAY_TWO_NEEDED),
        ([good, bad], Code.TRAY_STATE),
        ([good, 99], Code.TRAY_UNKNOWN),
    ):
        with pytest.raises(Refused) as caught:
            join(store, items, limits=LIMITS, now=now)
        assert caught.value.code is code
    with pytest.raises(Refused) as caught:
        split(store, good, [1, 7], pages=1, limits=LIMITS, now=now)
    assert caught.value.code is Code.TRAY_NO_SPLIT
    assert states(store) == {good: "waiting", bad: "refused"}
    store.close()


def test_the_same_scan_again_is_told_as_a_duplicate(tmp_path: Path) -> None:
    store, now = a_tray(tmp_path), now_utc()
    first = put_in(store, a_scan(), "1.jpg", now=now)
    put_in(store, a_scan(), "again.jpg", now=now)
    assert [row.same_as for row in tray.items(store)] == [None, first]
    store.close()
