"""A4's acts: urging and extending at the hub's desk: previewed, signed once, refused in words, and on record."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import pytest

from hub.exchange.verify_trail import verify_trail
from hub.protocol.administration import AdministrationKind
from hub.protocol.identifiers import CaseId
from hub.protocol.instants import SHANGHAI, format_instant
from hub.store.case_acts import CaseActRow, acts_about
from hub.store.database import Readers, open_writer
from hub.store.layout import DataFolder
from hub.store.search import limits_of
from tests.exchange.builders import now_utc
from tests.web.desk.bureau import Bureau, Served, a_bureau, served_desk
from tests.web.desk.filings import Filed, file_cases
from tests.web.desk.test_pages import index_all


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bureau, Filed]:
    """Cases that were filed a fortnight ago and rest."""
    bureau = a_bureau(Path(tmp_path_factory.mktemp("bureau")))
    filed = asyncio.run(file_cases(bureau.province, bureau.data, each=2))
    engine = open_writer(DataFolder(bureau.data).database)
    with engine.begin() as tx:
        tx.exec_driver_sql("UPDATE envelopes SET received_at = ?", (format_instant(now_utc() - timedelta(days=14)),))
    engine.dispose()
    index_all(bureau.data)
    return bureau, filed


@pytest.fixture
async def served(scene: tuple[Bureau, Filed]) -> AsyncIterator[Served]:
    async with served_desk(scene[0]) as made:
        yield made


def acts_of(bureau: Bureau, case: CaseId) -> tuple[CaseActRow, ...]:
    readers = Readers(DataFolder(bureau.data).database)
    found = readers.read_now(lambda tx: acts_about(tx, case))
    readers.close()
    return found


def typed(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")


def hidden(page: str) -> dict[str, str]:
    """What the signing form of a preview sends back."""
    form = page.split('/sign"')[1] if '/sign"' in page else ""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form.split("</form>")[0]))


async def previewed(served: Served, path: str, form: dict[str, str]) -> dict[str, str]:
    response, page = await served.post(path, {"_token": await served.token(), **form})
    assert response.status == HTTPStatus.OK, page
    return hidden(page)


async def test_a_late_station_is_urged_after_a_preview_and_the_same_act_twice_is_one(
    served: Served, scene: tuple[Bureau, Filed]
) -> None:
    bureau, filed = scene
    case = filed.delivered[0]
    await served.sign_in(bureau.administrators[0])
    _, board = await served.get("/overdue")
    assert f"/cases/{case}/urge" in board
    assert f"/cases/{case}/extend" in board
    _, page = await served.get(f"/cases/{case}/urge")
    assert "首次答复" in page
    form = await previewed(served, f"/cases/{case}/urge", {"step": "first_answer", "reason": "群众等了两周,请即办"})
    assert acts_of(bureau, case) == ()
    for _ in range(2):
        response, text = await served.post(f"/cases/{case}/urge/sign", form)
        assert (response.status, response.headers.get("Location")) == (HTTPStatus.SEE_OTHER, "/overdue"), text
    signed = acts_of(bureau, case)
    assert [(act.kind, act.step, act.reason, act.by_number) for act in signed] == [
        (AdministrationKind.URGE_CASE, "first_answer", "群众等了两周,请即办", bureau.administrators[0].certified.number)
    ]
    response, text = await served.post(f"/cases/{case}/urge/sign", form | {"reason": "另外一个原因"})
    assert (response.status, "已经签署过" in text) == (HTTPStatus.UNPROCESSABLE_ENTITY, True)
    _, board = await served.get("/overdue")
    assert "已督办" in board
    _, log = await served.get("/log")
    assert "群众等了两周" in log
    assert f"/cases/{case}" in log
    _, trail = await served.get(f"/cases/{case}")
    assert "督办与延期" in trail
    assert verify_trail(bureau.data).ok


async def test_an_extended_limit_leaves_the_board_and_both_ends_are_shown(
    served: Served, scene: tuple[Bureau, Filed]
) -> None:
    bureau, filed = scene
    case, until = filed.delivered[1], now_utc() + timedelta(days=2)
    await served.sign_in(bureau.administrators[1])
    form = await previewed(
        served, f"/cases/{case}/extend", {"step": "first_answer", "reason": "对方停电三天", "until": typed(until)}
    )
    stale = form | {"id": form["id"][:-1] + ("0" if form["id"][-1] != "0" else "1")}
    response, text = await served.post(f"/cases/{case}/extend/sign", form)
    assert response.status == HTTPStatus.SEE_OTHER, text
    readers = Readers(DataFolder(bureau.data).database)
    due = {limit.step: limit.due_at for limit in readers.read_now(lambda tx: limits_of(tx, case))}
    readers.close()
    assert due["first_answer"][:16] == format_instant(until)[:16]
    _, board = await served.get("/overdue")
    assert case not in board
    _, trail = await served.get(f"/cases/{case}")
    limits = trail.split('aria-labelledby="h-limits"')[1].split("</section>")[0]
    assert "延期：由 管理员乙 900002 延至" in limits
    assert "对方停电三天" in limits
    # A page that was opened before the limit moved signs nothing.
    response, text = await served.post(
        f"/cases/{case}/extend/sign", stale | {"until": typed(until + timedelta(days=1))}
    )
    assert (response.status, "之后变了" in text) == (HTTPStatus.UNPROCESSABLE_ENTITY, True)
    response, text = await served.post(
        f"/cases/{case}/urge", {"_token": await served.token(), "step": "first_answer", "reason": "再催一次"}
    )
    assert (response.status, "没有超期" in text) == (HTTPStatus.UNPROCESSABLE_ENTITY, True)
    assert len(acts_of(bureau, case)) == 1
    index_all(bureau.data)
    assert verify_trail(bureau.data).ok


@pytest.mark.parametrize(
    ("what", "changes", "said"),
    [
        ("urge", {"reason": " 急 "}, "4至500字"),
        ("urge", {"step": "approval"}, "不在计算"),
        ("urge", {"step": "nonsense"}, "不在计算"),
        ("extend", {"reason": ""}, "4至500字"),
        ("extend", {"until": ""}, "填写不正确"),
        ("extend", {"until": "2026-02-30T10:00"}, "填写不正确"),
        ("extend", {"until": "2020-01-01T10:00"}, "须晚于现在"),
        ("extend", {"until": "2099-01-01T10:00"}, "不能超过"),
        ("extend", {"step": "station_work"}, "不在计算"),
    ],
)
async def test_what_is_wrong_is_said_and_what_was_typed_stays(
    served: Served, scene: tuple[Bureau, Filed], what: str, changes: dict[str, str], said: str
) -> None:
    bureau, filed = scene
    case = filed.delivered[0]
    await served.sign_in(bureau.administrators[0])
    before = acts_of(bureau, case)
    form = {
        "step": "first_answer",
        "reason": "请尽快办理此件",
        "until": typed(now_utc() + timedelta(days=2)),
    } | changes
    for path in (f"/cases/{case}/{what}", f"/cases/{case}/{what}/sign"):
        sent = {"_token": await served.token(), "id": "0193a000-0000-7000-8000-000000000001"} | form
        response, page = await served.post(path, sent | {"seen": format_instant(now_utc())})
        assert response.status == HTTPStatus.UNPROCESSABLE_ENTITY, page
        if not path.endswith("sign"):
            assert said in page
        if "reason" not in changes and changes.get("step") is None:
            assert form["reason"] in page
    assert acts_of(bureau, case) == before


async def test_an_act_without_the_previews_id_or_of_an_answered_case_is_not_signed(
    served: Served, scene: tuple[Bureau, Filed]
) -> None:
    bureau, filed = scene
    await served.sign_in(bureau.administrators[0])
    token = await served.token()
    case = filed.claimed[0]
    form = {"_token": token, "step": "station_work", "reason": "请尽快办理", "seen": format_instant(now_utc())}
    response, text = await served.post(f"/cases/{case}/urge/sign", form | {"id": "x"})
    assert (response.status, "无法读取" in text) == (HTTPStatus.UNPROCESSABLE_ENTITY, True)
    response, text = await served.get(f"/cases/{filed.returned[0]}/urge")
    assert (response.status, "不在计算" in text) == (HTTPStatus.UNPROCESSABLE_ENTITY, True)


async def test_an_auditor_sees_the_board_without_acts_and_signs_none(
    served: Served, scene: tuple[Bureau, Filed]
) -> None:
    bureau, filed = scene
    await served.sign_in(bureau.auditor)
    _, board = await served.get("/overdue")
    assert filed.claimed[0] in board
    assert "/urge" not in board
    response, _ = await served.get(f"/cases/{filed.claimed[0]}/urge")
    assert response.status == HTTPStatus.FORBIDDEN
