"""A6 at the hub's desk: an organisation renamed and moved by two people, its tree with days, letters under the names of their day."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

import pytest

from hub.exchange.verify_trail import verify_trail
from hub.protocol.instants import SHANGHAI, format_instant
from hub.store.database import open_writer
from hub.store.layout import DataFolder
from tests.exchange.builders import A, B, now_utc
from tests.web.desk.bureau import Bureau, Served, a_bureau, served_desk
from tests.web.desk.filings import Filed, file_cases
from tests.web.desk.test_pages import index_all

WHY = "民政批复〔2026〕9号"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bureau, Filed]:
    bureau = a_bureau(Path(tmp_path_factory.mktemp("bureau")))
    filed = asyncio.run(file_cases(bureau.province, bureau.data, each=1))
    index_all(bureau.data)
    return bureau, filed


@pytest.fixture
async def served(scene: tuple[Bureau, Filed]) -> AsyncIterator[Served]:
    async with served_desk(scene[0]) as made:
        yield made


def day(after: int = 0) -> str:
    return (now_utc().astimezone(SHANGHAI).date() + timedelta(days=after)).isoformat()


async def changed(served: Served, bureau: Bureau, path: str, form: dict[str, str]) -> None:
    """See it whole, sign it, and have the other administrator approve it."""
    await served.sign_in(bureau.administrators[0])
    sent = {"_token": await served.token()} | form
    response, page = await served.post(path, sent)
    assert response.status == HTTPStatus.OK, page
    assert form["reason"] in page
    response, page = await served.post(f"{path}/sign", sent)
    assert (response.status, response.headers.get("Location")) == (HTTPStatus.SEE_OTHER, "/pending"), page
    await served.sign_in(bureau.administrators[1])
    _, page = await served.get("/pending")
    number = page.split('href="/pending/')[-1].split('"')[0]
    _, page = await served.get(f"/pending/{number}")
    assert form["reason"] in page
    assert form["from_day"] in page
    response, page = await served.post(f"/pending/{number}/approve", {"_token": await served.token()})
    assert response.status == HTTPStatus.SEE_OTHER, page


async def test_a_station_is_renamed_by_two_and_the_tree_says_since_when(
    served: Served, scene: tuple[Bureau, Filed]
) -> None:
    bureau, _ = scene
    await served.sign_in(bureau.administrators[0])
    _, page = await served.get("/stations")
    assert f"自 {day()}" in page
    assert f"/stations/{B}/rename" in page
    form = {"value": "广德市桃州派出所", "from_day": day(3), "reason": WHY}
    await changed(served, bureau, f"/stations/{B}/rename", form)
    _, page = await served.get("/stations")
    assert f"自 {day(3)} 起：广德市桃州派出所" in page
    await changed(served, bureau, f"/stations/{B}/move", {"value": A, "from_day": day(3), "reason": WHY})
    _, page = await served.get(f"/stations/{B}/move")
    assert page.count("<dt>自 ") == 2
    _, page = await served.get("/log")
    assert "单位更名" in page
    assert verify_trail(bureau.data).ok


async def test_a_letter_stands_under_the_name_of_its_day(served: Served, scene: tuple[Bureau, Filed]) -> None:
    bureau, filed = scene
    await served.sign_in(bureau.administrators[0])
    _, page = await served.get(f"/cases/{filed.claimed[0]}")
    before = page.split('<p class="event-who">')[1].split(" → ")[0]
    week_ago = format_instant(now_utc() - timedelta(days=7))
    engine = open_writer(DataFolder(bureau.data).database)
    with engine.begin() as tx:
        tx.exec_driver_sql("UPDATE envelopes SET received_at = ?", (week_ago,))
        tx.exec_driver_sql("UPDATE station_versions SET from_day = '2019-09-01' WHERE code = ?", (A,))
    engine.dispose()
    form = {"value": "广德市南城派出所", "from_day": day(), "reason": WHY}
    await changed(served, bureau, f"/stations/{A}/rename", form)
    _, page = await served.get(f"/cases/{filed.claimed[0]}")
    steps = page.split('aria-labelledby="h-steps"')[1].split("</section>")[0]
    assert "广德市南城派出所" in page.replace(steps, "")
    assert before in steps
    assert "广德市南城派出所" not in steps


@pytest.mark.parametrize(
    ("what", "changes", "said"),
    [
        ("rename", {"value": "  "}, "1至200个"),
        ("rename", {"reason": "急"}, "4至500字"),
        ("rename", {"from_day": "2026-02-30"}, "日期不存在"),
        ("rename", {"from_day": ""}, "日期不存在"),
        ("rename", {"from_day": "2099-01-01"}, "一年以后"),
        ("rename", {"from_day": "2001-01-01"}, "起另有变更"),
        ("move", {"value": "abc"}, "单位代码"),
        ("move", {"value": "999999999999"}, "单位未登记"),
        ("move", {"value": A}, "不能是本单位"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_and_nothing_is_proposed(
    served: Served, scene: tuple[Bureau, Filed], what: str, changes: dict[str, str], said: str
) -> None:
    await served.sign_in(scene[0].administrators[0])
    value = "某所" if what == "rename" else ""
    form = {"_token": await served.token(), "value": value, "from_day": day(), "reason": WHY} | changes
    response, page = await served.post(f"/stations/{A}/{what}/sign", form)
    assert response.status == HTTPStatus.UNPROCESSABLE_ENTITY, page
    assert 'role="alert"' in page
    assert said in page
    _, pending = await served.get("/pending")
    assert f"/stations/{A}" not in pending


async def test_no_such_station_is_not_found_and_an_auditor_changes_none(
    served: Served, scene: tuple[Bureau, Filed]
) -> None:
    bureau, _ = scene
    await served.sign_in(bureau.administrators[0])
    for code in ("999999999999", "nonsense"):
        response, _ = await served.get(f"/stations/{code}/rename")
        assert response.status == HTTPStatus.NOT_FOUND
    await served.sign_in(bureau.auditor)
    _, page = await served.get("/stations")
    assert f"/stations/{A}/rename" not in page
    response, _ = await served.get(f"/stations/{A}/rename")
    assert response.status == HTTPStatus.FORBIDDEN
