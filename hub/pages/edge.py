"""Between HTTP and the pages: cookies, forged and foreign requests, the route's rule, errors as pages, headers on everything."""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from typing import Generic
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from hub.pages.attempts import Attempts
from hub.pages.headers import ALWAYS, KEPT, NOT_KEPT, OVER_TLS
from hub.pages.problem import ProblemPage
from hub.pages.routing import D, Route
from hub.pages.sessions import ANYBODY, Sessions
from hub.pages.templates import render
from hub.pages.visit import Answer, File, Html, Language, P, Redirect, Short, SignedIn, SignedOut, Upload, Visit
from hub.pages.way_back import way_back
from hub.pages.wording import ZH, Words
from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError, NotPermitted, Refused, Unavailable

log = logging.getLogger(__name__)
LANGUAGE = "hanxun_language"
A_YEAR_S = 365 * 24 * 3600
PIECE_BYTES = 4 << 20
FORM_BYTES = 48 << 20
STRANGERS_BYTES = 256 << 10
"""Who has not signed in here lately has nothing to send but a sign-in."""
TRIES = frozenset({"/sign-in", "/first-use", "/new-password"})


@dataclass(frozen=True)  # no slots: with them a subscripted class cannot be called
class Pages(Generic[D, P]):
    """One kind of desk: `package` holds its templates and words, `cookie` names its session's cookie, `frame` is what stands
    around every page, `require_rule` lets pass only whom a route lets, `keep_typed` keeps what somebody whose session is over
    had typed."""

    package: str
    cookie: str
    routes: tuple[Route[D, P], ...]
    frame: Callable[[D, Visit[P]], object]
    require_rule: Callable[[Route[D, P], D, Visit[P]], None]
    keep_typed: Callable[[D, str, Visit[P]], object]
    statuses: Mapping[Code, HTTPStatus]


class Edge(Generic[D, P]):
    """Answers requests with a desk's pages. `hosts`: the names under which it is reached; `secure`: browsers come by TLS."""

    def __init__(
        self,
        pages: Pages[D, P],
        desk: D,
        sessions: Sessions[P],
        *,
        hosts: frozenset[str],
        secure: bool,
        clock: Callable[[], datetime],
    ) -> None:
        self._pages = pages
        self._desk = desk
        self._sessions = sessions
        self._hosts = hosts
        self._secure = secure
        self._clock = clock
        self._attempts = Attempts()
        # `__Host-`: only this host over TLS can have set it.
        self._cookie = f"__Host-{pages.cookie}" if secure else pages.cookie

    async def answer(self, request: web.Request, route: Route[D, P] | None) -> web.Response:
        """Return the answer to a request; `route` is None for an address that there is not."""
        words = Words(request.cookies.get(LANGUAGE, ZH), self._pages.package)
        visit: Visit[P] = Visit(request.method, request.path, self._clock(), words)
        token, given = self._token(request, visit)
        visit = replace(
            visit, csrf=self._sessions.form_token(token), address=request.remote or "", headers=request.headers
        )
        try:
            self._require_host(request)
            if route is None:
                raise Refused(Code.DESK_NOT_FOUND)
            visit = await self._read(request, route, visit, token)
            response = await asyncio.to_thread(self._answered, route, visit)
        except HanxunError as error:
            response = await asyncio.to_thread(self._refused, route, visit, error, token)
        except Exception as error:
            # A fault of this program: the visitor is told in their own words, the log says where it was.
            log.error("page failed path=%s", "-" if route is None else route.path, exc_info=error)
            response = await asyncio.to_thread(self._refused, route, visit, Unavailable(Code.DESK_FAULT), token)
        if not given and self._cookie not in response.cookies:
            self._set_token(response, token)
        return response

    def _token(self, request: web.Request, visit: Visit[P]) -> tuple[str, bool]:
        token = request.cookies.get(self._cookie, "")
        if token and self._sessions.owner_of(token, now=visit.now) is not None:
            return token, True
        return self._sessions.new_token(ANYBODY, now=visit.now), False

    def _require_host(self, request: web.Request) -> None:
        # A page of another site whose name was made to point here (DNS rebinding) stays outside.
        host = (urlsplit(f"//{request.host}").hostname or "").lower()
        if host not in self._hosts:
            raise Refused(Code.DESK_HOST)

    async def _read(self, request: web.Request, route: Route[D, P], visit: Visit[P], token: str) -> Visit[P]:
        params, query = dict(request.match_info), dict(request.query)
        session = self._sessions.find(token, now=visit.now, acts=not route.by_itself)
        visit = replace(visit, params=params, query=query, session=session)
        if request.method in ("GET", "HEAD"):
            return visit
        if request.path in TRIES:
            self._attempts.take(visit.address, now=visit.now)
        origin = request.headers.get("Origin")
        foreign = origin is not None and urlsplit(origin).netloc.lower() != request.host.lower()
        if foreign or request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            raise NotPermitted(Code.DESK_FORGED)
        if route.raw_body:
            if request.content_length is None or request.content_length > PIECE_BYTES:
                raise Refused(Code.DESK_FORM)
            visit = replace(visit, raw=await request.content.read(-1))
            proof = request.headers.get("X-Form-Token", "")
        else:
            known = self._sessions.owner_of(token, now=visit.now) not in (None, ANYBODY)
            visit = await _with_form(request, visit, most=FORM_BYTES if known else STRANGERS_BYTES)
            proof = request.headers.get("X-Form-Token") or visit.form.get("_token", "")
        if not self._sessions.is_form_token(token, proof):
            raise NotPermitted(Code.DESK_FORGED)
        return visit

    def _answered(self, route: Route[D, P], visit: Visit[P]) -> web.Response:
        try:
            self._pages.require_rule(route, self._desk, visit)
        except NotPermitted as error:
            if error.code is Code.SESSION_EXPIRED:
                raise _Expired from error
            raise
        answer = route.view(self._desk, visit)
        return self._response(answer, visit, route)

    def _response(self, answer: Answer, visit: Visit[P], route: Route[D, P] | None) -> web.Response:
        if isinstance(answer, Html):
            return self._page(answer, visit, route)
        if isinstance(answer, File):
            headers = {} if answer.name is None else {"Content-Disposition": f'attachment; filename="{answer.name}"'}
            kept = KEPT if visit.path.startswith("/static/") else NOT_KEPT
            return _bare(answer.raw, answer.media_type, headers | {"Cache-Control": kept})
        if isinstance(answer, Short):
            return _bare(json.dumps(answer.values).encode(), "application/json", {}, status=answer.status)
        if isinstance(answer, Redirect) and answer.notice is not None and visit.session is not None:
            visit.session.notice = answer.notice
        response = _bare(b"", "text/plain", {"Location": answer.to}, status=HTTPStatus.SEE_OTHER)
        if isinstance(answer, SignedIn):
            self._set_token(response, answer.token)
        elif isinstance(answer, SignedOut):
            self._set_token(response, self._sessions.new_token(ANYBODY, now=visit.now))
        elif isinstance(answer, Language):
            response.set_cookie(
                LANGUAGE, answer.language, max_age=A_YEAR_S, samesite="Strict", httponly=True, secure=self._secure
            )
        return response

    def _page(self, answer: Html, visit: Visit[P], route: Route[D, P] | None) -> web.Response:
        values = {
            "t": visit.words,
            "page": answer.page,
            "frame": self._pages.frame(self._desk, visit),
            "lang": visit.words.language,
            "here": way_back(self._pages.routes, route, visit),
        }
        if visit.session is not None and not answer.template.startswith("_"):
            # Shown now, and only once. A part that some page asked for by itself has no room for it.
            visit.session.notice = None
        return _bare(
            render(self._pages.package, answer.template, values).encode(), "text/html", {}, status=answer.status
        )

    def _refused(self, route: Route[D, P] | None, visit: Visit[P], error: HanxunError, token: str) -> web.Response:
        log.info("refused path=%s code=%s", "-" if route is None else route.path, error.code.value)
        if isinstance(error, _Expired):
            return self._expired(route, visit, token)
        status = self._status(error)
        if route is not None and (route.by_itself or route.raw_body):
            text, remedy = visit.words.error(error)
            return self._response(
                Short({"code": error.code.value, "text": text, "remedy": remedy}, status), visit, route
            )
        text, remedy = visit.words.error(error)
        return self._page(Html("problem.html", ProblemPage(error.code.value, text, remedy), status), visit, route)

    def _status(self, error: HanxunError) -> int:
        own = self._pages.statuses.get(error.code)
        if own is not None:
            return own
        return _STATUS.get(error.code, error.status)

    def _expired(self, route: Route[D, P] | None, visit: Visit[P], token: str) -> web.Response:
        owner = self._sessions.owner_of(token, now=visit.now)
        if route is not None and route.keeps_form and owner not in (None, ANYBODY):
            # What was typed is theirs, and waits for them behind the sign-in.
            self._pages.keep_typed(self._desk, owner or "", visit)
        # A part of a page is asked for by script: a sign-in page put into its place would be a page within a page.
        by_script = visit.headers.get("HX-Request") == "true"
        if by_script or (route is not None and (route.by_itself or route.raw_body)):
            text, remedy = visit.words.error(NotPermitted(Code.SESSION_EXPIRED))
            kept = {"code": Code.SESSION_EXPIRED.value, "text": text, "remedy": remedy}
            return self._response(Short(kept, HTTPStatus.UNAUTHORIZED), visit, route)
        known = owner not in (None, ANYBODY)
        query = {"next": way_back(self._pages.routes, route, visit)} | ({"expired": "1"} if known else {})
        return self._response(Redirect(f"/sign-in?{urlencode(query)}"), visit, route)

    def _set_token(self, response: web.Response, token: str) -> None:
        response.set_cookie(self._cookie, token, secure=self._secure, httponly=True, samesite="Strict", path="/")


class _Expired(NotPermitted):
    """The session is over, and the route wants one."""

    def __init__(self) -> None:
        super().__init__(Code.SESSION_EXPIRED)


async def _with_form(request: web.Request, visit: Visit[P], *, most: int) -> Visit[P]:
    try:
        posted = await request.clone(client_max_size=most).post()
    except web.HTTPRequestEntityTooLarge as error:
        raise Refused(Code.SCAN_TOO_LARGE, values={"n": max(1, most >> 20)}) from error
    except (ValueError, LookupError, web.HTTPBadRequest, web.RequestPayloadError) as error:
        # No form, a character set that nobody knows, a body that is not packed as it says.
        raise Refused(Code.DESK_FORM) from error
    form: dict[str, str] = {}
    uploads = []
    for name, value in posted.items():
        if isinstance(value, str):
            form[name] = value
        elif isinstance(value, web.FileField):
            uploads.append(Upload(name, value.filename, value.file.read()))
    return replace(visit, form=form, files=tuple(uploads))


def finish(response: web.StreamResponse, *, secure: bool) -> None:
    """Put what every answer carries on it."""
    response.headers.update(ALWAYS)
    response.headers.setdefault("Cache-Control", NOT_KEPT)
    if secure:
        response.headers.update(OVER_TLS)


def _bare(raw: bytes, media_type: str, headers: dict[str, str], *, status: int = 200) -> web.Response:
    charset = "utf-8" if media_type.startswith("text/") else None
    return web.Response(body=raw, status=status, headers=headers, content_type=media_type, charset=charset)


_STATUS: Mapping[Code, int] = {
    Code.DESK_NOT_FOUND: HTTPStatus.NOT_FOUND,
    Code.DESK_HOST: HTTPStatus.MISDIRECTED_REQUEST,
    Code.DESK_RATE: HTTPStatus.TOO_MANY_REQUESTS,
    Code.DESK_FORM: HTTPStatus.BAD_REQUEST,
    Code.DESK_FAULT: HTTPStatus.INTERNAL_SERVER_ERROR,
    Code.SCAN_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
}
