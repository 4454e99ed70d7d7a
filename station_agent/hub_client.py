"""The hub's HTTP API as an agent calls it. No decision is taken here: answers are bytes or structs, failures are `Refused`
(the hub said no, with its own words) or `Unavailable` (try again)."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

import aiohttp
import msgspec

from hub.protocol.case_acts import CaseActs
from hub.protocol.codes import Code
from hub.protocol.erasure import Erasures
from hub.protocol.errors import HanxunError, Refused, Unavailable
from hub.protocol.exchange import Alarms, MailboxPage, Problem, Token, TrailGrowth, UploadState
from hub.protocol.identifiers import Digest, StationId
from hub.protocol.media_types import EVENT_STREAM, JOSE, JSON, PEM
from hub.protocol.reveals import Reveals
from hub.protocol.station_event import LoggedEvents, StationEvents
from hub.protocol.trail_keys import TrailKeysList
from hub.protocol.witness import LeafProofs, Witnessed
from hub.signing.assertions import make_assertion
from hub.signing.keys import Signer
from station_agent.store.blobs import unavailable
from station_agent.transport import unreachable

CHUNK = 1 << 20
RETRY_STATUS = frozenset({408, 425})
TOO_MANY = 429
LONGEST_WAIT_S = 120
SIGNED_OUT = frozenset({Code.TOKEN_MISSING.value, Code.TOKEN_INVALID.value})
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
T = TypeVar("T")


class HubRefusal(Refused):
    """The hub refused. `problem` is what it said (RFC 9457), `raw` its bytes."""

    def __init__(self, problem: Problem, raw: bytes) -> None:
        super().__init__(Code.HUB_REFUSED, field=problem.field, detail=problem.code, values={"code": problem.code})
        self.problem = problem
        self.raw = raw


class Throttled(Unavailable):
    """The hub asks this station to wait `seconds` (429, Retry-After). Nothing was decided."""

    def __init__(self, seconds: int) -> None:
        self.seconds = min(max(seconds, 1), LONGEST_WAIT_S)
        super().__init__(Code.REQUEST_RATE, values={"seconds": self.seconds})


@dataclass(slots=True)
class _Bearer:
    token: str
    until: datetime


class HubClient:
    """One agent's connection to its hub; used by one event loop. Close the session when done."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        hub: str,
        signer: Signer,
        clock: Callable[[], datetime],
        timeout_s: float,
        greet: "Callable[[HubClient], Awaitable[None]] | None" = None,
        heard: Callable[[datetime, datetime], None] | None = None,
    ) -> None:
        """`greet` is done after every sign-in, with a client of its own, before anything else is asked of the hub: a hub that
        was started again has forgotten all tokens, so nothing passes it by. `heard` is told the hub's time and this machine's
        at every answer, refusals too."""
        self._heard = heard
        self._greet = greet
        self._lock = asyncio.Lock()
        self._session = session
        self._hub = hub
        self._signer = signer
        self._clock = clock
        self._timeout_s = timeout_s
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=timeout_s, sock_read=timeout_s)
        self._bearer: _Bearer | None = None

    async def submit(self, envelope: bytes) -> bytes:
        """Hand an envelope in and return the hub's receipt; a repeat returns the first one. Raises: HubRefusal, Unavailable."""
        async with self._call("POST", "/v1/envelopes", data=envelope, headers={"Content-Type": JOSE}) as answer:
            return await answer.read()

    async def mailbox(self, *, after: int, limit: int) -> MailboxPage:
        """Return the deliveries after the cursor `after`. Raises: HubRefusal, Unavailable."""
        query = {"after": str(after), "limit": str(limit)}
        async with self._call("GET", "/v1/mailbox", params=query) as answer:
            return _decoded(await answer.read(), MailboxPage)

    async def sent(self, *, after: int, limit: int) -> MailboxPage:
        """Return what this station has sent, filed after the cursor `after`. Raises: HubRefusal, Unavailable."""
        query = {"after": str(after), "limit": str(limit)}
        async with self._call("GET", "/v1/mailbox/sent", params=query) as answer:
            return _decoded(await answer.read(), MailboxPage)

    async def growth(self, *, since: int) -> TrailGrowth:
        """Return the trail's newest checkpoint with the proof that it adds to the tree of `since` leaves. Raises: as `mailbox`."""
        async with self._call("GET", "/v1/trail/growth", params={"since": str(since)}) as answer:
            return _decoded(await answer.read(), TrailGrowth)

    async def trail_keys(self) -> TrailKeysList:
        """Return the statements of the trail's keys that the hub has. Raises: HubRefusal, Unavailable."""
        async with self._call("GET", "/v1/trail/keys", signed_in=False) as answer:
            return _decoded(await answer.read(), TrailKeysList)

    async def introduce_witness(self, statement: bytes) -> None:
        """Register this station's witness key. Raises: HubRefusal, Unavailable."""
        async with self._call("POST", "/v1/trail/witnesses", data=statement, headers={"Content-Type": JOSE}):
            return

    async def offer(self, *, old: int) -> bytes | None:
        """Return what the hub asks to be cosigned (an add-checkpoint request), None for nothing new. Raises: as `trail_keys`."""
        async with self._call("GET", "/v1/trail/offer", params={"old": str(old)}) as answer:
            return None if answer.status == 204 else await answer.read()

    async def cosigned(self, note: bytes) -> None:
        """Hand in a checkpoint with this station's cosignature. Raises: HubRefusal, Unavailable."""
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        async with self._call("POST", "/v1/trail/cosignatures", data=note, headers=headers):
            return

    async def witnessed(self) -> Witnessed:
        """Return how far the trail is cosigned. Raises: HubRefusal, Unavailable."""
        async with self._call("GET", "/v1/trail/witnesses") as answer:
            return _decoded(await answer.read(), Witnessed)

    async def proofs(self, leaves: Sequence[int]) -> LeafProofs:
        """Return the proofs of leaves, as far as the trail is cosigned. Raises: HubRefusal, Unavailable."""
        query = [("leaf", str(leaf)) for leaf in leaves]
        async with self._call("GET", "/v1/trail/proofs", params=query) as answer:
            return _decoded(await answer.read(), LeafProofs)

    async def log_events(self, events: Sequence[bytes]) -> LoggedEvents:
        """Hand in signed events of this station and return where they stand in the trail. Raises: HubRefusal, Unavailable."""
        body = msgspec.json.encode(StationEvents(events=tuple(raw.decode() for raw in events)))
        async with self._call("POST", "/v1/trail/events", data=body, headers={"Content-Type": JSON}) as answer:
            return _decoded(await answer.read(), LoggedEvents)

    async def tile(self, path: str) -> bytes:
        """Return a tile of the trail (`tile/…`). Raises: HubRefusal, Unavailable."""
        async with self._call("GET", f"/{path}", signed_in=False) as answer:
            return await answer.read()

    async def events(self, *, after: int) -> AsyncIterator[str]:
        """Yield `mailbox`, `checkpoint`, `seals` or `case-acts` for every wake-up of the event stream, until it breaks. Raises:
        HubRefusal, Unavailable."""
        headers = {"Accept": EVENT_STREAM, "Last-Event-ID": str(after)}
        async with self._call("GET", "/v1/events", headers=headers) as answer:
            while line := await answer.content.readline():
                name = line.strip().removeprefix(b"event: ").decode("ascii", "replace")
                if name in ("mailbox", "checkpoint", "seals", "case-acts"):
                    yield name

    async def begin_upload(self, digest: Digest, *, size: int) -> UploadState:
        """Create or resume an upload. Raises: HubRefusal, Unavailable."""
        headers = {"Upload-Length": str(size)}
        async with self._call("POST", f"/v1/blobs/{digest}", headers=headers) as answer:
            return _decoded(await answer.read(), UploadState)

    async def append_upload(self, digest: Digest, path: Path, *, offset: int) -> UploadState:
        """Send the rest of the blob in the file `path` from `offset`, in constant memory. Raises: HubRefusal, Unavailable."""
        headers = {"Upload-Offset": str(offset), "Content-Type": "application/octet-stream"}
        data = _file_from(path, offset)
        async with self._call("PATCH", f"/v1/blobs/{digest}", data=data, headers=headers) as answer:
            return _decoded(await answer.read(), UploadState)

    async def download(self, digest: Digest, part: Path, *, size: int) -> None:
        """Fetch a blob of `size` bytes into the file `part`, going on where it ended.

        Raises: HubRefusal, Unavailable, Refused (E401) when more bytes come than there should be.
        """
        have = await asyncio.to_thread(_size_of, part)
        if have >= size:
            return
        headers = {"Range": f"bytes={have}-"} if have else {}
        async with self._call("GET", f"/v1/blobs/{digest}", headers=headers) as answer:
            # A server may ignore the range: then the file begins again.
            with _written(part, "ab" if answer.status == 206 else "wb") as file:
                async for chunk in answer.content.iter_chunked(CHUNK):
                    if file.tell() + len(chunk) > size:
                        raise Refused(Code.SEAL_INVALID, detail=f"attachment {digest}: too many bytes")
                    await asyncio.to_thread(file.write, chunk)

    async def certificate(self, x5t: str) -> bytes:
        """Return a registered certificate (PEM). Raises: HubRefusal, Unavailable."""
        async with self._call("GET", f"/v1/certificates/{x5t}", signed_in=False) as answer:
            return await answer.read()

    async def publish(self, pem: bytes) -> None:
        """Register a certificate of this station. Raises: HubRefusal, Unavailable."""
        async with self._call("POST", "/v1/certificates", data=pem, headers={"Content-Type": PEM}):
            return

    async def crl(self) -> bytes:
        """Return the hub's current revocation list (DER). Raises: HubRefusal, Unavailable."""
        async with self._call("GET", "/v1/crl", signed_in=False) as answer:
            return await answer.read()

    async def seals(self) -> bytes:
        """Return the hub's signed list of seals. Raises: HubRefusal (also from a hub that has none), Unavailable."""
        async with self._call("GET", "/v1/seals") as answer:
            return await answer.read()

    async def specimens(self, station: StationId) -> bytes:
        """Return the hub's signed word on the impressions of `station`. Raises: as `seals`."""
        async with self._call("GET", f"/v1/specimens/{station}") as answer:
            return await answer.read()

    async def specimen(self, station: StationId, digest: Digest, *, size: int) -> bytes:
        """Return the file of an impression, whose signed size is `size`; nothing else is checked.

        Raises: Refused (`specimen.digest`) when more bytes come, HubRefusal, Unavailable.
        """
        got = bytearray()
        async with self._call("GET", f"/v1/specimens/{station}/{digest}") as answer:
            async for chunk in answer.content.iter_chunked(CHUNK):
                got += chunk
                if len(got) > size:
                    raise Refused(Code.SPECIMEN_DIGEST, detail=f"{digest}: too many bytes")
        return bytes(got)

    async def state(self, statement: bytes) -> None:
        """Hand in a signed statement of this station; a repeat changes nothing. Raises: HubRefusal, Unavailable."""
        async with self._call("POST", "/v1/statements", data=statement, headers={"Content-Type": JOSE}):
            return

    async def reveals(self, *, after: int) -> Reveals:
        """Return the looks at this station's cases in full behind number `after`. Raises: HubRefusal, Unavailable."""
        async with self._call("GET", f"/v1/reveals?after={after}") as answer:
            return _decoded(await answer.read(), Reveals)

    async def case_acts(self, *, after: int) -> CaseActs:
        """Return what administrators urged and extended of this station's cases behind number `after`. Raises: HubRefusal,
        Unavailable."""
        async with self._call("GET", f"/v1/case-acts?after={after}") as answer:
            return _decoded(await answer.read(), CaseActs)

    async def alarms(self) -> Alarms:
        """Return the alarms that concern this station. Raises: HubRefusal, Unavailable."""
        async with self._call("GET", "/v1/alarms") as answer:
            return _decoded(await answer.read(), Alarms)

    async def erasures(self, *, after: int) -> Erasures:
        """Return the notices of erased cases of this station behind leaf `after`. Raises: HubRefusal, Unavailable."""
        async with self._call("GET", f"/v1/erasures?after={after}") as answer:
            return _decoded(await answer.read(), Erasures)

    async def _sign_in(self) -> str:
        async with self._lock:
            if self._bearer is None or self._bearer.until <= self._clock():
                bearer = await self._bearer_anew()
                await self._greeted(bearer)
                self._bearer = bearer
            return self._bearer.token

    async def _greeted(self, bearer: _Bearer) -> None:
        if self._greet is None:
            return
        inner = HubClient(
            self._session,
            hub=self._hub,
            signer=self._signer,
            clock=self._clock,
            timeout_s=self._timeout_s,
            heard=self._heard,
        )
        inner._bearer = bearer
        try:
            await self._greet(inner)
        except Refused as error:
            # No message of the outbox has been judged by that.
            raise Unavailable(Code.HUB_SIGN_IN, detail=f"{error.code.value} {error.detail or ''}".strip()) from error

    async def _bearer_anew(self) -> _Bearer:
        now = self._clock()
        assertion = make_assertion(self._signer, self._hub, now, str(uuid.uuid4()))
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion.decode(),
        }
        try:
            async with self._call("POST", "/v1/token", data=form, signed_in=False) as answer:
                token = _decoded(await answer.read(), Token)
        except HubRefusal as refusal:
            # The agent is not let in: no message of its outbox has been judged by that.
            raise Unavailable(Code.HUB_SIGN_IN, detail=refusal.problem.code) from refusal
        # Half of its life: a long upload must not outlive it.
        return _Bearer(token.access_token, now + timedelta(seconds=token.expires_in / 2))

    @asynccontextmanager
    async def _call(
        self,
        method: str,
        path: str,
        *,
        signed_in: bool = True,
        headers: dict[str, str] | None = None,
        **options: object,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        sent = dict(headers or {})
        if signed_in:
            sent["Authorization"] = f"Bearer {await self._sign_in()}"
        try:
            async with self._session.request(
                method,
                self._hub + path,
                headers=sent,
                timeout=self._timeout,
                allow_redirects=False,
                **options,  # type: ignore[arg-type]
            ) as answer:
                self._hear(answer.headers.get("Date"))
                if answer.status >= 300:
                    raise self._failure(answer.status, await answer.read(), answer.headers.get("Retry-After"))
                yield answer
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise unreachable(error) from error

    def _hear(self, date: str | None) -> None:
        """Tell `hear` what the hub's clock says, where its answer does."""
        if self._heard is None or date is None:
            return
        with contextlib.suppress(ValueError, TypeError):
            self._heard(parsedate_to_datetime(date), self._clock())

    def _failure(self, status: int, raw: bytes, retry_after: str | None = None) -> HanxunError:
        try:
            problem = msgspec.json.decode(raw, type=Problem)
        except (msgspec.DecodeError, UnicodeDecodeError):
            # Not our hub's words: a proxy's page, or a hub that broke off. Nothing was decided.
            return Unavailable(Code.HUB_UNREACHABLE, detail=f"HTTP {status}", values={"n": "?"})
        signed_out = problem.code in SIGNED_OUT
        if signed_out:
            self._bearer = None  # expired, or forgotten by a hub that has restarted
        if status == TOO_MANY:
            return Throttled(int(retry_after) if retry_after is not None and retry_after.isdecimal() else 1)
        if status >= 500 or status in RETRY_STATUS or signed_out:
            return Unavailable(Code.HUB_UNREACHABLE, detail=problem.code, values={"n": "?"})
        return HubRefusal(problem, raw)


@contextmanager
def _written(part: Path, mode: str) -> Iterator[BinaryIO]:
    """Open a file of ours to write: what goes wrong with it is this machine's disk, not the hub's being away."""
    try:
        with open(part, mode) as file:
            yield cast(BinaryIO, file)
    except (aiohttp.ClientError, TimeoutError, ConnectionError):
        raise
    except OSError as error:
        raise unavailable(error) from error


def _size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


async def _file_from(path: Path, offset: int) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        file.seek(offset)
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk


def _decoded(raw: bytes, type: type[T]) -> T:
    try:
        return msgspec.json.decode(raw, type=type)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unavailable(Code.HUB_UNREACHABLE, detail="answer of another form", values={"n": "?"}) from error
