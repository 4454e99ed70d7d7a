"""What handlers share: the hub, the token office, the caller, the answer's form."""

import msgspec
from aiohttp import web

from hub.exchange.hub import Hub
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.media_types import JSON
from hub.web.tokens import Caller, TokenOffice

HUB = web.AppKey("hub", Hub)
TOKENS = web.AppKey("tokens", TokenOffice)
_ENCODER = msgspec.json.Encoder()


def caller_of(request: web.Request) -> Caller:
    """Return who asks. Raises: NotPermitted (`token.missing`, `token.invalid`), Refused (`request.rate`)."""
    return request.app[TOKENS].caller(request.headers.get("Authorization"))


def json_response(value: msgspec.Struct, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Return a struct as JSON."""
    return web.Response(body=_ENCODER.encode(value), status=status, content_type=JSON, headers=headers)


def number_of(text: str | None, *, field: str, default: int | None = None, most: int = 2**53 - 1) -> int:
    """Return a number from a query or header. Raises: Refused (`request.form`)."""
    if text is None and default is not None:
        return default
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 16 or int(text) > most:
        raise Refused(Code.REQUEST_FORM, field=field)
    return int(text)
