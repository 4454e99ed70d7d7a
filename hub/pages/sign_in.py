"""Signing in and out, and setting up the second factor at first use."""

import io
from dataclasses import dataclass
from typing import Protocol, TypeVar

import segno

from hub.pages.accounts import Accounts, address_of_secret
from hub.pages.sessions import Identified, Sessions
from hub.pages.visit import Answer, Html, Language, Redirect, SignedIn, SignedOut, Visit
from hub.pages.wording import LANGUAGES, ZH
from hub.protocol.errors import NotPermitted

P = TypeVar("P", bound=Identified)


class Door(Protocol[P]):
    """The desk that one signs in to; `name` stands in the phone's app."""

    @property
    def name(self) -> str:
        """Station or hub."""

    @property
    def accounts(self) -> Accounts[P]:
        """Who may sign in."""

    @property
    def sessions(self) -> Sessions[P]:
        """Who has."""


@dataclass(frozen=True, slots=True)
class SignInPage:
    """The form: `number` as typed, where to go afterwards, what went wrong, whether a session has just expired."""

    number: str
    next: str
    expired: bool
    error: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class FirstUsePage:
    """The first step: number, password and one-time code."""

    number: str
    error: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class FactorPage:
    """The second step: the QR code (SVG, drawn here), the secret for typing, and the ticket of this enrolment."""

    ticket: str
    number: str
    picture: str
    secret: str
    error: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class RecoveryPage:
    """The recovery codes, shown this once."""

    number: str
    codes: tuple[str, ...]


def show_sign_in(_desk: Door[P], visit: Visit[P]) -> Answer:
    """The form; who is signed in already goes on."""
    to = local_path(visit.query.get("next", ""))
    if visit.session is not None:
        return Redirect(to)
    return Html("sign_in.html", SignInPage("", to, visit.query.get("expired") == "1"))


def sign_in(desk: Door[P], visit: Visit[P]) -> Answer:
    """Begin a session under a new cookie."""
    form, to = visit.form, local_path(visit.form.get("next", ""))
    number = form.get("number", "").strip()
    try:
        person, before = desk.accounts.sign_in(
            number, form.get("password", ""), form.get("code", ""), address=visit.address, now=visit.now
        )
    except NotPermitted as error:
        text, remedy = visit.words.error(error)
        return Html("sign_in.html", SignInPage(number[:32], to, False, text, remedy), error.status)
    if visit.session is not None:
        desk.sessions.end(visit.session.token)
    session = desk.sessions.begin(person, now=visit.now, before=before)
    return SignedIn(session.token, to)


def sign_out(desk: Door[P], visit: Visit[P]) -> Answer:
    """End the session; its key is forgotten."""
    if visit.session is not None:
        desk.sessions.end(visit.session.token)
    return SignedOut("/sign-in")


def choose_language(_desk: Door[P], visit: Visit[P]) -> Answer:
    """Keep the language, and come back."""
    language = visit.form.get("language", "")
    to = visit.form.get("next", "")
    return Language(language if language in LANGUAGES else ZH, to if is_local(to) else "/desk")


def show_first_use(_desk: Door[P], _visit: Visit[P]) -> Answer:
    """The first step."""
    return Html("first_use.html", FirstUsePage(""))


def begin_first_use(desk: Door[P], visit: Visit[P]) -> Answer:
    """Password and one-time code are right: show the secret."""
    form, number = visit.form, visit.form.get("number", "").strip()
    try:
        begun = desk.accounts.begin_enrolment(number, form.get("password", ""), form.get("code", ""), now=visit.now)
    except NotPermitted as error:
        text, remedy = visit.words.error(error)
        return Html("first_use.html", FirstUsePage(number[:32], text, remedy), error.status)
    return Html("factor.html", _factor(desk, begun.ticket, begun.number, begun.secret))


def finish_first_use(desk: Door[P], visit: Visit[P]) -> Answer:
    """The app shows the right code: take the secret, show the recovery codes once."""
    ticket = visit.form.get("ticket", "")
    begun = desk.accounts.begun(ticket, now=visit.now)
    try:
        codes = desk.accounts.enrol(ticket, visit.form.get("code", ""), now=visit.now)
    except NotPermitted as error:
        text, remedy = visit.words.error(error)
        return Html("factor.html", _factor(desk, ticket, begun.number, begun.secret, text, remedy), error.status)
    return Html("recovery.html", RecoveryPage(begun.number, codes))


def local_path(text: str) -> str:
    """Return `text` if it is a path of these pages, else the desk: nobody is sent elsewhere from here."""
    return text if is_local(text) and not text.startswith(("/sign-in", "/first-use")) else "/desk"


def is_local(text: str) -> bool:
    """Whether `text` is a path of these pages, and nothing that a browser could take for an address elsewhere."""
    return text.startswith("/") and not text.startswith("//") and text.isprintable() and "\\" not in text


def _factor(desk: Door[P], ticket: str, number: str, secret: str, error: str = "", remedy: str = "") -> FactorPage:
    drawn = io.BytesIO()
    address = address_of_secret(number, secret, name=desk.name)
    segno.make(address, error="m").save(drawn, kind="svg", scale=5, border=4, xmldecl=False, svgns=True, nl=False)
    spaced = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    return FactorPage(ticket, number, drawn.getvalue().decode(), spaced, error, remedy)
