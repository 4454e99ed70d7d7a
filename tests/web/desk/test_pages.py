"""What the pages do: searching, masking, revealing with a trace, evidence, two people, the chain check, saving tables."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path

import pytest

from hub.exchange.administration import approve as approve_act
from hub.exchange.administration import look_at_case, open_office, propose_erasure
from hub.exchange.limits import Reckoning, usual_reckoning
from hub.exchange.search_index import begin, index_some, progress_of
from hub.exchange.verify_trail import verify_trail
from hub.pages.tables import csv_of, harmless, xlsx_of
from hub.protocol.identifiers import StationId
from hub.signing.jws import stated_payload
from hub.store.database import Readers, open_writer
from hub.store.desk import LookUp, lookups_known, reveals_for
from hub.store.layout import DataFolder
from hub.store.search import people_of, terms_of
from hub.store.stations import stations_known
from tests.exchange.builders import PASSPHRASE, B, now_utc
from tests.web.desk.bureau import Bureau, Served, a_bureau, served_desk
from tests.web.desk.filings import Filed, file_cases


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bureau, Filed]:
    bureau = a_bureau(Path(tmp_path_factory.mktemp("bureau")))
    filed = asyncio.run(file_cases(bureau.province, bureau.data, each=2))
    index_all(bureau.data)
    return bureau, filed


@pytest.fixture
async def served(scene: tuple[Bureau, Filed]) -> AsyncIterator[Served]:
    async with served_desk(scene[0]) as made:
        yield made


def index_all(data: Path) -> None:
    """Index everything that is filed."""
    path, rules = DataFolder(data).database, usual_reckoning()
    readers, engine = Readers(path), open_writer(path)
    begin(engine, rules)
    while index_some(readers, engine, rules):
        pass
    assert readers.read_now(progress_of).behind == 0
    readers.close()
    engine.dispose()


async def found_by(served: Served, form: dict[str, str], path: str = "/cases/search") -> str:
    """The page that a question leads to."""
    response, text = await served.post(path, {"_token": await served.token(), **form})
    assert response.status == HTTPStatus.SEE_OTHER, text
    assert not any(value in response.headers["Location"] for value in form.values() if value)
    _, page = await served.get(response.headers["Location"])
    return page


async def test_the_overview_leads_down_to_the_cases_that_a_station_must_act_on(
    served: Served, scene: tuple[Bureau, Filed]
) -> None:
    bureau, filed = scene
    await served.sign_in(bureau.auditor)
    _, whole = await served.get("/desk")
    assert f'href="/desk?org={B}"' in whole
    _, page = await served.get(f"/desk?org={B}")
    assert [case in page for case in filed.delivered] == [True] * len(filed.delivered)
    assert 'class="days"' not in page  # the chart is of the whole hub
    assert "11010519491231002X" not in page


async def test_cases_are_found_by_conditions_and_numbers_and_shown_masked(
    served: Served, scene: tuple[Bureau, Filed]
) -> None:
    bureau, filed = scene
    await served.sign_in(bureau.auditor)
    page = await found_by(served, {"type": "C04", "station": B, "state": "delivered"})
    assert [case in page for case in filed.delivered] == [True] * len(filed.delivered)
    assert filed.claimed[0] not in page
    page = await found_by(served, {"term": filed.answered[0]})
    assert page.count("case-row") == 1
    assert "11010519491231002X" not in page
    assert "110105********002X" in page
    page = await found_by(served, {"lateness": "late"})
    assert "case-row" not in page
    response, text = await served.post("/cases/search", {"_token": await served.token(), "opened_from": "1.1.2026"})
    assert response.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "desk.view" in text


async def test_a_person_is_found_with_a_reason_that_stays_and_names_nobody(
    served: Served, scene: tuple[Bureau, Filed]
) -> None:
    bureau, _ = scene
    await served.sign_in(bureau.auditor)
    path = "/cases/search-person"
    page = await found_by(served, {"id18": "8810", "reason": "核查投诉一"}, path)
    assert page.count('class="case-row"') == 4
    page = await found_by(served, {"name": "𠮷田花", "reason": "核查投诉二"}, path)
    assert page.count('class="case-row"') == 2
    for wrong in ({"name": "张"}, {"id18": "881"}, {}):
        _, text = await served.post(path, {"_token": await served.token(), "reason": "核查投诉", **wrong})
        assert "desk.search" in text
    _, page = await served.get("/lookups?what=person")
    assert "核查投诉一" in page
    _, page = await served.get("/log")
    assert "核查投诉二" in page
    assert "𠮷田花" not in page


async def test_a_question_is_saved_counted_and_forgotten_but_none_that_names_a_person(
    served: Served, scene: tuple[Bureau, Filed]
) -> None:
    await served.sign_in(scene[0].auditor)
    token = await served.token()
    response, _ = await served.post("/cases/search", {"_token": token, "state": "claimed"})
    view = response.headers["Location"].split("view=")[1]
    await served.post("/cases/save-view", {"_token": token, "view": view, "name": "已签收件"})
    _, page = await served.get("/cases")
    assert "已签收件" in page
    await served.post("/cases/drop-view", {"_token": token, "view": view})
    _, page = await served.get("/cases")
    assert "已签收件" not in page
    form = {"_token": token, "id18": "8810", "reason": "核查投诉"}
    response, _ = await served.post("/cases/search-person", form)
    view = response.headers["Location"].split("view=")[1]
    response, text = await served.post("/cases/save-view", {"_token": token, "view": view, "name": "某人"})
    assert "desk.view" in text


async def test_a_trail_is_masked_until_a_reason_is_given_and_that_leaves_a_leaf(
    served: Served, scene: tuple[Bureau, Filed]
) -> None:
    bureau, filed = scene
    await served.sign_in(bureau.auditor)
    place, token = f"/cases/{filed.answered[0]}", await served.token()
    _, page = await served.get(place)
    assert "核对无误" not in page
    assert "未检查" in page
    response, _ = await served.post(f"{place}/reveal", {"_token": token, "reason": "信访核查"})
    assert response.status == HTTPStatus.SEE_OTHER
    _, page = await served.get(place)
    assert "核对无误" in page
    assert f"{bureau.auditor.certified.name} 900009" in page
    readers = Readers(DataFolder(bureau.data).database)
    looks = readers.read_now(lambda tx: lookups_known(tx, what=LookUp.REVEAL))
    readers.close()
    assert (looks[0].case, looks[0].reason, looks[0].by_number) == (filed.answered[0], "信访核查", "900009")
    assert verify_trail(bureau.data).ok


async def test_integrity_is_proved_or_said_to_be_inconsistent(served: Served, scene: tuple[Bureau, Filed]) -> None:
    bureau, filed = scene
    await served.sign_in(bureau.auditor)
    token = await served.token()
    _, page = await served.post(f"/cases/{filed.answered[0]}/check", {"_token": token})
    assert "result-passed" in page
    assert "finding-inconsistent" not in page
    engine = open_writer(DataFolder(bureau.data).database)
    with engine.begin() as tx:
        changed = "UPDATE envelopes SET raw = raw || 'x' WHERE case_id = ? AND kind = 'claim'"
        tx.exec_driver_sql(changed, (filed.claimed[1],))
    _, page = await served.post(f"/cases/{filed.claimed[1]}/check", {"_token": token})
    assert "result-failed" in page
    with engine.begin() as tx:
        back = "UPDATE envelopes SET raw = substr(raw, 1, length(raw) - 1) WHERE case_id = ? AND kind = 'claim'"
        tx.exec_driver_sql(back, (filed.claimed[1],))
    engine.dispose()


async def test_an_evidence_file_is_exported_with_a_reason(served: Served, scene: tuple[Bureau, Filed]) -> None:
    bureau, filed = scene
    await served.sign_in(bureau.auditor)
    form = {"_token": await served.token(), "reason": "移送检察"}
    async with served.client.post(f"{served.url}/cases/{filed.answered[0]}/evidence", data=form) as response:
        raw = await response.read()
        assert response.headers["Content-Disposition"] == f'attachment; filename="{filed.answered[0]}.asice"'
    assert {"mimetype", "envelopes/0001.jws", "receipts/0001.jws"} <= set(zipfile.ZipFile(io.BytesIO(raw)).namelist())
    _, page = await served.get("/lookups?what=evidence")
    assert "移送检察" in page
    # The file shows everything, so the case's stations learn of it as of any look in full.
    readers = Readers(DataFolder(bureau.data).database)
    told = readers.read_now(lambda tx: reveals_for(tx, StationId(filed.answered[0].split("-")[1]), after=0, limit=10))
    readers.close()
    assert any(case == filed.answered[0] and "移送检察" in str(stated_payload(raw), "utf-8") for _, case, raw in told)


async def test_a_station_is_suspended_by_one_and_resumed_by_two_who_saw_it_whole(
    served: Served, scene: tuple[Bureau, Filed]
) -> None:
    bureau, _ = scene
    first, second = bureau.administrators

    def is_active() -> bool:
        readers = Readers(DataFolder(bureau.data).database)
        found = {entry.code: entry.active for entry in readers.read_now(stations_known)}
        readers.close()
        return found[B]

    await served.sign_in(first)
    form = {"_token": await served.token(), "kind": "suspend-station", "subject": B}
    _, page = await served.post("/acts/preview", form)
    assert B in page
    assert is_active()
    await served.post("/acts/sign", form | {"reason": "设备送修"})
    assert not is_active()
    response, _ = await served.post("/acts/sign", form | {"kind": "resume-station", "reason": "修复完成"})
    assert response.headers["Location"] == "/pending"
    assert not is_active()
    _, page = await served.get("/pending")
    number = page.split('href="/pending/')[1].split('"')[0]
    response, page = await served.post(f"/pending/{number}/approve", {"_token": form["_token"]})
    assert response.status >= HTTPStatus.BAD_REQUEST
    assert not is_active()
    await served.sign_in(second)
    _, page = await served.get(f"/pending/{number}")
    assert "修复完成" in page
    response, page = await served.post(f"/pending/{number}/approve", {"_token": await served.token()})
    assert response.status == HTTPStatus.SEE_OTHER, page
    assert is_active()


async def test_the_chain_is_checked_in_view(served: Served, scene: tuple[Bureau, Filed]) -> None:
    await served.sign_in(scene[0].auditor)
    await served.post("/log/check", {"_token": await served.token()})
    for _ in range(100):
        _, part = await served.get("/log/check")
        if "bar-" in part:
            break
        await asyncio.sleep(0.1)
    assert "bar-good" in part


async def test_lists_are_saved_without_formulas(served: Served, scene: tuple[Bureau, Filed]) -> None:
    await served.sign_in(scene[0].auditor)
    response, _ = await served.post("/cases/search", {"_token": await served.token(), "type": "C04"})
    view = response.headers["Location"].split("view=")[1]
    response, text = await served.get(f"/cases/export/csv?view={view}")
    assert response.headers["Content-Type"].startswith("text/csv")
    assert "110105********002X" in text
    assert "11010519491231002X" not in text
    for path in (f"/cases/export/xlsx?view={view}", "/figures/export/xlsx", "/log/export/xlsx", "/log/export/csv"):
        async with served.client.get(served.url + path) as answer:
            raw = await answer.read()
            assert answer.status == HTTPStatus.OK
            assert raw[:2] == b"PK" or path.endswith("csv")
    response, _ = await served.get("/figures/export/exe")
    assert response.status == HTTPStatus.NOT_FOUND
    for cell in ("=1+1", "+1", "-1", "@x", "\t=1", " =1"):
        assert str(harmless(cell)).startswith("'")
    assert harmless(-1) == -1
    assert b"'=1+1" in csv_of(["a"], [["=1+1"]])
    sheet = zipfile.ZipFile(io.BytesIO(xlsx_of(["a"], [["=1+1", 7, None]]))).read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    assert b"<v>7</v>" in sheet


async def test_no_personal_data_stands_in_an_address_or_the_log(
    served: Served, scene: tuple[Bureau, Filed], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await served.sign_in(scene[0].auditor)
    page = await found_by(served, {"id18": "341824199003078810", "reason": "核查投诉"}, "/cases/search-person")
    addresses = [part.split('"')[0] for part in page.split('href="')[1:] + page.split('action="')[1:]]
    assert not [address for address in addresses if "3418241990" in address or "张" in address]
    assert "3418241990" not in caplog.text
    assert "核查投诉" not in caplog.text


async def test_an_erased_case_leaves_nobody_in_the_index(tmp_path: Path) -> None:
    bureau = a_bureau(tmp_path)
    filed = await file_cases(bureau.province, bureau.data, each=1)
    index_all(bureau.data)
    first, second = bureau.administrators
    case, now = filed.answered[0], now_utc()
    with open_office(bureau.data, PASSPHRASE) as office:
        details = look_at_case(office, case, reason="保存期届满", open=True)
        proposal = propose_erasure(office, case, details, signer=first, now=now)
        assert proposal.number is not None
        approve_act(office, proposal.number, signer=second, now=now)
    path = DataFolder(bureau.data).database
    engine, readers = open_writer(path), Readers(path)
    assert readers.read_now(lambda tx: (people_of(tx, case), terms_of(tx, case))) == ((), ())
    with engine.begin() as tx:
        tx.exec_driver_sql("UPDATE desk_notes SET value = '0' WHERE name = 'search.filed'")
    engine.dispose()
    readers.close()
    index_all(bureau.data)  # made anew, it comes back without them as well
    readers = Readers(path)
    assert readers.read_now(lambda tx: (people_of(tx, case), terms_of(tx, case))) == ((), ())
    readers.close()
    async with served_desk(bureau) as served:
        await served.sign_in(bureau.auditor)
        _, page = await served.get(f"/cases/{case}")
        assert "内容已删除" in page
        _, page = await served.post(f"/cases/{case}/check", {"_token": await served.token()})
        assert "finding-inconsistent" not in page
        _, page = await served.get("/overrides")
        assert "保存期届满" in page


def test_the_index_says_what_the_limits_are(scene: tuple[Bureau, Filed]) -> None:
    assert isinstance(usual_reckoning(), Reckoning)
