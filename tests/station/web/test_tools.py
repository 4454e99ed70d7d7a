"""The desk's tools over HTTP: the scan tray, search, verifying a file, phrases, the directory, diagnostics, handing a case on."""

import json
from dataclasses import replace
from http import HTTPStatus

from hub.protocol.envelope import Role
from hub.protocol.identifiers import digest_of
from hub.protocol.media_types import JPEG
from hub.signing.purposes import SealPurpose
from station_agent.desk.approve import approve, reject
from station_agent.desk.draft import LATER_FIELDS, NewFile, draft
from station_agent.desk.stamp import stamp
from station_agent.store.cases import files_of, require_case, save_case
from station_agent.store.letters import require_letter
from station_agent.store.search import lookups
from station_agent.store.tray import tray_items
from tests.exchange.builders import now_utc
from tests.station.desks import ORIGIN, a_sent_letter
from tests.station.scene import PERSON, a_body, a_scan, a_seal, another_scan, sealed
from tests.station.web.served import Served

UPLOAD = {"Content-Type": "application/octet-stream"}


async def dropped(served: Served, place: str, raw: bytes, name: str) -> str:
    """Upload a file in two pieces, as the page's script does; return the last answer."""
    token, half = await served.token(), len(raw) // 2
    begun = await served.post(f"{place}/upload/begin", {"_token": token, "name": name, "size": str(len(raw))})
    assert begun[0].status == HTTPStatus.OK, begun[1]
    answer = ""
    for offset, piece in ((0, raw[:half]), (half, raw[half:])):
        headers = UPLOAD | {"X-Form-Token": token, "Upload-Offset": str(offset)}
        path = f"{served.url}{place}/upload/piece"
        async with served.client.post(path, data=piece, headers=headers) as response:
            answer = await response.text()
            assert response.status == HTTPStatus.OK, answer
    return answer


async def test_a_scan_dropped_into_the_tray_is_joined_taken_apart_and_attached_to_the_letter(served: Served) -> None:
    desk, now = served.station, now_utc()
    approve(desk.agent, desk.head, served.case, now=now)
    stamp(desk.agent, desk.custodian, served.case, copies=1, now=now)
    await served.sign_in(desk.window)
    await dropped(served, "/tray", a_scan(), "第1页.jpg")
    await dropped(served, "/tray", another_scan(), "第2页.jpg")
    await dropped(served, "/tray", b"no scan", "备注.docx")
    _, page = await served.get("/tray")
    assert all(word in page for word in ("第1页.jpg", "第2页.jpg", "就绪", "失败", "不是可识别的"))
    token = await served.token()
    first, second = (row.item for row in items(served)[-3:-1])
    response, _ = await served.post("/tray/do/join", {"_token": token, f"item.{first}": "on", f"item.{second}": "on"})
    joined = int(response.headers["Location"].rpartition("/")[2])
    _, page = await served.get(f"/tray/{joined}")
    assert served.case in page
    assert "从第 2 页另起一件" in page
    response, _ = await served.post(f"/tray/{joined}/split", {"_token": token, "before.2": "on"})
    assert response.headers["Location"] == "/tray"
    # One of the parts becomes the letter's scan: through the same comparison as any scan.
    part = items(served)[-2].item
    response, _ = await served.post(f"/tray/{part}/attach", {"_token": token, "case": served.case})
    assert response.headers["Location"] == f"/cases/{served.case}/letter"
    _, page = await served.get(f"/cases/{served.case}/letter")
    assert "左边是批准的函" in page
    ticks = {"pages": "1"} | dict.fromkeys(("pages_equal", "stamp_clear", "persons_equal", "original"), "on")
    response, page = await served.post(f"/cases/{served.case}/letter/take/proof", {"_token": token} | ticks)
    assert response.status == HTTPStatus.SEE_OTHER, page
    row = next(row for row in items(served) if row.item == part)
    assert (row.state, row.case) == ("attached", served.case)
    with desk.agent.store.read() as tx:
        assert require_letter(tx, served.case).scan == row.digest  # type: ignore[arg-type]
    # Attached, it is seen at the case only.
    response, _ = await served.get(f"/tray/{part}")
    assert response.status == HTTPStatus.UNPROCESSABLE_ENTITY


async def test_a_scan_that_a_case_has_already_is_a_duplicate_with_a_way_to_the_case(served: Served) -> None:
    desk = served.station
    nobodys, raw = a_scan() + b"nobody's", a_scan() + b"a case's"
    proof = NewFile(raw, "旧证明.jpg", JPEG, Role.PROOF)
    entry = {"item": "民族", "change_code": "52", "current": "汉", "proposed": "回", "proof": digest_of(raw)}
    body = {"person": PERSON, "items": [entry], "caused_by_opener": True}
    case = draft(desk.agent, desk.window, type="C04", to=ORIGIN, body=body, files=(proof,), now=now_utc())
    await served.sign_in(desk.window)
    await dropped(served, "/tray", nobodys, "别的.jpg")
    _, page = await served.get(f"/tray/{items(served)[-1].item}")
    assert "完全相同" not in page
    await dropped(served, "/tray", raw, "又一次.jpg")
    for place in ("/tray", f"/tray/{items(served)[-1].item}"):
        _, page = await served.get(place)
        assert f'<a href="/cases/{case}">该扫描件与 {case} 中的文件完全相同</a>' in page, place


async def test_a_scan_of_the_tray_goes_with_a_message_wherever_its_definition_has_a_place(served: Served) -> None:
    """A rejected C04 inquiry, written anew: its proof comes from the tray, through the draft of the form."""
    desk = served.station
    await served.sign_in(desk.window)
    proof = NewFile(a_scan(), "旧证明.jpg", JPEG, Role.PROOF)
    entry = {"item": "民族", "change_code": "52", "current": "汉", "proposed": "回", "proof": digest_of(proof.raw)}
    body = {"person": PERSON, "items": [entry], "caused_by_opener": True}
    case = draft(desk.agent, desk.window, type="C04", to=ORIGIN, body=body, files=(proof,), now=now_utc())
    reject(desk.agent, desk.head, case, reason="请换清楚的证明", now=now_utc())
    await dropped(served, "/tray", another_scan(), "新证明.jpg")
    item, token = items(served)[-1].item, await served.token()
    _, page = await served.get(f"/tray/{item}")
    form = f"/cases/{case}/letter/redraft"
    assert f"{form}#items.0.proof" in page
    for wrong in (f"{form}#items.0.item", "/cases/C04-341822500000-2026-999999/letter/redraft#other", "//evil.example"):
        response, _ = await served.post(f"/tray/{item}/attach", {"_token": token, "case": wrong})
        assert response.status == HTTPStatus.UNPROCESSABLE_ENTITY, wrong
    response, _ = await served.post(f"/tray/{item}/attach", {"_token": token, "case": f"{form}#items.0.proof"})
    assert response.headers["Location"] == form
    _, page = await served.get(form)
    chosen = page.split('name="items.0.proof.tray"')[1].split("</select>")[0]
    assert f'<option value="{item}" selected' in chosen
    assert "回" in page  # the rest of the inquiry is there as it was
    assert items(served)[-1].state == "waiting"  # not before it is sent
    posted = {
        "_token": token,
        "_place": form,
        "person.name": PERSON["name"],
        "person.id18": PERSON["id18"],
        "items.0.item": "民族",
        "items.0.change_code": "52",
        "items.0.current": "汉",
        "items.0.proposed": "回",
        "caused_by_opener": "on",
    }
    response, page = await served.post(form, posted | {"items.0.proof.tray": "99999"})
    assert response.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "99999" in page
    response, page = await served.post(form, posted | {"items.0.proof.tray": str(item)})
    assert response.status == HTTPStatus.SEE_OTHER, page
    row = items(served)[-1]
    assert (row.state, row.case) == ("attached", case)
    with desk.agent.store.read() as tx:
        assert row.digest in [file.digest for file in files_of(tx, case, Role.PROOF)]
        assert row.digest is not None
        assert row.digest.encode() in require_letter(tx, case).body


async def test_chosen_cases_are_printed_in_one_view_without_navigation_with_one_note(served: Served) -> None:
    await served.sign_in(served.station.window)
    other = draft(
        served.station.agent, served.station.window, type="C06", to=ORIGIN, body=a_draft_body(), now=now_utc()
    )
    _, page = await served.get("/sent?tab=all")
    assert f'name="case.{other}"' in page
    token = await served.token()
    chosen = {f"case.{served.case}": "on", f"case.{other}": "on", "which": "sent"}
    response, page = await served.post("/print", {"_token": token, "note": "交班移交"} | chosen)
    assert response.status == HTTPStatus.OK
    assert all(word in page for word in (served.case, other, "交班移交", "打印人"))
    assert 'class="places"' not in page
    assert PERSON["name"] not in page  # masked as in the list
    response, page = await served.post("/print", {"_token": token, "letters": "on"} | chosen)
    assert page.count("还没有说明函") == 2
    response, _ = await served.post("/print", {"_token": token, "which": "sent"})
    assert response.headers["Location"] == "/sent"
    response, _ = await served.post("/print", {"_token": token, "case.C06-341822500000-2026-999999": "on"})
    assert response.status == HTTPStatus.NOT_FOUND


def a_draft_body() -> dict[str, object]:
    return {key: value for key, value in a_body().items() if key not in LATER_FIELDS}


def items(served: Served) -> list:  # type: ignore[type-arg]
    with served.station.agent.store.read() as tx:
        return list(tray_items(tx))


async def test_what_is_discarded_can_be_taken_back(served: Served) -> None:
    await served.sign_in(served.station.window)
    await dropped(served, "/tray", a_scan() + b"\x00", "x.jpg")
    token, item = await served.token(), items(served)[-1].item
    await served.post("/tray/do/discard", {"_token": token, f"item.{item}": "on"})
    assert items(served)[-1].state == "discarded"
    _, page = await served.get("/tray")
    assert "前可恢复" in page
    await served.post("/tray/do/restore", {"_token": token, f"item.{item}": "on"})
    assert items(served)[-1].state == "waiting"


async def test_a_person_without_an_open_case_is_looked_up_with_a_reason_and_on_record(served: Served) -> None:
    await served.sign_in(served.station.window)
    token = await served.token()
    _, page = await served.post("/search", {"_token": token, "query": PERSON["name"]})
    assert served.case in page
    assert PERSON["id18"] not in page
    store = served.station.agent.store
    with store.read() as tx:
        before = len(lookups(tx))
    response, page = await served.post("/search", {"_token": token, "query": "李四"})
    assert "查询人员需要填写原因" in page
    _, page = await served.post("/search", {"_token": token, "query": "李四", "reason": "群众来电核实"})
    assert "没有找到您有权查看的案件" in page
    assert "已签名记录" in page
    with store.read() as tx:
        kept = lookups(tx)
    assert len(kept) == before + 1
    assert (kept[0].query, kept[0].reason, kept[0].officer) == ("李四", "群众来电核实", served.station.window.number)
    response, page = await served.post("/search", {"_token": token, "query": "张"})
    assert (response.status, "desk.search" in page) == (HTTPStatus.UNPROCESSABLE_ENTITY, False)
    assert "2个字以上的姓名" in page


async def test_closed_cases_of_a_person_are_shown_only_with_a_reason(served: Served) -> None:
    store = served.station.agent.store
    with store.write() as tx:
        # Every case of that person here is closed.
        for case in tx.exec_driver_sql('SELECT "case" FROM cases').scalars().all():
            save_case(tx, replace(require_case(tx, case), state="closed"), now=now_utc())
    await served.sign_in(served.station.window)
    token = await served.token()
    for query in (PERSON["name"], PERSON["id18"], PERSON["id18"][-4:]):
        _, page = await served.post("/search", {"_token": token, "query": query})
        assert served.case not in page, query
        _, page = await served.post("/search", {"_token": token, "query": query, "reason": "复核"})
        assert served.case in page, query
    _, page = await served.post("/search", {"_token": token, "query": served.case})
    assert served.case in page  # by its own number a case is found without one


async def test_searching_is_held_to_a_rate(served: Served) -> None:
    await served.sign_in(served.station.second)
    token = await served.token()
    answers = [await served.post("/search", {"_token": token, "query": "C06-000000"}) for _ in range(21)]
    assert "尝试过于频繁" in answers[-1][1]
    assert "尝试过于频繁" not in answers[0][1]


async def test_a_file_is_judged_and_not_kept(served: Served) -> None:
    await served.sign_in(served.station.head)
    letter = sealed(a_seal(SealPurpose.HOUSEHOLD), a_scan())
    await dropped(served, "/authentic", letter, "说明函.pdf")
    _, page = await served.get("/authentic")
    assert "签封的说明函" in page
    assert all(word in page for word in ("签封后未被改动", "seal.intact", "说明函.pdf"))
    assert not any(path.suffix == ".part" for path in (served.station.data / "desk-uploads").iterdir())


async def test_phrases_are_kept_for_all_and_offered_in_forms(served: Served) -> None:
    await served.sign_in(served.station.head)
    token = await served.token()
    response, page = await served.post("/phrases", {"_token": token, "code": "h s", "text": "x"})
    assert response.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert 'value="h s"' in page
    await served.post("/phrases", {"_token": token, "code": ":撤", "text": "人员信息有误,<撤回>重发。"})
    _, page = await served.get(f"/cases/{served.case}/do/withdraw")
    assert 'data-code="撤"' in page
    assert "&lt;撤回&gt;" in page
    await served.post("/phrases/drop", {"_token": token, "code": "撤"})
    _, page = await served.get("/phrases")
    assert "还没有常用语" in page


async def test_another_inquiry_of_the_kind_about_the_person_is_told_before_it_is_opened(served: Served) -> None:
    await served.sign_in(served.station.window)
    token = await served.token()
    _, told = await served.post("/new/C06/same", {"_token": token, "id18": PERSON["id18"]})
    assert served.case in json.loads(told)["cases"]
    assert "件未办结的同类函询" in json.loads(told)["text"]
    typed = {"to": "341802500000", "persons.0.id18": PERSON["id18"], "persons.0.name": PERSON["name"]}
    response, page = await served.post("/new/C06", {"_token": token} | typed)
    assert response.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "我已查看，仍要另行发起" in page
    assert f'href="/cases/{served.case}"' in page
    assert f'value="{PERSON["id18"]}"' in page
    _, page = await served.post("/new/C06", {"_token": token, "knows_same": "on"} | typed)
    assert "我已查看" not in page  # then what is missing is told


async def test_the_directory_names_sites_and_the_package_nobody(served: Served) -> None:
    await served.sign_in(served.station.custodian)
    _, page = await served.get("/directory?q=广德")
    assert "广德市公安局" in page
    assert "宿松县" not in page
    _, page = await served.get("/diagnostics")
    assert "从未连接过" in page
    response, text = await served.get("/diagnostics/package")
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert served.case not in text
    assert PERSON["name"] not in text


async def test_the_register_of_seal_uses_is_kept_by_month_with_the_seals_cards(served: Served) -> None:
    desk, now = served.station, now_utc()
    approve(desk.agent, desk.head, served.case, now=now)
    stamp(desk.agent, desk.custodian, served.case, copies=2, now=now)
    await served.sign_in(desk.custodian)
    _, page = await served.get("/seal-use")
    assert all(word in page for word in ("户口专用章", "保管人", served.case, desk.head.number))
    _, page = await served.get("/seal-use?month=2020-01")
    assert served.case not in page
    assert "2020-01 没有用印记录" in page


async def test_a_file_is_looked_at_without_script_as_its_pages_one_below_the_other(served: Served) -> None:
    desk, now = served.station, now_utc()
    proof = NewFile(a_scan(), "户口簿复印件.jpg", JPEG, Role.OTHER)
    case = draft(desk.agent, desk.window, type="C06", to=ORIGIN, body=a_draft_body(), files=(proof,), now=now)
    await served.sign_in(desk.window)
    _, page = await served.get(f"/cases/{case}")
    path = page.split("<noscript><a")[1].split('href="')[1].split('"')[0]
    response, page = await served.get(path)
    assert response.status == HTTPStatus.OK
    assert "户口簿复印件.jpg" in page
    assert 'class="places"' in page  # a page like any other, not a part of one
    picture = page.split('<img src="')[1].split('"')[0]
    response, _ = await served.get(picture)
    assert response.headers["Content-Type"] == "image/png"
    _, part = await served.get(path, headers={"HX-Request": "true"})
    assert "data-viewer" in part
    assert "<html" not in part


async def test_a_scan_of_the_tray_goes_with_what_the_other_station_asked_for(served: Served) -> None:
    desk = served.station
    case, _ = a_sent_letter(desk)
    with desk.agent.store.write() as tx:
        save_case(tx, replace(require_case(tx, case), state="awaiting_supply"), now=now_utc())
    await served.sign_in(desk.window)
    await dropped(served, "/tray", another_scan() + b"\x00", "补充证明.jpg")
    item, token, form = items(served)[-1].item, await served.token(), f"/cases/{case}/do/supply"
    await served.post("/drafts", {"_token": token, "_place": form, "text": "补充说明,写到一半"})
    _, page = await served.get(f"/tray/{item}")
    assert f"{form}#proof" in page
    response, _ = await served.post(f"/tray/{item}/attach", {"_token": token, "case": f"{form}#proof"})
    assert response.headers["Location"] == form
    _, page = await served.get(form)
    assert "补充说明,写到一半" in page  # what was typed before stays
    response, page = await served.post(form, {"_token": token, "text": "补充说明", "proof.tray": str(item)})
    assert response.status == HTTPStatus.SEE_OTHER, page
    row = items(served)[-1]
    assert (row.state, row.case) == ("attached", case)
    response, page = await served.post(form, {"_token": token, "text": "再补充", "proof.tray": str(item)})
    assert response.status == HTTPStatus.UNPROCESSABLE_ENTITY  # it is the case's now


async def test_what_was_done_is_said_on_the_next_page_and_not_to_a_part_that_refreshes(served: Served) -> None:
    desk = served.station
    await served.sign_in(desk.window)
    await dropped(served, "/tray", another_scan(), "多余.jpg")
    token = await served.token()
    await served.post("/tray/do/discard", {"_token": token, f"item.{items(served)[-1].item}": "on"})
    said = "已丢弃，24小时内可恢复"
    for path, is_said in (("/tray/rows", False), ("/tray", True), ("/tray", False)):
        _, page = await served.get(path)
        assert (said in page) is is_said, path
