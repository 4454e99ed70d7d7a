"""Whole stories at the officers' desks, in a real browser, against a real hub and real agents."""

import random
from collections.abc import Iterator
from datetime import timedelta
from http import HTTPStatus

import pytest
from playwright.sync_api import Browser, Page, expect

from hub.protocol.administration import AdministrationKind, LostDetails, ReasonDetails, SealDetails
from hub.protocol.envelope import Role
from hub.protocol.identifiers import CaseId
from hub.protocol.instants import format_instant, parse_instant
from station_agent.store.cases import files_of
from station_agent.web.forms import minutes_of
from tests.end_to_end.stories import a_mistaken_move, now, open_letter, state_at
from tests.end_to_end.world import PASSPHRASE, STATIONS, World, wait_until
from tests.exchange.builders import administer
from tests.station.scene import a_scan
from tests.station.web.office import PASSWORD, Office, offices
from tests.stories.browsing import a_page, give_password, needs_chromium, press, sign_in, tab_to, type_into
from tests.stories.people import a_citizen
from tests.stories.walk import a_browser

pytestmark = [pytest.mark.long, needs_chromium]
RARE = "\U0002c35b"  # 𬍛: in GB 18030, outside the first plane of Unicode
Town = tuple[World, list[Office]]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as started:
        yield started


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Two offices, all serving; the first has a seal in the hub's register."""
    with offices(tmp_path_factory.mktemp("town")) as (world, made):
        seal = world.stations[0].seal.certified
        details = SealDetails(certificate=seal.pem.decode(), specimen=None)
        at_the_hub(world, AdministrationKind.REGISTER_SEAL, seal.x5t, details)
        at_the_hub(world, AdministrationKind.ACTIVATE_SEAL, seal.x5t, ReasonDetails(reason="启用"))
        yield world, made


def at_the_hub(world: World, kind: AdministrationKind, subject: str, details: object) -> None:
    """Two administrators do something at the hub while it runs."""
    administer(world.hub_folder.root, world.province, kind, subject, details, passphrase=PASSPHRASE)  # type: ignore[arg-type]


def case_in(page: Page) -> CaseId:
    return CaseId(page.url.split("/cases/")[1].split("/")[0])


def fill_correction(page: Page, office: Office, name: str, id18: str) -> None:
    """Fill in a C04 about a name, with its proof."""
    page.goto(f"{office.url}/new/C04")
    page.fill("[name=to]", STATIONS[1])
    page.fill("[name='person.name']", name)
    page.fill("[name='person.id18']", id18)
    page.select_option("[name='items.0.item']", "姓名")
    page.select_option("[name='items.0.change_code']", "21")
    page.fill("[name='items.0.current']", name[:1] + "某")
    page.fill("[name='items.0.proposed']", name)
    page.set_input_files("[name='items.0.proof']", {"name": "证明.jpg", "mimeType": "image/jpeg", "buffer": a_scan()})
    page.fill("[name=text]", "迁入时核对证件,姓名用字与登记不符")


def send_drafted(page: Page) -> CaseId:
    """Submit the form and send what it drafted."""
    submit(page)
    page.wait_for_url("**/letter")
    page.click("form[action$='/send'] button")
    expect(page.locator(".bar-good")).to_contain_text("已发送")
    return case_in(page)


def submit(page: Page) -> None:
    page.click("form[data-autosave] button.main")


def test_a_correction_is_asked_about_supplied_answered_and_closed(town: Town, browser: Browser) -> None:
    world, (sender, receiver) = town
    opener, answerer = world.stations
    citizen = a_citizen(random.Random(1), rare=RARE)
    window = sign_in(browser, sender, opener.window)
    fill_correction(window, sender, citizen.name, citizen.id18)
    case = send_drafted(window)
    wait_until(lambda: state_at(answerer, case) == "delivered", what=lambda: "the inquiry to arrive")

    other = sign_in(browser, receiver, answerer.window)
    other.goto(f"{receiver.url}/inbox")
    expect(other.locator(".case-row.is-unread").first).to_be_visible()
    other.goto(f"{receiver.url}/cases/{case}")
    expect(other.locator("main")).to_contain_text(citizen.name)  # rare character and all
    other.click(".actions a.main")
    submit(other)
    expect(other.locator(".bar-good")).to_have_text("已签收")
    other.goto(f"{receiver.url}/cases/{case}/do/ask")
    other.fill("[name=text]", "请补充出生医学证明")
    submit(other)
    wait_until(lambda: state_at(opener, case) == "awaiting_supply", what=lambda: "the question to arrive")

    window.goto(f"{sender.url}/sent?tab=mine")
    expect(window.locator(".case-row")).to_contain_text("待补充")
    window.goto(f"{sender.url}/cases/{case}/do/supply")
    window.fill("[name=text]", "已补充")
    submit(window)
    wait_until(lambda: state_at(answerer, case) == "in_progress", what=lambda: "the supply to arrive")
    other.goto(f"{receiver.url}/cases/{case}/do/answer")
    other.select_option("[name=outcome]", "无误不更正")
    submit(other)
    wait_until(lambda: state_at(opener, case) == "answered", what=lambda: "the answer to arrive")
    window.goto(f"{sender.url}/cases/{case}")
    window.click(".actions a.main")
    submit(window)
    expect(window.locator(".bar-good")).to_have_text("已办结")
    wait_until(lambda: state_at(answerer, case) == "closed", what=lambda: "the case to be closed on both sides")


def test_three_generated_people_go_into_one_letter_that_is_sent_late(town: Town, browser: Browser) -> None:
    world, (sender, receiver) = town
    opener, answerer = world.stations
    rng = random.Random(3)
    people = [a_citizen(rng), a_citizen(rng, rare=RARE), a_citizen(rng)]
    window = sign_in(browser, sender, opener.window)
    window.goto(f"{sender.url}/new/C06")
    window.fill("[name=to]", STATIONS[1])
    body = a_mistaken_move()
    for number, (citizen, relation) in enumerate(zip(people, ("户主", "配偶", "子女"), strict=True)):
        if number:
            window.click("[data-add]")
        window.fill(f"[name='persons.{number}.name']", citizen.name)
        window.fill(f"[name='persons.{number}.id18']", citizen.id18)
        window.fill(f"[name='persons.{number}.relation']", relation)
        window.fill(f"[name='persons.{number}.original_address']", "宣州区某路1号")
        window.fill(f"[name='persons.{number}.mistaken_address']", "广德市某路2号")
    for name in ("move_date", "move_serial", "handler", "how_found"):
        window.fill(f"[name={name}]", body[name])
    yesterday = parse_instant(body["discovered_at"]) - timedelta(days=1)
    window.fill("[name=discovered_at]", minutes_of(yesterday))
    window.select_option("[name=cause]", body["cause"])
    window.check("[name=citizen_informed]")
    submit(window)
    expect(window.locator("[aria-current=step]")).to_contain_text("申请用印")
    case = case_in(window)
    expect(window.locator(".bar-bad")).to_contain_text("已超当日时限")

    through_the_stepper(browser, sender, world, case)
    window.reload()
    expect(window.locator("form[action$='/send'] button")).to_be_disabled()  # late: not without its reason
    window.fill("form[action$='/send'] [name=reason]", "昨日停电")
    window.click("form[action$='/send'] button")
    expect(window.locator(".bar-good")).to_contain_text("已发送")
    wait_until(lambda: state_at(answerer, case) == "delivered", what=lambda: "the letter to arrive")
    other = sign_in(browser, receiver, answerer.window)
    other.goto(f"{receiver.url}/cases/{case}")
    for citizen in people:
        expect(other.locator(".side")).to_contain_text(citizen.name)
        expect(other.locator(".side")).to_contain_text(citizen.id18)
    expect(other.locator("main")).to_contain_text("昨日停电")
    # Whoever received the letter prints none of their own under the sender's number.
    assert other.request.get(f"{receiver.url}/cases/{case}/letter/paper").status == HTTPStatus.UNPROCESSABLE_ENTITY
    other.goto(f"{receiver.url}/inbox")
    expect(other.locator(".case-row", has_text=case)).to_contain_text("等3人")


def through_the_stepper(browser: Browser, office: Office, world: World, case: CaseId) -> None:
    """Approve, stamp, scan, compare and seal a drafted letter, each person at their own browser."""
    station = world.stations[0]
    head, custodian, window = (
        sign_in(browser, office, person) for person in (station.head, station.custodian, station.window)
    )
    head.goto(f"{office.url}/cases/{case}/letter")
    head.click("form[action$='/approve'] button")
    expect(head.locator("[aria-current=step]")).to_contain_text("打印盖章")
    custodian.goto(f"{office.url}/cases/{case}/letter")
    custodian.click("form[action$='/stamp'] button")
    expect(custodian.locator("[aria-current=step]")).to_contain_text("扫描回传")
    window.goto(f"{office.url}/cases/{case}/letter")
    unlike = a_scan()[:2] + b"\xff\xfe\x00\x12" + case[-16:].encode() + a_scan()[2:]
    window.set_input_files("#scan-file", {"name": "说明函.jpg", "mimeType": "image/jpeg", "buffer": unlike})
    expect(window.locator("[aria-current=step]")).to_contain_text("校对")
    for name in ("pages_equal", "stamp_clear", "persons_equal", "original"):
        window.check(f"[name={name}]")
    window.click("form[action$='/proof'] button.main")
    expect(window.locator("[aria-current=step]")).to_contain_text("签封")
    custodian.reload()
    custodian.fill("[name=seal_password]", PASSWORD)
    custodian.click("form[action$='/seal'] button")
    expect(custodian.locator("[aria-current=step]")).to_contain_text("发送")
    for page in (head, custodian, window):
        page.context.close()


def test_a_letter_with_one_byte_changed_is_refused_by_the_page_for_files(town: Town, browser: Browser) -> None:
    world, (_, receiver) = town
    opener, answerer = world.stations
    case = open_letter(opener, answerer, random.Random(5)).case
    wait_until(lambda: state_at(answerer, case) == "delivered", what=lambda: "the letter to arrive")
    with opener.agent.store.read() as tx:
        (letter,) = files_of(tx, case, Role.LETTER)
    raw = opener.agent.store.blobs.get(letter.digest)
    changed = bytearray(raw)
    changed[len(raw) // 3] ^= 1
    page = sign_in(browser, receiver, answerer.window)
    for content, verdict in ((raw, "passed"), (bytes(changed), "failed")):
        page.goto(f"{receiver.url}/authentic")
        page.set_input_files("#scan-file", {"name": "说明函.pdf", "mimeType": "application/pdf", "buffer": content})
        # The list of revocations may be too old to pass in a test town; what is unchanged has never failed, though.
        passed = ".headline.result-passed, .headline.result-open"
        expect(page.locator(passed if verdict == "passed" else ".headline.result-failed")).to_have_count(
            1, timeout=60_000
        )


def test_what_was_typed_waits_behind_the_sign_in_when_the_session_is_over(town: Town, browser: Browser) -> None:
    world, (sender, _) = town
    station = world.stations[0]
    page = sign_in(browser, sender, station.window)
    page.goto(f"{sender.url}/new/C04")
    page.fill("[name=text]", "写到一半的内容,不能丢")
    expect(page.locator(".save-state")).to_have_text("草稿已保存")
    restart_desk(sender)
    page.fill("[name='person.name']", "赵某")
    submit(page)
    page.wait_for_url("**/sign-in**")
    expect(page.locator("main")).to_contain_text("填写内容已保留")
    give_password(page, sender, station.window)
    page.wait_for_url("**/new/C04")
    expect(page.locator("[name=text]")).to_have_value("写到一半的内容,不能丢")
    expect(page.locator("[name='person.name']")).to_have_value("赵某")


def restart_desk(office: Office) -> None:
    """Stop the pages and start them again at the same address: every session is over, as after eight hours."""
    process, port = office.process, office.url.rpartition(":")[2]
    process.stop()
    process.command = tuple(
        port if before == "--port" else word
        for before, word in zip(("", *process.command), process.command, strict=False)
    )
    process.start()
    process.wait_ready()


def test_work_goes_on_without_the_hub_and_goes_out_when_it_is_back(town: Town, browser: Browser) -> None:
    world, (sender, _) = town
    opener, answerer = world.stations
    citizen = a_citizen(random.Random(7))
    page = sign_in(browser, sender, opener.window)
    world.hub.kill()
    fill_correction(page, sender, citizen.name, citizen.id18)
    case = send_drafted(page)
    expect(page.locator(".timeline")).to_contain_text("待发")
    expect(page.locator(".status")).to_contain_text("待发")
    world.hub.start()
    world.hub.wait_ready()
    wait_until(lambda: state_at(answerer, case) == "delivered", what=lambda: "the inquiry to go out")
    wait_until(lambda: state_at(opener, case) == "delivered", what=lambda: "the receipt to come back")
    page.reload()
    expect(page.locator(".timeline")).not_to_contain_text("待发")
    expect(page.locator(".timeline")).to_contain_text("送达")


def test_a_case_is_worked_through_by_keyboard_alone(town: Town, browser: Browser) -> None:
    world, (sender, receiver) = town
    opener, answerer = world.stations
    citizen = a_citizen(random.Random(9))
    window = sign_in(browser, sender, opener.window)
    fill_correction(window, sender, citizen.name, citizen.id18)
    case = send_drafted(window)
    wait_until(lambda: state_at(answerer, case) == "delivered", what=lambda: "the inquiry to arrive")

    page = a_page(browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN"))
    page.goto(f"{receiver.url}/sign-in")
    for name, value in (("number", answerer.window.number), ("password", PASSWORD)):
        type_into(page, page.locator(f"[name={name}]"), value)
    type_into(page, page.locator("[name=code]"), receiver.code(answerer.window))
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk")
    press(page, page.locator(".places a[href='/inbox']"))
    page.wait_for_url("**/inbox")
    chosen = page.locator(".case-row.is-chosen")
    for _ in range(20):
        page.keyboard.press("j")
        if case in chosen.inner_text():
            break
    page.keyboard.press(" ")
    expect(page.locator("#preview")).to_contain_text(case)
    page.keyboard.press("c")
    page.wait_for_url("**/do/claim")
    type_into(page, page.locator("[name=note]"), "收到")
    press(page, page.locator("form[data-autosave] button.main"))
    expect(page.locator(".bar-good")).to_have_text("已签收")
    page.keyboard.press("r")
    page.wait_for_url("**/do/answer")
    tab_to(page, page.locator("[name=outcome]"))
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect(page.locator("[name=outcome]")).to_have_value("无误不更正")
    press(page, page.locator("form[data-autosave] button.main"))
    expect(page.locator(".bar-good")).to_have_text("已答复")
    page.keyboard.press("?")
    expect(page.locator("dialog[open]")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    press(page, page.locator("form[action='/sign-out'] button"))
    page.wait_for_url("**/sign-in**")


def test_a_lost_seal_stops_the_sender_and_locks_the_receiver(town: Town, browser: Browser) -> None:
    """The last story here: the seal stays lost."""
    world, (sender, receiver) = town
    opener, answerer = world.stations
    case = open_letter(opener, answerer, random.Random(11)).case
    wait_until(lambda: state_at(answerer, case) == "delivered", what=lambda: "the letter to arrive")
    since = format_instant(now() - timedelta(hours=1))
    lost = LostDetails(compromised_since=since, reason="印章失窃")
    at_the_hub(world, AdministrationKind.LOSE_SEAL, opener.seal.certified.x5t, lost)

    page = sign_in(browser, receiver, answerer.window)
    page.goto(f"{receiver.url}/cases/{case}")
    page.click(".actions a.main")
    submit(page)

    def locked() -> bool:
        page.goto(f"{receiver.url}/cases/{case}/verify")
        page.click("form[action$='/verify'] button")
        return "停用" in page.locator(".checks").inner_text()

    wait_until(locked, what=lambda: page.locator("main").inner_text(), every_s=1)
    expect(page.locator(".headline").nth(0)).to_contain_text("待定")
    expect(page.locator("form[action$='/act'] button")).to_be_disabled()
    custodian = sign_in(browser, sender, opener.custodian)
    custodian.goto(f"{sender.url}/seal-use")
    expect(custodian.locator("main")).to_contain_text("遗失")
