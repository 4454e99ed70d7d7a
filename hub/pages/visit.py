"""What a page is asked (`Visit`) and what it answers (`Answer`): plain values, so that a page is a function of both and the desk.

The edge (`edge.py`) makes the one from a request and a response from the other; no page sees the network.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from hub.pages.sessions import Identified, Session
from hub.pages.wording import Words
from hub.protocol.codes import Code
from hub.protocol.envelope import Role
from hub.protocol.errors import NotPermitted, Refused
from hub.protocol.identifiers import CaseId, parse_case

P = TypeVar("P", bound=Identified)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a form: the field it was put into, its name and bytes."""

    field: str
    name: str
    raw: bytes


@dataclass(frozen=True)  # no slots: with them a subscripted class cannot be called
class Visit(Generic[P]):
    """One request: `params` from the path, `query` and `form` by name (the last value counts), `files` of the form, `raw` the
    body that was no form, `session` and `words` (language) of the visitor, `address` where it comes from, `now` in UTC."""

    method: str
    path: str
    now: datetime
    words: Words
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    files: tuple[Upload, ...] = ()
    raw: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    session: Session[P] | None = None
    address: str = ""
    csrf: str = ""

    @property
    def person(self) -> P:
        """The person who is signed in. Raises: NotPermitted (E901); a route's rule sees to it that there is one."""
        if self.session is None:
            raise NotPermitted(Code.SESSION_EXPIRED)
        return self.session.person

    @property
    def case(self) -> CaseId:
        """The case that the path names. Raises: Refused (`desk.not_found`)."""
        try:
            return parse_case(self.params.get("case", ""))
        except Refused as error:
            raise Refused(Code.DESK_NOT_FOUND) from error

    def new_files(self, role: Role) -> tuple[Upload, ...]:
        """The files that were put into the field named as `role`."""
        return tuple(file for file in self.files if file.field == role.value and file.raw)


@dataclass(frozen=True, slots=True)
class Html:
    """A page: its template and the value that it shows."""

    template: str
    page: Any
    status: int = 200


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go and GET another page; `notice` names a text that it shows once."""

    to: str
    notice: str | None = None


@dataclass(frozen=True, slots=True)
class File:
    """Bytes: a picture of a page, a PDF. With `name` it is for saving, never opened in place."""

    raw: bytes
    media_type: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Short:
    """A few words or figures for the page's script, as JSON."""

    values: Mapping[str, object]
    status: int = 200


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A redirect that also begins the session `token`."""

    token: str
    to: str


@dataclass(frozen=True, slots=True)
class SignedOut:
    """A redirect that also ends the session."""

    to: str


@dataclass(frozen=True, slots=True)
class Language:
    """A redirect that also keeps the language."""

    language: str
    to: str


Answer = Html | Redirect | File | Short | SignedIn | SignedOut | Language
