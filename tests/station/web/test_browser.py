"""The pages as officers use them: a real browser, real hub, agents and pages. Skips, and says so, where Chromium is not there."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from hub.protocol.identifiers import CaseId
from hub.protocol.instants import parse_instant
from hub.signing.authority import Request, Subject, issue, read_request
from hub.signing.purposes import CertificateKind, OfficerRole
from station_agent.people import Person
from station_agent.web.forms import minutes_of
from tests.end_to_end.stories import PERSON, a_mistaken_move, state_at
from tests.end_to_end.world import PASSPHRASE, STATIONS, Station, World, wait_until
from tests.station.desks import write_pair
from tests.station.scene import a_scan
from tests.station.web.office import PASSWORD, Office, offices

CHROMIUM = Path("/usr/bin/chromium")
AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text(encoding="utf-8")
FAULTS = ("serious", "critical")
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium here: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, list[Office]]]:
    """Two offices, all serving, with nothing done yet."""
    with offices(tmp_path_factory.mktemp("town")) as made:
        yield made


def sign_in(context: BrowserContext, office: Office, person: Person) -> Page:
    """Sign in by the page; faults of the page's script fail the test."""
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"script: {error}"))
    page.set_default_timeout(60_000)
    page.goto(f"{office.url}/sign-in")
    page.fill("[name=number]", person.number)
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=code]", office.code(person))
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk")
    return page


def faults(page: Page) -> list[str]:
    """What axe finds, of weight, on the page as it is now."""
    found = page.evaluate(f"async () => {{ {AXE}; return (await axe.run()).violations }}")
    return [
        f"{page.url} {each['id']}: {node['html'][:120]}"
        for each in found
        if each["impact"] in FAULTS
        for node in each["nodes"]
    ]


def make_letter(office: Office, browser: Browser, found: list[str]) -> CaseId:
    """Write, approve, stamp, scan, compare, seal and send a letter by the pages, each person at their own browser."""
    station = office.station
    window, head, custodian = (
        sign_in(browser.new_context(viewport={"width": 1366, "height": 768}), office, person)
        for person in (station.window, station.head, station.custodian)
    )
    window.goto(f"{office.url}/new")
    found += faults(window)
    window.goto(f"{office.url}/new/C06")
    window.fill("[name=to]", STATIONS[1])
    body = a_mistaken_move()
    for name, value in body["persons"][0].items():
        window.fill(f"[name='persons.0.{name}']", value)
    window.fill("[name='persons.0.id18']", "341824199003078811")
    for name in ("move_date", "move_serial", "handler", "how_found"):
        window.fill(f"[name={name}]", body[name])
    window.fill("[name=discovered_at]", minutes_of(parse_instant(body["discovered_at"])))
    window.select_option("[name=cause]", body["cause"])
    window.check("[name=citizen_informed]")
    window.click("form[data-autosave] button.main")
    # A wrong check digit comes back at its own field, with everything that was typed.
    expect(window.locator("[name='persons.0.id18'][aria-invalid=true]")).to_have_value("341824199003078811")
    found += faults(window)
    window.fill("[name='persons.0.id18']", PERSON["id18"])
    window.click("form[data-autosave] button.main")
    expect(window.locator("[aria-current=step]")).to_contain_text("申请用印")
    case = CaseId(window.url.split("/cases/")[1].split("/")[0])

    head.goto(f"{office.url}/seal-use")
    head.click(".case-row .case-link")
    expect(head.locator("button.grave")).to_be_disabled()  # a rejection needs its reason
    head.click("form[action$='/approve'] button")
    expect(head.locator("[aria-current=step]")).to_contain_text("打印盖章")
    expect(head.locator(".paper img")).to_have_js_property("complete", True)
    found += faults(head)
    custodian.goto(f"{office.url}/cases/{case}/letter")
    custodian.click("form[action$='/stamp'] button")
    expect(custodian.locator("[aria-current=step]")).to_contain_text("扫描回传")

    window.goto(f"{office.url}/cases/{case}/letter")
    found += faults(window)
    window.set_input_files("#scan-file", {"name": "说明函.jpg", "mimeType": "image/jpeg", "buffer": a_scan()})
    expect(window.locator("[aria-current=step]")).to_contain_text("校对")
    expect(window.locator(".beside img").nth(1)).to_have_js_property("complete", True)
    found += faults(window)
    for name in ("pages_equal", "stamp_clear", "persons_equal", "original"):
        window.check(f"[name={name}]")
    window.click("form[action$='/proof'] button.main")
    expect(window.locator("[aria-current=step]")).to_contain_text("签封")
    custodian.reload()
    custodian.fill("[name=seal_password]", PASSWORD)
    custodian.click("form[action$='/seal'] button")
    expect(custodian.locator("[aria-current=step]")).to_contain_text("发送")
    custodian.goto(f"{office.url}/seal-use")
    expect(custodian.locator(".log")).to_contain_text(case)
    found += faults(custodian)
    window.reload()
    window.click("form[action$='/send'] button")
    expect(window.locator(".bar-good")).to_contain_text("已发送")
    for page in (window, head, custodian):
        page.context.close()
    return case


def test_a_mistaken_move_is_returned_through_the_desk_and_nobody_is_shut_out_of_its_pages(
    town: tuple[World, list[Office]], browser: Browser
) -> None:
    world, (sender, receiver) = town
    opener, answerer = world.stations
    people = (opener.window, opener.head, opener.custodian)
    for office, person in ((receiver, answerer.window), *((sender, person) for person in people)):
        office.enrol(person)
    found: list[str] = []
    case = make_letter(sender, browser, found)
    wait_until(lambda: state_at(answerer, case) == "delivered", what=lambda: "the letter to arrive")
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    page = sign_in(context, receiver, answerer.window)

    # From the list by keys alone: next, preview, sign for it.
    found += faults(page)
    page.goto(f"{receiver.url}/inbox")
    expect(page.locator(".case-row.is-unread")).to_have_count(1)
    assert PERSON["id18"] not in page.content()
    page.keyboard.press("j")
    page.keyboard.press(" ")
    expect(page.locator("#preview")).to_contain_text("341824********8810")
    found += faults(page)
    page.keyboard.press("c")
    page.wait_for_url("**/do/claim")
    page.fill("[name=note]", "收到")
    expect(page.locator(".save-state")).to_have_text("草稿已保存")
    found += faults(page)
    page.click("form[data-autosave] button.main")
    expect(page.locator(".bar-good")).to_have_text("已签收")
    expect(page.locator(".sheet-image")).to_be_visible()
    found += faults(page)

    # Verification: the two boxes apart; the register stays shut until an officer has looked.
    page.goto(f"{receiver.url}/cases/{case}/verify")
    page.click("form[action$='/verify'] button")
    expect(page.locator(".headline").nth(0)).to_contain_text("通过")
    expect(page.locator(".headline").nth(1)).to_contain_text("尚未核对")
    expect(page.locator("form[action$='/act'] button")).to_be_disabled()
    expect(page.locator(".sheet-image")).to_have_js_property("complete", True)
    page.click("[data-magnify]")
    expect(page.locator(".magnifier")).to_be_visible()
    page.emulate_media(media="print")  # on paper it would lie over the letter
    expect(page.locator(".magnifier")).to_be_hidden()
    page.emulate_media(media="screen")
    found += faults(page)
    for name in ("legible", "unit_name_equals", "colour"):
        page.check(f"[name={name}]")
    page.check("[name=conclusion][value=consistent]")
    page.click("form.look button")
    expect(page.locator(".headline").nth(1)).to_contain_text("通过")
    page.check("[name=read]")
    page.click("form[action$='/act'] button")
    serial = page.locator(".serial").inner_text()
    assert serial

    # The answer: the serial number is there already, and what the condition hides is hidden.
    page.click(".serials a")
    expect(page.locator("[name=serial]")).to_have_value(serial)
    expect(page.locator("[name=reason_code]")).to_be_hidden()
    page.click("form[data-autosave] button.main")
    expect(page.locator(".bar-good")).to_have_text("已答复")
    wait_until(lambda: state_at(opener, case) == "answered", what=lambda: "the answer to arrive")

    # The other side closes: a closing list with a tick missing comes back with everything that was typed.
    dark = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = sign_in(dark, sender, opener.window)
    page.click("button[name=language]")
    expect(page.locator("h1")).to_contain_text("Hello")
    found += faults(page)
    page.goto(f"{sender.url}/sent")
    found += faults(page)
    page.set_viewport_size({"width": 1366, "height": 768})  # rows are ticked where there is room for it
    page.check(f"[name='case.{case}']")
    page.click("#bulk button")
    page.fill("[name=note]", "handover")
    page.check("[name=letters]")
    page.click("form.screen-only button >> nth=0")
    expect(page.locator("img.print-page").first).to_have_js_property("complete", True)
    expect(page.locator("nav")).to_have_count(0)
    found += faults(page)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{sender.url}/cases/{case}")
    expect(page.locator(".timeline")).to_contain_text(serial)
    expect(page.locator(".sheet-image")).to_have_js_property("complete", True)
    found += faults(page)
    page.click(".actions a.main")
    page.select_option("[name=booklet]", "未发放")
    page.fill("[name=archive_number]", "D-2026-7")
    page.click("form[data-autosave] button.main")
    expect(page.locator(".bar-bad")).to_be_visible()
    expect(page.locator("[name=archive_number]")).to_have_value("D-2026-7")
    found += faults(page)
    page.check("[name=record_gone]")
    page.check("[name=citizen_informed]")
    page.click("form[data-autosave] button.main")
    expect(page.locator(".bar-good")).to_have_text("Closed")
    wait_until(lambda: state_at(answerer, case) == "closed", what=lambda: "the case to be closed on both sides")
    assert "\n".join(found) == ""


def test_first_use_shows_a_code_drawn_here_and_recovery_codes_once(
    town: tuple[World, list[Office]], browser: Browser
) -> None:
    world, (sender, _) = town
    head = world.stations[0].head
    code = sender.one_time_code(head)
    page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{sender.url}/first-use")
    found = faults(page)
    page.fill("[name=number]", head.number)
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=code]", code)
    page.keyboard.press("Enter")
    expect(page.locator(".qr svg")).to_be_visible()
    found += faults(page)
    secret = page.locator(".secret code").inner_text().replace(" ", "")
    page.fill("[name=code]", pyotp.TOTP(secret).now())
    page.keyboard.press("Enter")
    expect(page.locator(".codes li")).to_have_count(10)
    recovery = page.locator(".codes li").first.inner_text()
    found += faults(page)
    page.click("a.main")
    page.fill("[name=number]", head.number)
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=code]", recovery)
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk")
    assert "\n".join(found) == ""


def test_a_forgotten_password_is_reset_by_two_and_who_leaves_is_out_at_once(
    town: tuple[World, list[Office]], browser: Browser
) -> None:
    world, (_, office) = town
    station = world.stations[1]
    officer = another_officer(world, station, "029001", "民警健忘")
    for person in (station.head, station.custodian, officer):
        office.enrol(person)
    found: list[str] = []
    head, colleague, theirs = (
        sign_in(browser.new_context(viewport={"width": width, "height": 844}, locale="zh-CN"), office, person)
        for person, width in ((station.head, 1366), (station.custodian, 390), (officer, 1366))
    )

    # The head starts it: the button waits for a reason, and the head proves once more who it is.
    head.goto(f"{office.url}/people")
    found += faults(head)
    head.click("th a:has-text('民警健忘')")
    found += faults(head)
    head.click(".page-head a:has-text('重置')")
    expect(head.locator("button.main")).to_be_disabled()
    head.fill("[name=reason]", "忘记口令")
    found += faults(head)
    prove(head, office, station.head)
    expect(head.locator(".bar-good")).to_contain_text("等另一人确认")
    found += faults(head)
    theirs.reload()
    assert theirs.url.endswith("/desk")

    # A colleague finds it, confirms it, and gets the code to hand over.
    colleague.goto(f"{office.url}/people")
    found += faults(colleague)
    colleague.click("main li a")
    found += faults(colleague)
    prove(colleague, office, station.custodian)
    code = colleague.locator(".serial").inner_text()
    found += faults(colleague)
    theirs.reload()
    theirs.wait_for_url("**/sign-in**")

    # The officer chooses a new password; the authority issues; the same code sets up the second factor.
    theirs.goto(f"{office.url}/first-use")
    theirs.click("a[href='/new-password']")
    found += faults(theirs)
    for name, value in {
        "number": officer.number,
        "code": code,
        "password": "新的口令0123",
        "again": "新的口令",
    }.items():
        theirs.fill(f"[name={name}]", value)
    theirs.keyboard.press("Enter")
    theirs.fill("[name=again]", "新的口令0123")  # too short for the browser itself: it was not sent
    theirs.keyboard.press("Enter")
    expect(theirs.locator(".serial")).to_be_visible()
    found += faults(theirs)
    request = read_request(station.agent.folder.officer(officer.number).request.read_bytes())
    issue_for(world, station, officer.number, request)
    theirs.goto(f"{office.url}/first-use")
    for name, value in {"number": officer.number, "code": code, "password": "新的口令0123"}.items():
        theirs.fill(f"[name={name}]", value)
    theirs.keyboard.press("Enter")
    secret = theirs.locator(".secret code").inner_text().replace(" ", "")
    theirs.fill("[name=code]", pyotp.TOTP(secret).now())
    theirs.keyboard.press("Enter")
    recovery = theirs.locator(".codes li").first.inner_text()
    theirs.click("a.main")
    for name, value in {"number": officer.number, "password": "新的口令0123", "code": recovery}.items():
        theirs.fill(f"[name={name}]", value)
    theirs.keyboard.press("Enter")
    theirs.wait_for_url("**/desk")

    # Leaving: out at once, and the head sees what is left for the authority, and that the hub has the statements.
    head.goto(f"{office.url}/people/{officer.number}")
    head.click(".page-head a:has-text('离开')")
    head.fill("[name=reason]", "调离本所")
    found += faults(head)
    prove(head, office, station.head)
    expect(head.locator(".todo")).to_contain_text("affiliationChanged")
    found += faults(head)
    theirs.reload()
    theirs.wait_for_url("**/sign-in**")

    def all_sent() -> bool:
        head.reload()
        return head.locator("tbody tr:has-text('入轨迹')").count() == 3

    wait_until(all_sent, what=lambda: head.locator("tbody").inner_text(), every_s=0.5)
    with head.expect_download() as download:
        head.click(".todo a[download] >> nth=0")
    assert download.value.path().read_bytes().startswith(b"-----BEGIN CERTIFICATE-----")
    head.click("button[name=language]")
    expect(head.locator(".todo")).to_contain_text("Revoke the old certificate")
    found += faults(head)
    for page in (head, colleague, theirs):
        page.context.close()
    assert "\n".join(found) == ""


def another_officer(world: World, station: Station, number: str, name: str) -> Person:
    """One more officer of the station's window, with a key here."""
    subject = Subject(name, station=station.code, number=number)
    signer = world.province.certify(CertificateKind.OFFICER, subject, roles=(OfficerRole.WINDOW,))
    write_pair(station.agent.folder.officer(number), signer, PASSPHRASE)
    return Person(signer)


def issue_for(world: World, station: Station, number: str, request: Request) -> None:
    """The authority's answer to a request, put where it belongs."""
    start = world.province.start
    certified = issue(
        world.province.root,
        kind=CertificateKind.OFFICER,
        public_key=request.public_key,
        subject=request.subject,
        not_before=start,
        not_after=start + timedelta(days=400),
        roles=(OfficerRole.WINDOW,),
    )
    station.agent.folder.officer(number).certificate.write_bytes(certified.pem)


def prove(page: Page, office: Office, person: Person) -> None:
    """Fill in one's own password and code again, and press the button."""
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=code]", office.code(person))
    page.click("form:has([name=password]) button")


def test_enter_that_ends_a_chinese_word_sends_nothing(town: tuple[World, list[Office]], browser: Browser) -> None:
    _, (sender, _) = town
    page = browser.new_context().new_page()
    page.goto(f"{sender.url}/first-use")
    page.locator("[name=number]").dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True})
    prevented = page.evaluate(
        """() => { const event = new KeyboardEvent("keydown", {key: "Enter", isComposing: true, bubbles: true, cancelable: true});
        document.querySelector("[name=number]").dispatchEvent(event); return event.defaultPrevented }"""
    )
    assert prevented
    assert page.url.endswith("/first-use")
