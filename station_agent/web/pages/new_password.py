"""After a reset: the officer chooses a new password with the one-time code; a new key is made here under it, and its request waits
for the authority, which compares the fingerprint with the person before it issues a certificate.
"""

from dataclasses import dataclass

from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError, Refused
from hub.signing.fingerprints import key_digest, short
from station_agent.personnel import choose_new_key
from station_agent.web.desk import Desk
from station_agent.web.staff import State, require_member
from station_agent.web.visit import Answer, Html, Visit

SHORTEST = 8


@dataclass(frozen=True, slots=True)
class NewPasswordPage:
    """The form; only the number comes back when something was wrong."""

    number: str
    error: str = ""
    remedy: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class NewKeyPage:
    """The new key is made: its fingerprint, to be compared at the authority."""

    number: str
    name: str
    fingerprint: str


def show_new_password(_desk: Desk, _visit: Visit) -> Answer:
    """The form."""
    return Html("new_password.html", NewPasswordPage(""))


def choose_password(desk: Desk, visit: Visit) -> Answer:
    """Make the key. The code goes on counting: until the certificate is here for another choice, then for the second factor."""
    number = visit.form.get("number", "").strip()
    try:
        desk.accounts.require_code(number, visit.form.get("code", ""), now=visit.now)
        member = require_member(desk, number, now=visit.now)
        if member.state not in (State.CHOOSES, State.CERTIFICATE) or not member.retired:
            raise Refused(Code.DESK_KEY_HERE, field="number")
        password = visit.form.get("password", "")
        if len(password) < SHORTEST or password != visit.form.get("again", ""):
            raise Refused(Code.DESK_PASSWORD, field="password")
        before = member.retired[-1].certified
        request = choose_new_key(desk.agent, number, before, password.encode())
    except HanxunError as error:
        text, remedy = visit.words.error(error)
        field = error.field or "code"
        return Html("new_password.html", NewPasswordPage(number[:32], text, remedy, field), error.status)
    return Html("new_key.html", NewKeyPage(number, member.name, short(key_digest(request.public_key))))
