"""Working at the desk in a real browser: keys, typing that is never lost, lists that hold still, two officers at one case."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from hub.protocol.identifiers import CaseId
from station_agent.desk.claim import claim
from station_agent.store.phrases import PhraseRow, save_phrase
from tests.end_to_end.stories import state_at
from tests.end_to_end.world import World, wait_until
from tests.station.scene import a_scan
from tests.station.web.office import Office, offices
from tests.station.web.test_browser import CHROMIUM, make_letter, sign_in

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium here: apt-get install chromium"),
]
WIDE = {"width": 1366, "height": 768}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[tuple[World, list[Office], CaseId]]:
    """Two offices, and a letter that has come to the second."""
    with offices(tmp_path_factory.mktemp("desk")) as (world, made):
        opener, answerer = world.stations
        for office, person in (
            *((made[0], person) for person in (opener.window, opener.head, opener.custodian)),
            (made[1], answerer.window),
            (made[1], answerer.head),
        ):
            office.enrol(person)
        case = make_letter(made[0], browser, [])
        wait_until(lambda: state_at(answerer, case) == "delivered", what=lambda: "the letter to arrive")
        yield world, made, case


Town = tuple[World, list[Office], CaseId]


def at(office: Office, browser: Browser, person: str = "window") -> Page:
    return sign_in(browser.new_context(viewport=WIDE), office, getattr(office.station, person))


def refreshed(page: Page) -> None:
    """Let ten seconds pass for the page: its list refreshes, or looks for news."""
    page.clock.run_for(10_500)


def test_only_keys_that_do_something_here_are_listed(town: Town, browser: Browser) -> None:
    _, (_, office), case = town
    page = at(office, browser)
    for path, keys in (
        ("/desk", {"/", "?", "Esc"}),
        ("/inbox", {"J", "K", "空格", "Enter", "C", "R", "/", "?", "Esc"}),
        ("/sent", {"J", "K", "空格", "Enter", "/", "?", "Esc"}),
        (f"/cases/{case}", {"C", "PageUp", "PageDown", "/", "?", "Esc"}),
        ("/tray", {"/", "?", "Esc"}),
    ):
        page.goto(office.url + path)
        page.keyboard.press("Shift+?")
        expect(page.locator("#keys")).to_be_visible()
        assert set(page.locator("#keys kbd").all_inner_texts()) == keys, path
        page.keyboard.press("Escape")
        expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("/")
    page.wait_for_url("**/search")
    expect(page.locator("#query")).to_be_focused()
    page.goto(f"{office.url}/cases/{case}")
    page.keyboard.press("c")
    page.wait_for_url("**/do/claim")
    page.context.close()


def test_a_list_holds_still_under_the_mouse_and_says_that_there_is_news(town: Town, browser: Browser) -> None:
    world, (_, office), _ = town
    page = office_page = at(office, browser)
    page.clock.install()
    page.goto(f"{office.url}/inbox?tab=all")
    row = page.locator(".case-row").first
    row.hover()
    agent = office.station.agent
    with agent.store.write() as tx:
        tx.exec_driver_sql("UPDATE cases SET changed_at = ?", (_now(),))
        tx.exec_driver_sql("DELETE FROM desk_seen")
    refreshed(page)
    note = page.locator(".live-note")
    expect(note).to_contain_text("列表有更新")
    note.locator("button").click()
    expect(note).to_be_hidden()
    # Away from the list it refreshes by itself, and so do the title and the navigation.
    page.mouse.move(5, 5)
    page.evaluate("document.activeElement.blur()")
    expect(page).to_have_title("(1) 收件箱 · 函询")
    with agent.store.write() as tx:
        tx.exec_driver_sql(
            'INSERT OR REPLACE INTO desk_seen SELECT ?, "case", ? FROM cases', (office.station.window.number, _now(60))
        )
    refreshed(page)
    expect(page).to_have_title("收件箱 · 函询")
    # The machine that serves the pages is away: what is shown is from then, and it says so.
    page.context.set_offline(True)
    refreshed(page)
    expect(note).to_contain_text("列表未能刷新，显示的是")
    page.context.set_offline(False)
    refreshed(page)
    expect(note).to_be_hidden()
    office_page.context.close()
    del world


def test_what_is_typed_survives_a_colleague_who_takes_over(town: Town, browser: Browser) -> None:
    _, (_, office), case = town
    station = office.station
    claim(station.agent, station.window, case, now=datetime.now(UTC))
    with station.agent.store.write() as tx:
        save_phrase(tx, PhraseRow("补", "请补充原户口簿复印件。", station.window.number, _now()))
    page, head = at(office, browser), at(office, browser, "head")
    page.goto(f"{office.url}/cases/{case}/do/ask")
    page.locator("[name=text]").press_sequentially("还差一页。:补 ")
    expect(page.locator("[name=text]")).to_have_value("还差一页。请补充原户口簿复印件。")
    expect(page.locator(".save-state")).to_have_text("草稿已保存")
    head.goto(f"{office.url}/cases/{case}")
    expect(head.locator(".presence")).to_contain_text("正在答复")
    expect(head.locator(".case-line + *, .bar-note").filter(has_text="E701")).to_have_count(1)
    head.click(".actions a:has-text('接手')")
    head.fill("[name=note]", "急件")
    head.click("form[data-autosave] button.main")
    page.click("form[data-autosave] button.main")
    expect(page.locator(".bar-bad")).to_contain_text("正在办理本件")
    expect(page.locator("[name=text]")).to_have_value("还差一页。请补充原户口簿复印件。")
    head.goto(f"{office.url}/cases/{case}")
    expect(head.locator(".timeline")).to_contain_text("急件")
    # Handed back with a note: the case is the colleague's again, and what was typed is still there.
    head.click(".actions a:has-text('转办')")
    head.select_option("[name=to]", station.window.number)
    head.fill("[name=note]", "请继续")
    head.click("form button.main, form .row button")
    expect(head.locator(".timeline")).to_contain_text("请继续")
    page.goto(f"{office.url}/cases/{case}/do/ask")
    expect(page.locator("[name=text]")).to_have_value("还差一页。请补充原户口簿复印件。")
    page.context.close()
    head.context.close()


def test_what_is_typed_survives_the_end_of_the_session(town: Town, browser: Browser) -> None:
    _, (_, office), case = town
    page = at(office, browser)
    page.goto(f"{office.url}/cases/{case}/do/return")
    page.fill("[name=text]", "写到一半")
    expect(page.locator(".save-state")).to_have_text("草稿已保存")
    office.process.stop()
    office.process.start()
    office.process.wait_ready()
    moved = office.url
    page.fill("[name=text]", "写到一半,没写完")
    expect(page.locator(".save-state")).to_have_text("草稿未能保存，内容仍在本页")
    expect(page.locator("[name=text]")).to_have_value("写到一半,没写完")
    page = sign_in(browser.new_context(viewport=WIDE), office, office.station.window)
    page.goto(f"{moved}/cases/{case}/do/return")
    expect(page.locator("[name=text]")).to_have_value("写到一半")
    page.context.close()


def test_a_file_dropped_or_pasted_anywhere_lies_in_the_tray(town: Town, browser: Browser) -> None:
    _, (_, office), _ = town
    page = at(office, browser)
    page.goto(f"{office.url}/tray")
    expect(page.locator(".empty")).to_contain_text("扫描")
    for event, holder in (("drop", "dataTransfer"), ("paste", "clipboardData")):
        page.evaluate(
            """([event, holder, bytes]) => { const data = new DataTransfer(); data.items.add(new File([new Uint8Array(bytes)], event + ".jpg", {type: "image/jpeg"}));
            const made = new Event(event, {bubbles: true, cancelable: true}); Object.defineProperty(made, holder, {value: data}); document.body.dispatchEvent(made); }""",
            [event, holder, list(a_scan())],
        )
        expect(page.locator(".tray-name", has_text=f"{event}.jpg")).to_be_visible()
    expect(page.locator(".tray-picture img").first).to_have_js_property("complete", True)
    # What is ticked stays ticked while the list would refresh.
    page.locator(".tray input[type=checkbox]").first.check()
    page.mouse.move(5, 5)
    page.evaluate("document.activeElement.blur()")
    page.wait_for_timeout(11_000)
    expect(page.locator(".tray input[type=checkbox]").first).to_be_checked()
    page.context.close()


def test_a_printed_case_has_no_navigation(town: Town, browser: Browser) -> None:
    _, (sender, _), case = town
    page = at(sender, browser)
    page.goto(f"{sender.url}/cases/{case}")
    page.emulate_media(media="print")
    for hidden in (".top", ".places", ".actions", ".viewer-tools"):
        expect(page.locator(hidden).first).to_be_hidden()
    for shown in (".timeline", ".people", "h1"):
        expect(page.locator(shown).first).to_be_visible()
    page.context.close()


def _now(later_s: int = 0) -> str:
    return (datetime.now(UTC) + timedelta(seconds=later_s)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
