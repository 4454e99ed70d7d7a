"""Which checkpoint the stations are asked to cosign now: one for all of them, renewed from time to time."""

import asyncio
import logging
from collections.abc import Callable

from hub.protocol.errors import HanxunError
from hub.store.database import Readers
from hub.store.statements import DRIVER_ERRORS
from hub.store.trail_log import Head, head_of

log = logging.getLogger(__name__)


class Offers:
    """The checkpoint that all witnesses are asked to cosign, renewed every `every_s` seconds when the trail has grown.

    All are offered the same one, so that their cosignatures meet on it. Used on the event loop.
    """

    def __init__(self, readers: Readers, *, every_s: float, on_offer: Callable[[], None]) -> None:
        self._readers = readers
        self._every_s = every_s
        self._on_offer = on_offer
        self.offered: Head | None = None

    async def run(self) -> None:
        """Renew the offer until cancelled."""
        while True:
            try:
                await self.renew()
            except (HanxunError, *DRIVER_ERRORS) as error:
                # The hub goes on without witnesses; who writes will say what is wrong with the store.
                log.warning("no new offer to witnesses error=%s", type(error).__name__)
            await asyncio.sleep(self._every_s)

    async def renew(self) -> None:
        """Offer the newest checkpoint, if it is another, and wake the stations."""
        head = await self._readers.read(head_of)
        if self.offered is None or head.checkpoint != self.offered.checkpoint:
            self.offered = head
            self._on_offer()
