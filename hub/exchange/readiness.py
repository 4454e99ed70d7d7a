"""Whether the hub can accept: store writable, room on the disk, revocation list fresh, not stopping. Reasons by code.

Looked at every few seconds; accepting only reads the last answer. While the disk is low or cannot be written new letters
are refused, before anything is lost; reading, delivery and handovers go on.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from hub.exchange.trust import TrustBook
from hub.protocol.codes import Code
from hub.protocol.errors import HanxunError, Unavailable
from hub.protocol.exchange import Readiness, Reason
from hub.room import Trouble, free_bytes, look
from hub.store.database import touch
from hub.store.writer import StoreWriter

log = logging.getLogger(__name__)
_CODES = {
    Trouble.LOW: Code.STORE_LOW,
    Trouble.FULL: Code.STORE_FULL,
    Trouble.READ_ONLY: Code.STORE_READ_ONLY,
    Trouble.FAILING: Code.STORE_UNAVAILABLE,
}


def require_writable(folder: Path) -> None:
    """Raise Unavailable (`store.*`) when the folder cannot be written at all: then do not begin to serve."""
    trouble = look(folder, low_bytes=0)
    if trouble is not None:
        raise Unavailable(_CODES[trouble])


class Watch:
    """What keeps the hub from accepting, as last seen. Used on the event loop; looks in a thread."""

    def __init__(
        self,
        folder: Path,
        *,
        low_bytes: int,
        every_s: float,
        trust: TrustBook,
        writer: StoreWriter,
        clock: Callable[[], datetime],
    ) -> None:
        self._folder = folder
        self._low_bytes = low_bytes
        self._every_s = every_s
        self._trust = trust
        self._writer = writer
        self._clock = clock
        self._told: tuple[Code, ...] = ()
        self.stopping = False
        self.refusal: Code | None = None
        """Why letters are not taken now; None when the disk is good."""
        self._note(look(folder, low_bytes=low_bytes))

    def require_room(self, size: int = 0) -> None:
        """Raise Unavailable (`store.*`) unless new work, and `size` bytes of it, may be taken."""
        if self.refusal is not None:
            raise Unavailable(self.refusal)
        if size and free_bytes(self._folder) - size < self._low_bytes:
            raise Unavailable(Code.STORE_LOW)

    def readiness(self) -> Readiness:
        """Return whether letters are taken, and every reason why not."""
        codes = self._codes()
        return Readiness(ready=not codes, reasons=tuple(_reason(code) for code in codes))

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._every_s)
            try:
                await self.look_again()
            except OSError as error:
                # The list's file, say, cannot be read: the next look may.
                log.error("look failed error=%s", error.strerror)

    async def look_again(self) -> None:
        """Look now: at the disk, and, after a failed commit, whether one goes through."""
        self._note(await asyncio.to_thread(look, self._folder, low_bytes=self._low_bytes))
        if self._writer.trouble is not None and self._writer.serving:
            try:
                await self._writer.run(touch)
            except HanxunError as error:
                log.warning("store still failing code=%s", error.code.value)
        codes = self._codes()
        if codes != self._told:
            self._told = codes
            if codes:
                log.error("not accepting reasons=%s", ",".join(code.value for code in codes))
            else:
                log.info("accepting again")

    def _note(self, trouble: Trouble | None) -> None:
        self.refusal = None if trouble is None else _CODES[trouble]

    def _codes(self) -> tuple[Code, ...]:
        found: list[Code | None] = [
            Code.HUB_STOPPING if self.stopping else self._writer.refusal,
            self.refusal,
            self._writer.trouble,
            self._crl_trouble(),
        ]
        return tuple(dict.fromkeys(code for code in found if code is not None))

    def _crl_trouble(self) -> Code | None:
        trust = self._trust.refresh()
        crl = self._trust.crl
        if crl is None:
            return Code.CRL_MISSING
        old = self._clock() >= min(crl.this_update + trust.crl_max_age, crl.next_update)
        return Code.STATUS_LIST_TOO_OLD if old else None


def _reason(code: Code) -> Reason:
    text = HanxunError(code).text
    return Reason(code=code.value, title=f"{text.zh} / {text.en}", remedy=f"{text.remedy_zh} / {text.remedy_en}")
