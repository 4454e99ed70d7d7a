"""What pages owe to whoever types, presses twice or uses keys only: small manners that no story above would miss."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from station_agent.clock_skew import SkewNotes
from tests.end_to_end.stories import now
from tests.end_to_end.world import World
from tests.station.web.office import Office, offices
from tests.stories.browsing import needs_chromium, sign_in, tab_to
from tests.stories.walk import a_browser

pytestmark = [pytest.mark.long, needs_chromium]
Town = tuple[World, list[Office]]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as started:
        yield started


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with offices(tmp_path_factory.mktemp("town")) as made:
        yield made


@pytest.fixture(scope="module")
def page(town: Town, browser: Browser) -> Page:
    world, (office, _) = town
    return sign_in(browser, office, world.stations[0].window)


def test_the_other_language_keeps_what_was_just_typed_and_the_tab_of_a_list(town: Town, page: Page) -> None:
    _, (office, _) = town
    page.goto(f"{office.url}/new/C04")
    page.fill("[name=text]", "写到一半")
    page.click("form.language button")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("[name=text]")).to_have_value("写到一半")
    page.goto(f"{office.url}/sent?tab=done")
    page.click("form.language button")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    assert page.url.endswith("/sent?tab=done")


def test_a_form_that_is_pressed_twice_is_sent_once_and_after_its_draft(town: Town, page: Page) -> None:
    _, (office, _) = town
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.goto(f"{office.url}/search")
    page.evaluate(
        "() => { const form = document.querySelector('main form'); form.querySelector('[name=query]').value = 'C06-1234-1';"
        " form.requestSubmit(); form.requestSubmit(); }"
    )
    expect(page.locator("main")).to_contain_text("没有找到您有权查看的案件")
    assert [url for url in sent if url.endswith("/search")] == [f"{office.url}/search"]

    # A draft still under way when the form is sent goes first: it would come back as something unsent.
    drafts: list[Route] = []
    page.goto(f"{office.url}/new/C04")
    page.route("**/drafts", lambda route: drafts.append(route))
    page.fill("[name=text]", "马上提交")
    while not drafts:
        page.wait_for_timeout(100)
    sent.clear()
    page.click("form[data-autosave] button.main", no_wait_after=True)
    page.wait_for_timeout(500)
    assert sent == []
    drafts[0].continue_()
    expect(page.locator(".bar-bad")).to_be_visible()
    assert sent == [f"{office.url}/new/C04"]
    page.unroute("**/drafts")


def test_a_citizen_number_is_looked_at_when_its_field_is_left(town: Town, page: Page) -> None:
    _, (office, _) = town
    page.goto(f"{office.url}/new/C06")
    number, told = page.locator("[name='persons.0.id18']"), page.locator("#f-persons-0-id18-error")
    for typed, fault in (("1101051949123100", "16 位，应为 18 位"), ("110105194912310021", "第18位")):
        number.fill(typed)
        number.press("Tab")
        expect(told).to_contain_text(fault)
        expect(number).to_have_attribute("aria-describedby", "f-persons-0-id18-error")
    number.fill("11010519491231002x")
    number.press("Tab")
    expect(told).to_have_count(0)
    expect(number).to_have_value("11010519491231002X")
    expect(number).not_to_have_attribute("aria-invalid", "true")


def test_space_presses_the_button_that_has_the_focus_though_a_case_is_chosen(town: Town, page: Page) -> None:
    world, (office, _) = town
    page.goto(f"{office.url}/sent")
    page.evaluate(
        "() => { const row = document.createElement('div'); row.className = 'case-row is-chosen';"
        " document.querySelector('main').append(row); }"
    )
    tab_to(page, page.locator("form.language button"))
    page.keyboard.press("Space")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.click("form.language button")
    assert world.stations


def test_a_page_left_open_says_by_itself_that_the_hub_is_away_and_moves_no_focus(town: Town, page: Page) -> None:
    world, (office, _) = town
    page.goto(f"{office.url}/sent")
    expect(page.locator("#stale .bar")).to_have_count(0)
    world.hub.kill()
    try:
        then = now() - timedelta(minutes=3)
        SkewNotes(world.stations[0].agent.store).note(then, then)
        expect(page.locator("#stale .bar")).to_contain_text("E501", timeout=20_000)
        expect(page.locator("#stale .bar")).to_contain_text("排队 0 件")
        # Whoever is in the navigation by keyboard stays there, though it is made anew with every refresh.
        tab_to(page, page.locator(".places a").nth(1))
        page.wait_for_timeout(11_000)
        assert page.evaluate("document.activeElement.matches('.places a')")
    finally:
        world.hub.start()
        world.hub.wait_ready()
