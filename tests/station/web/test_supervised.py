"""An administrator urges at the hub's desk, in a browser; the officer of the late station sees it at the case, in another. All processes
are real: hub, hub desk, agents, stations' desks. Skips, and says so, where Chromium is not there."""

import random
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from hub.protocol.instants import SHANGHAI, format_instant
from hub.store.layout import DataFolder
from hub.web.desk.accounts import code_for
from hub.web.desk.ground import open_ground
from tests.end_to_end.stories import open_letter
from tests.end_to_end.world import PASSPHRASE, Process, World, wait_until
from tests.exchange.builders import now_utc
from tests.station.web.office import Office, offices
from tests.station.web.test_browser import CHROMIUM, faults, sign_in
from tests.web.desk.bureau import PASSWORD, keep_official

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium here: apt-get install chromium"),
]
WHY = "群众等候已久,请即办"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield started
        started.close()


def an_administrator(world: World) -> str:
    """Let the first administrator in at the hub's desk; return the second factor's secret."""
    data, signer = world.hub_folder.root, world.province.two_administrators()[0]
    keep_official(data, signer)
    number, then = signer.certified.number or "", now_utc() - timedelta(minutes=9)
    ground = open_ground(data, PASSPHRASE)
    try:
        with ground.engine.begin() as tx:
            code = code_for(tx, number, now=then)
        begun = ground.accounts.begin_enrolment(number, PASSWORD, code, now=then)
        ground.accounts.enrol(begun.ticket, pyotp.TOTP(begun.secret).at(then), now=then)
    finally:
        ground.close()
    return begun.secret


def at_the_hub(browser: Browser, url: str, secret: str) -> Page:
    page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
    page.on("pageerror", lambda error: pytest.fail(f"script: {error}"))
    page.goto(f"{url}/sign-in")
    page.fill("[name=number]", "900001")
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=code]", pyotp.TOTP(secret).now())
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk")
    return page


def make_late(world: World, case: str, office: Office) -> None:
    """Let the case have rested for a week, at the hub and at the station."""
    week_ago = format_instant(now_utc() - timedelta(days=7))
    for path, column, key in (
        (DataFolder(world.hub_folder.root).database, "received_at", "case_id"),
        (office.station.data / "agent.sqlite", "stored_at", '"case"'),
    ):
        with sqlite3.connect(path, timeout=30) as connection:
            connection.execute(f"UPDATE envelopes SET {column} = ? WHERE {key} = ?", (week_ago, case))


def test_an_urge_and_an_extension_reach_the_officers_case_page(tmp_path: Path, browser: Browser) -> None:
    with offices(tmp_path) as (world, (opener, answerer)):
        case = open_letter(opener.station, answerer.station, random.Random(1)).case
        wait_until(lambda: _handed_over(world, case), what=lambda: "the letter to be handed over")
        make_late(world, case, answerer)
        secret = an_administrator(world)
        command = ("hub", "desk", "--data", str(world.hub_folder.root), "--port", "0", "--passphrase-file")
        desk = Process("hub-desk", (*command, str(tmp_path / "passphrase")), tmp_path)
        desk.start()
        try:
            desk.wait_ready()
            _play(world, browser, case, secret, Office(answerer.station, desk).url, answerer)
        finally:
            desk.put_down()


def _handed_over(world: World, case: str) -> bool:
    with sqlite3.connect(world.hub_folder.database, timeout=30) as hub:
        query = "SELECT count(*) FROM envelopes WHERE case_id = ? AND kind = 'handover'"
        return bool(hub.execute(query, (case,)).fetchone()[0])


def _play(world: World, browser: Browser, case: str, secret: str, url: str, answerer: Office) -> None:
    answerer.enrol(answerer.station.window)
    officer = sign_in(browser.new_context(viewport={"width": 1366, "height": 768}), answerer, answerer.station.window)
    page, found = at_the_hub(browser, url, secret), list[str]()
    page.goto(f"{url}/overdue")
    expect(page.locator(f"a[href='/cases/{case}/urge']")).to_be_visible()
    found += faults(page)
    page.click(f"a[href='/cases/{case}/urge']")
    found += faults(page)
    page.fill("[name=reason]", WHY)
    page.click("button.main")
    expect(page.locator(".act-lines")).to_contain_text(WHY)
    found += faults(page)
    page.click("form[action$='/urge/sign'] button")
    expect(page.locator(".bar-good")).to_be_visible()
    expect(page.locator(".case-row", has_text=case)).to_contain_text("已督办")
    # The hub calls the agent, which judges the act; nothing is restarted and nobody waits for the next upkeep.
    _shown(officer, f"{answerer.url}/cases/{case}", "上级督办：管理员甲 900001")
    found += faults(officer)
    officer.goto(f"{answerer.url}/desk")
    expect(officer.locator(".card", has_text="上级督办")).to_contain_text("1")
    expect(officer.locator(".case-row", has_text=case)).to_contain_text("上级督办")
    found += faults(officer)

    until = (now_utc() + timedelta(days=2)).astimezone(SHANGHAI)
    page.goto(f"{url}/cases/{case}/extend")
    page.fill("[name=until]", until.strftime("%Y-%m-%dT%H:%M"))
    page.fill("[name=reason]", "对方停电,准予延期")
    page.click("button.main")
    page.click("form[action$='/extend/sign'] button")
    expect(page.locator(".bar-good")).to_be_visible()
    expect(page.locator("main")).not_to_contain_text(case)
    # The agent was killed between: what it had is there, and what came meanwhile comes.
    world.stations[1].process.kill()
    world.stations[1].process.start()
    _shown(officer, f"{answerer.url}/cases/{case}", f"截止 {until:%Y-%m-%d %H:%M}")
    officer.click(".limit summary >> nth=-1")
    expect(officer.locator("main")).to_contain_text("延期：由 管理员甲 900001")
    expect(officer.locator("main")).to_contain_text(WHY)
    assert found == []


def _shown(page: Page, url: str, text: str) -> None:
    def look() -> bool:
        page.goto(url)
        return text in page.locator("main").inner_text()

    wait_until(look, what=lambda: f"{text!r} on {url}", every_s=0.5)
