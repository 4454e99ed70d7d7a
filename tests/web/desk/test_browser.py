"""The hub's desk in a real browser, served by the command: every page has no serious fault for axe and no script error."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from hub.store.database import open_writer
from hub.store.layout import DataFolder
from tests.exchange.builders import PASSPHRASE, B
from tests.web.desk.bureau import PASSWORD, Bureau, a_bureau
from tests.web.desk.filings import file_cases

CHROMIUM = Path("/usr/bin/chromium")
AXE = Path(__file__).parents[2] / "station" / "web" / "axe" / "axe.min.js"
PLACES = (
    "/desk",
    "/cases",
    "/overdue",
    "/seals",
    "/stations",
    f"/stations/{B}/rename",
    f"/stations/{B}/move",
    "/log",
    "/figures",
    "/lookups",
    "/overrides",
    "/pending",
    "/people",
)
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium here: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Bureau, str]]:
    folder = Path(tmp_path_factory.mktemp("bureau"))
    bureau = a_bureau(folder)
    asyncio.run(file_cases(bureau.province, bureau.data, each=2))
    bureau.enrol(bureau.administrators[0])
    secret = folder / "passphrase"
    secret.write_bytes(PASSPHRASE)
    command = ("hub", "desk", "--data", str(bureau.data), "--port", "0", "--passphrase-file", str(secret))
    with subprocess.Popen((sys.executable, "-m", "hanxun", *command), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield bureau, json.loads(process.stdout.readline())["url"]
        begun = time.monotonic()
        process.terminate()
        assert process.wait(10) == 0
        assert time.monotonic() - begun < 10


def faults(page: Page) -> list[str]:
    """What axe finds, of weight."""
    found = page.evaluate(f"async () => {{ {AXE.read_text(encoding='utf-8')}; return (await axe.run()).violations }}")
    return [
        f"{page.url} {each['id']}: {node['html'][:140]}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1366), ("dark", 390)])
def test_an_administrator_goes_through_every_page(served: tuple[Bureau, str], scheme: str, width: int) -> None:
    bureau, url = served
    signer = bureau.administrators[0]
    number = signer.certified.number or ""
    engine = open_writer(DataFolder(bureau.data).database)
    with engine.begin() as tx:
        tx.exec_driver_sql("UPDATE desk_accounts SET totp_step = 0")
    engine.dispose()
    found: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 768})  # type: ignore[arg-type]
        page = context.new_page()
        page.on("pageerror", lambda error: pytest.fail(f"script: {error}"))
        page.goto(f"{url}/sign-in")
        found += faults(page)
        page.fill("[name=number]", number)
        page.fill("[name=password]", PASSWORD)
        page.fill("[name=code]", pyotp.TOTP(bureau.secrets[number]).now())
        page.keyboard.press("Enter")
        page.wait_for_url("**/desk")
        for place in PLACES:
            page.goto(url + place)
            found += faults(page)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), place
        page.goto(f"{url}/cases")
        page.click("form.filters button.main")
        page.wait_for_url("**view=*")
        expect(page.locator(".case-row")).to_have_count(8)
        found += faults(page)
        page.click(".case-row .case-link >> nth=0")
        page.click("form[action$='/check'] button")
        expect(page.locator(".headline.result-passed")).to_be_visible()
        found += faults(page)
        page.click(".act summary >> nth=0")
        page.fill("form[action$='/reveal'] [name=reason]", "信访核查")
        found += faults(page)
        page.click("form[action$='/reveal'] button")
        expect(page.locator(".is-revealed")).to_be_visible()
        found += faults(page)
        page.goto(f"{url}/stations")
        page.click("td form button >> nth=0")
        expect(page.locator("form[action='/acts/sign'] button")).to_be_disabled()  # it needs its reason
        found += faults(page)
        # What is typed is kept while it is typed, and is there when one comes back.
        page.fill("form[action='/acts/sign'] [name=reason]", "设备送修")
        expect(page.locator(".save-state")).to_have_text("草稿已保存")
        page.goto(url + page.locator("form[action='/acts/sign'] [name=_place]").input_value())
        expect(page.locator("form[action='/acts/sign'] [name=reason]")).to_have_value("设备送修")
        found += faults(page)
        page.click("form[action='/drafts/throw-away'] button")
        expect(page.locator("form[action='/acts/sign'] [name=reason]")).to_have_value("")
        browser.close()
    assert "\n".join(found) == ""
