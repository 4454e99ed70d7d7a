"""Errors as problem details (RFC 9457): one place turns codes into HTTP statuses and both languages into text."""

import logging
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError, Refused
from hub.protocol.exchange import Problem
from hub.protocol.media_types import PROBLEM_JSON

log = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# Where a code means something more exact in HTTP than its class of error does.
STATUS = {
    Code.REQUEST_FORM: 400,
    Code.TOKEN_REQUEST: 400,
    Code.ASSERTION_INVALID: 401,
    Code.ASSERTION_EXPIRED: 401,
    Code.ASSERTION_REPEATED: 401,
    Code.TOKEN_MISSING: 401,
    Code.TOKEN_INVALID: 401,
    Code.REQUEST_NOT_FOUND: 404,
    Code.BLOB_UNKNOWN: 404,
    Code.SPECIMEN_UNKNOWN: 404,
    Code.CERTIFICATE_UNKNOWN: 404,
    Code.TILE_UNKNOWN: 404,
    Code.CRL_MISSING: 404,
    Code.REQUEST_METHOD: 405,
    Code.REQUEST_SLOW: 408,
    Code.ENVELOPE_ID_REUSED: 409,
    Code.HANDOVER_REPEATED: 409,
    Code.BLOB_OFFSET: 409,
    Code.REQUEST_TOO_LARGE: 413,
    Code.BLOB_RANGE: 416,
    Code.REQUEST_RATE: 429,
}


def status_of(error: HanxunError) -> int:
    """Return the HTTP status that `error` becomes."""
    return STATUS.get(error.code, error.status)


def problem_of(error: HanxunError, *, receipt: bytes | None = None) -> Problem:
    """Return `error` as problem details; `receipt` is the signed rejection of an envelope."""
    text = error.text
    detail = f"{text.zh} / {text.en}" + (f" ({error.detail})" if error.detail else "")
    return Problem(
        type=f"https://hanxun.example/problems/{error.code.value}",
        title=f"{text.zh} / {text.en}",
        status=status_of(error),
        code=error.code.value,
        detail=detail,
        remedy=f"{text.remedy_zh} / {text.remedy_en}",
        field=error.field,
        receipt=receipt.decode() if receipt is not None else None,
    )


def problem_response(error: HanxunError, *, receipt: bytes | None = None) -> web.Response:
    """Return `error` as an HTTP answer."""
    problem = problem_of(error, receipt=receipt)
    headers: dict[str, str] = {}
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if problem.status == 503:
        headers["Retry-After"] = "2"
    if error.code is Code.REQUEST_RATE:
        headers["Retry-After"] = str(error.values["seconds"])
    if error.code is Code.BLOB_OFFSET:
        headers["Upload-Offset"] = str(error.values["offset"])
    body = msgspec.json.encode(problem)
    return web.Response(body=body, status=problem.status, content_type=PROBLEM_JSON, headers=headers)


def answering_problems(handler: Handler) -> Handler:
    """Return `handler` with whatever it raises turned into problem details; the outermost edge of the hub.

    Around each handler and not as a middleware of aiohttp: that costs twice as much on the hot path.
    """

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except HanxunError as error:
            level = logging.ERROR if error.status >= 500 else logging.INFO
            log.log(level, "refused %s %s code=%s", request.method, _route(request), error.code.value)
            return problem_response(error)
        except web.HTTPException as error:
            return problem_response(_of_http(request, error))
        except Exception:
            log.exception("failed %s %s", request.method, _route(request))
            return problem_response(HanxunError(Code.HUB_INTERNAL))

    return answer


async def not_found(_request: web.Request) -> web.StreamResponse:
    """Any address that is not in the table. Raises: Refused."""
    raise Refused(Code.REQUEST_NOT_FOUND)


async def wrong_method(_request: web.Request) -> web.StreamResponse:
    """Any method that an address does not take. Raises: Refused."""
    raise Refused(Code.REQUEST_METHOD)


def _of_http(request: web.Request, error: web.HTTPException) -> Refused:
    if error.status == 413:
        return Refused(Code.REQUEST_TOO_LARGE, values={"limit": request.client_max_size})
    return Refused(Code.REQUEST_FORM, detail=error.reason)


def _route(request: web.Request) -> str:
    # The pattern, not the path: a log holds no digests of letters.
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "?"
