"""Renaming an organisation and putting it under another: by two people, from a day on, with its history; cases move along."""

from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest

from hub.exchange.administration import open_office
from hub.protocol.administration import AdministrationKind, MoveDetails, RenameDetails, StationDetails
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.instants import SHANGHAI
from hub.store.database import Readers
from hub.store.layout import DataFolder
from hub.store.station_versions import StationVersion, all_on, in_force_on, settle_stations, versions_all
from hub.store.stations import registry_number, stations_known
from tests.exchange.builders import PASSPHRASE, A, B, C, Province, a_hub_folder, a_province, administer, now_utc

RENAME, MOVE = AdministrationKind.RENAME_STATION, AdministrationKind.MOVE_STATION
WHY = "撤县设市"


@pytest.fixture(scope="module")
def province() -> Province:
    return a_province()


@pytest.fixture
def data(province: Province, tmp_path: Path) -> Path:
    return a_hub_folder(province, tmp_path / "hub")


def day(after: int = 0) -> str:
    return (now_utc().astimezone(SHANGHAI).date() + timedelta(days=after)).isoformat()


def named(data: Path) -> dict[str, tuple[str, str | None]]:
    readers = Readers(DataFolder(data).database)
    found = {entry.code: (entry.name, entry.parent) for entry in readers.read_now(stations_known)}
    readers.close()
    return found


def history(data: Path, code: str) -> list[StationVersion]:
    readers = Readers(DataFolder(data).database)
    found = readers.read_now(versions_all)
    readers.close()
    return [version for version in found if version.code == code]


def refused(data: Path, province: Province, kind: AdministrationKind, code: str, details: msgspec.Struct) -> Code:
    with pytest.raises(Refused) as caught:
        administer(data, province, kind, code, details)
    return caught.value.code


def test_a_name_counts_from_its_day_and_the_one_before_stays_on_record(province: Province, data: Path) -> None:
    before = named(data)[A][0]
    waits = administer(data, province, RENAME, A, RenameDetails(name="广德市某所", from_day=day(3), reason=WHY))
    assert waits.effective
    assert named(data)[A][0] == before
    assert [(version.from_day, version.name) for version in history(data, A)] == [
        (day(), before),
        (day(3), "广德市某所"),
    ]
    with open_office(data, PASSPHRASE) as office, office.engine.begin() as tx:
        number = registry_number(tx)
        assert settle_stations(tx, date.fromisoformat(day(2))) == 0
        assert settle_stations(tx, date.fromisoformat(day(3))) == 1
        assert settle_stations(tx, date.fromisoformat(day(3))) == 0
        assert registry_number(tx) == number + 1
    assert named(data)[A][0] == "广德市某所"
    versions = history(data, A)
    assert [in_force_on(versions, day(after)).name for after in (-5, 0, 2, 3, 9)] == [  # type: ignore[union-attr]
        before,
        before,
        before,
        "广德市某所",
        "广德市某所",
    ]


def test_a_parent_counts_at_once_when_its_day_is_today_and_a_ring_is_refused(province: Province, data: Path) -> None:
    administer(data, province, MOVE, B, MoveDetails(parent=A, from_day=day(), reason=WHY))
    administer(data, province, MOVE, C, MoveDetails(parent=B, from_day=day(), reason=WHY))
    assert (named(data)[B][1], named(data)[C][1]) == (A, B)
    for parent in (A, B, C):
        move = MoveDetails(parent=parent, from_day=day(), reason=WHY)
        assert refused(data, province, MOVE, A, move) is Code.STATION_BELOW_ITSELF
    administer(data, province, MOVE, C, MoveDetails(parent=None, from_day=day(10), reason=WHY))
    early = MoveDetails(parent=C, from_day=day(9), reason=WHY)
    assert refused(data, province, MOVE, A, early) is Code.STATION_BELOW_ITSELF
    administer(data, province, MOVE, A, MoveDetails(parent=C, from_day=day(10), reason=WHY))
    assert all_on([*history(data, A), *history(data, C)], day(10))[A].parent == C


def test_what_would_tangle_the_history_is_refused_before_it_is_proposed(province: Province, data: Path) -> None:
    def rename(name: str = "新名所", from_day: str = day()) -> RenameDetails:
        return RenameDetails(name=name, from_day=from_day, reason=WHY)

    assert refused(data, province, RENAME, "999999999999", rename()) is Code.STATION_UNKNOWN
    assert refused(data, province, RENAME, A, rename(named(data)[A][0])) is Code.STATION_UNCHANGED
    assert refused(data, province, RENAME, A, rename("  ")) is Code.STATION_NAME
    assert refused(data, province, RENAME, A, rename("上\n下")) is Code.STATION_NAME
    assert refused(data, province, RENAME, A, rename(from_day="2026-02-30")) is Code.STATION_CHANGE_FAR
    assert refused(data, province, RENAME, A, rename(from_day=day(400))) is Code.STATION_CHANGE_FAR
    assert refused(data, province, RENAME, A, rename(from_day=day(-400))) is Code.STATION_CHANGE_ORDER
    administer(data, province, RENAME, A, rename(from_day=day(5)))
    assert refused(data, province, RENAME, A, rename("又一名", day(4))) is Code.STATION_CHANGE_ORDER
    unknown = MoveDetails(parent="999999999999", from_day=day(5), reason=WHY)  # type: ignore[arg-type]
    assert refused(data, province, MOVE, A, unknown) is Code.STATION_UNKNOWN
    same = MoveDetails(parent=None, from_day=day(5), reason=WHY)
    assert refused(data, province, MOVE, A, same) is Code.STATION_UNCHANGED
    # A change of the same day joins the one that is there.
    administer(data, province, MOVE, A, MoveDetails(parent=B, from_day=day(5), reason=WHY))
    last = history(data, A)[-1]
    assert (last.from_day, last.name, last.parent) == (day(5), "新名所", B)


def test_a_new_station_has_a_first_version(province: Province, data: Path) -> None:
    details = StationDetails(name="新所", kind="station", parent=A, certificates=())
    administer(data, province, AdministrationKind.ADD_STATION, "341802510000", details)
    assert [(version.from_day, version.name, version.parent) for version in history(data, "341802510000")] == [
        (day(), "新所", A)
    ]
