"""Nothing that is typed at the hub's desk is lost: kept while it is typed, through the session's end and a restart; never whom one searched for."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from hub.pages.drafts import DraftRow, is_place
from hub.protocol.instants import format_instant
from hub.store.database import Readers, open_writer
from hub.store.desk import find_draft
from hub.store.layout import DataFolder
from hub.web.desk.drafts import KEPT, HubDrafts
from tests.exchange.builders import now_utc
from tests.web.desk.bureau import Bureau, Served, a_bureau, served_desk
from tests.web.desk.filings import Filed, file_cases


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bureau, Filed]:
    bureau = a_bureau(Path(tmp_path_factory.mktemp("bureau")))
    return bureau, asyncio.run(file_cases(bureau.province, bureau.data, each=1))


@pytest.fixture
async def served(scene: tuple[Bureau, Filed]) -> AsyncIterator[Served]:
    async with served_desk(scene[0]) as made:
        yield made


def kept(bureau: Bureau, number: str, place: str) -> DraftRow | None:
    readers = Readers(DataFolder(bureau.data).database)
    try:
        return readers.read_now(lambda tx: find_draft(tx, number, place))
    finally:
        readers.close()


async def test_a_reason_typed_while_the_session_ends_waits_behind_the_sign_in(
    scene: tuple[Bureau, Filed], served: Served
) -> None:
    bureau, filed = scene
    signer = bureau.administrators[0]
    await served.sign_in(signer)
    token, station = await served.token(), filed.claimed[0].split("-")[1]
    _, page = await served.post("/acts/preview", {"_token": token, "kind": "suspend-station", "subject": station})
    place = page.split('name="_place" value="')[1].split('"')[0].replace("&amp;", "&")
    typed = {
        "_token": token,
        "_place": place,
        "kind": "suspend-station",
        "subject": station,
        "reason": "设备送修,写到一半",
    }
    response, text = await served.post("/drafts", typed)
    assert response.status == HTTPStatus.OK, text
    # The desk starts anew: the session is over, the cookie still says whose it was.
    async with served_desk(bureau) as again:
        served.url = again.url
        response, _ = await served.post("/acts/sign", typed | {"reason": "设备送修,已写完", "password": "secret"})
        assert response.status == HTTPStatus.SEE_OTHER
        query = parse_qs(urlsplit(response.headers["Location"]).query)
        assert query["next"] == [place]
        await served.sign_in(signer)
        _, page = await served.get(place)
        assert "设备送修,已写完" in page
        assert "草稿" in page
        row = kept(bureau, signer.certified.number or "", place)
        assert row is not None
        assert b"secret" not in row.fields
        # Signed, it is done with.
        response, _ = await served.post("/acts/sign", typed | {"_token": await served.token()})
        assert response.status == HTTPStatus.SEE_OTHER
        assert kept(bureau, signer.certified.number or "", place) is None


async def test_each_form_of_a_page_has_its_own_draft_and_whom_one_searches_for_is_not_kept(
    scene: tuple[Bureau, Filed], served: Served
) -> None:
    bureau, filed = scene
    await served.sign_in(bureau.auditor)
    token, case, number = await served.token(), filed.claimed[0], bureau.auditor.certified.number or ""
    for what, reason in (("reveal", "信访核查"), ("evidence", "移送卷宗")):
        await served.post("/drafts", {"_token": token, "_place": f"/cases/{case}?to={what}", "reason": reason})
    _, page = await served.get(f"/cases/{case}")
    assert 'value="信访核查"' in page
    assert 'value="移送卷宗"' in page
    form = {"_token": token, "_place": "/cases?to=person", "name": "张三", "id18": "341824199003078810"}
    await served.post("/drafts", form | {"reason": "群众投诉"})
    row = kept(bureau, number, "/cases?to=person")
    assert row is not None
    assert "张三".encode() not in row.fields
    assert b"3418241990" not in row.fields
    _, page = await served.get("/cases")
    assert 'value="群众投诉"' in page
    # Another's drafts are another's.
    await served.sign_in(bureau.administrators[0])
    _, page = await served.get(f"/cases/{case}")
    assert "信访核查" not in page
    response, _ = await served.post("/drafts/throw-away", {"_token": await served.token(), "_place": "//evil.example"})
    assert response.headers["Location"] == "/desk"


def test_what_nobody_goes_on_with_for_a_month_is_forgotten(scene: tuple[Bureau, Filed]) -> None:
    folder, now = DataFolder(scene[0].data), now_utc()
    readers, engine = Readers(folder.database), open_writer(folder.database)
    try:
        drafts = HubDrafts(readers, engine)
        drafts.save(DraftRow("900009", "/old", b"{}", format_instant(now - KEPT * 2)))
        assert drafts.find("900009", "/old") is not None
        drafts.save(DraftRow("900009", "/new", b"{}", format_instant(now)))
        assert drafts.find("900009", "/old") is None
        drafts.drop("900009", "/new")
        assert drafts.find("900009", "/new") is None
    finally:
        readers.close()
        engine.dispose()


@pytest.mark.parametrize(
    "text", ["", "desk", "//evil.example", "/\\evil.example", "https://evil.example", "/" + "x" * 300]
)
def test_a_place_is_a_path_of_these_pages(text: str) -> None:
    assert not is_place(text)
