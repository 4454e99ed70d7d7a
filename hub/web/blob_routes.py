"""Handlers of blobs: resumable upload (headers as in draft-ietf-httpbis-resumable-upload) and reading with ranges."""

import re
from collections.abc import AsyncIterator

from aiohttp import web

from hub.exchange.hub import Hub
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.exchange import UploadState
from hub.protocol.identifiers import parse_digest
from hub.store.attachments import blob_size_for
from hub.store.blobs import CHUNK
from hub.web.context import HUB, caller_of, json_response, number_of
from hub.web.pace import body_chunks, write_chunks

OCTETS = "application/octet-stream"


async def post_blob(request: web.Request) -> web.StreamResponse:
    """Create an upload, or say how far it is."""
    caller, hub = caller_of(request), request.app[HUB]
    digest = parse_digest(request.match_info["digest"])
    size = number_of(request.headers.get("Upload-Length"), field="Upload-Length")
    return _answer(await hub.uploads.begin(caller.station, digest, size))


async def patch_blob(request: web.Request) -> web.StreamResponse:
    """Add bytes at an offset; after the last one the answer comes when the blob is durable."""
    caller, hub = caller_of(request), request.app[HUB]
    digest = parse_digest(request.match_info["digest"])
    offset = number_of(request.headers.get("Upload-Offset"), field="Upload-Offset")
    chunks = body_chunks(request, hub.settings.limits, size=CHUNK)
    return _answer(await hub.uploads.append(caller.station, digest, offset, chunks))


async def get_blob(request: web.Request) -> web.StreamResponse:
    """Read a blob that a case of the caller's names (GET), or ask how far an upload is (HEAD)."""
    caller, hub = caller_of(request), request.app[HUB]
    digest = parse_digest(request.match_info["digest"])
    if request.method == "HEAD":
        state = await hub.uploads.state(caller.station, digest)
        return web.Response(headers=_headers(state), content_type=OCTETS)
    size = await hub.readers.read(lambda tx: blob_size_for(tx, digest, caller.station))
    if size is None:
        raise Refused(Code.BLOB_UNKNOWN)
    return await _send(request, hub, digest_range(request.headers.get("Range"), size), size)


def digest_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Return (start, end) of a `Range` header over `size` bytes, `end` not included; None: the whole.

    One range of bytes is understood; other units and several ranges are ignored, as RFC 9110, 14.2 allows.
    Raises: Refused (`blob.range`) when it cannot be satisfied.
    """
    match = re.fullmatch(r"bytes=([0-9]{0,18})-([0-9]{0,18})", header, re.ASCII) if header else None
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        start, end = max(0, size - int(match[2])), size
    else:
        start, end = int(match[1]), min(size, int(match[2]) + 1 if match[2] else size)
    if start >= size or end <= start:
        raise Refused(Code.BLOB_RANGE)
    return start, end


async def _send(request: web.Request, hub: Hub, part: tuple[int, int] | None, size: int) -> web.StreamResponse:
    digest = parse_digest(request.match_info["digest"])
    start, end = part or (0, size)
    response = web.StreamResponse(status=206 if part else 200)
    response.content_type = OCTETS
    response.content_length = end - start
    response.headers["ETag"] = f'"{digest}"'
    response.headers["Accept-Ranges"] = "bytes"
    if part:
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    # The first bytes are read before the head is sent: a blob that is gone is still answered with a problem.
    chunks = hub.blobs.read(digest, start=start, end=end)
    first = await anext(chunks)
    await response.prepare(request)
    await write_chunks(request, response, _after(first, chunks), hub.settings.limits)
    return response


async def _after(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


def _answer(state: UploadState) -> web.Response:
    return json_response(state, headers=_headers(state))


def _headers(state: UploadState) -> dict[str, str]:
    return {
        "Upload-Offset": str(state.offset),
        "Upload-Length": str(state.size),
        "Upload-Complete": "?1" if state.complete else "?0",
        "Cache-Control": "no-store",
    }
