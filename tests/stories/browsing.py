"""What the browser stories share: a browser, officers who sign in by the page, keys instead of a mouse, axe."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page

from station_agent.people import Person
from tests.station.web.office import PASSWORD, Office
from tests.stories.walk import CHROMIUM, MISSING, in_language

AXE = (Path(__file__).parents[1] / "station" / "web" / "axe" / "axe.min.js").read_text(encoding="utf-8")
FAULTS = ("serious", "critical")
PATIENCE_MS = 60_000
LEAST_RULES = 8
needs_chromium = pytest.mark.skipif(not CHROMIUM.exists(), reason=MISSING)


def a_page(context: BrowserContext) -> Page:
    """A page whose script's faults fail the test."""
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"script: {error}"))
    page.set_default_timeout(PATIENCE_MS)
    return page


def sign_in(browser: Browser, office: Office, person: Person, **options: object) -> Page:
    """Sign an officer in at a browser of their own."""
    if person.number not in office.secrets:
        office.enrol(person)
    page = a_page(browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN", **options))  # type: ignore[arg-type]
    page.goto(f"{office.url}/sign-in")
    give_password(page, office, person)
    return page


def give_password(page: Page, office: Office, person: Person) -> None:
    """Fill in the sign-in form that the page shows."""
    page.fill("[name=number]", person.number)
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=code]", office.code(person))
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)


def tab_to(page: Page, wanted: Locator, *, most: int = 120) -> None:
    """Press Tab until `wanted` has the focus, as somebody without a mouse does."""
    for _ in range(most):
        if wanted.evaluate("each => each === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {wanted}")


def press(page: Page, wanted: Locator, *, key: str = "Enter") -> None:
    """Go to something by Tab and press it."""
    tab_to(page, wanted)
    page.keyboard.press(key)


def type_into(page: Page, wanted: Locator, text: str) -> None:
    """Go to a field by Tab and type."""
    tab_to(page, wanted)
    page.keyboard.type(text)


def faults(page: Page) -> list[str]:
    """What axe finds, of weight, on the page as it is now."""
    found = page.evaluate(
        f"async () => {{ {AXE}; const found = await axe.run(); return [found.violations, found.passes.length] }}"
    )
    assert found[1] >= LEAST_RULES, f"axe looked at next to nothing of {page.url}"
    return [
        f"{page.url} {each['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
        for each in found[0]
        if each["impact"] in FAULTS
        for node in each["nodes"]
    ]


def faults_everywhere(page: Page) -> list[str]:
    """The same in both languages and both colour schemes; each time the page really is what it is looked at as."""
    found, grounds = [], {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for language, tag in (("zh", "zh-CN"), ("en", "en")):
            in_language(page, language)  # loads it anew: no colour is halfway between the two schemes
            assert page.evaluate("document.documentElement.lang") == tag, page.url
            found += [f"{language} {scheme}: {fault}" for fault in faults(page)]
        grounds[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert grounds["light"] != grounds["dark"], page.url
    return found
