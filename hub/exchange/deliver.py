"""Delivering: what a station has to fetch, and waking those that wait for it."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence

from hub.protocol.exchange import MailboxItem, MailboxPage
from hub.protocol.identifiers import StationId
from hub.store.database import Readers
from hub.store.mailbox import Delivery, deliveries_after, latest_cursor, sent_after


async def mailbox_page(readers: Readers, station: StationId, *, after: int, limit: int) -> MailboxPage:
    """Return the deliveries of `station` after the cursor `after`, at most `limit`, oldest first."""
    return _page(await readers.read(lambda tx: deliveries_after(tx, station, after=after, limit=limit + 1)), limit)


async def sent_page(readers: Readers, station: StationId, *, after: int, limit: int) -> MailboxPage:
    """Return what `station` itself has sent, filed after the cursor `after`, at most `limit`, oldest first: for an agent that
    was restored from a backup."""
    return _page(await readers.read(lambda tx: sent_after(tx, station, after=after, limit=limit + 1)), limit)


def _page(found: Sequence[Delivery], limit: int) -> MailboxPage:
    items = tuple(
        MailboxItem(cursor=item.cursor, envelope=item.envelope.decode(), receipts=(item.receipt.decode(),))
        for item in found[:limit]
    )
    return MailboxPage(items=items, more=len(found) > limit)


async def newest_cursor(readers: Readers, station: StationId) -> int:
    """Return the cursor of the newest delivery of `station`, 0 if there is none."""
    return await readers.read(lambda tx: latest_cursor(tx, station))


class WakeUps:
    """Wakes the event streams of a station when something is filed for it. Used on the event loop.

    A wake-up carries nothing: whoever wakes asks the store, so none can be lost that matters.
    """

    def __init__(self) -> None:
        self._waiting: defaultdict[StationId, dict[asyncio.Event, None]] = defaultdict(dict)  # the oldest first
        self._closed = False
        self.seals = 0
        self.case_acts = 0

    def listen(self, station: StationId, *, most: int) -> asyncio.Event:
        """Return an event that is set at each wake-up; give it back by `forget`.

        Of more than `most` of one station the oldest ends: after a cut of the network it is the one that nobody reads.
        """
        event = asyncio.Event()
        if self._closed:
            event.set()
        waiting = self._waiting[station]
        while len(waiting) >= most:
            oldest = next(iter(waiting))
            del waiting[oldest]
            oldest.set()
        waiting[event] = None
        return event

    def wakes(self, station: StationId, event: asyncio.Event) -> bool:
        """Whether `event` is still woken: the hub goes on, and no newer one took its place."""
        return not self._closed and event in self._waiting.get(station, ())

    def forget(self, station: StationId, event: asyncio.Event) -> None:
        """Stop waking `event`."""
        waiting = self._waiting[station]
        waiting.pop(event, None)
        if not waiting:
            del self._waiting[station]

    def wake(self, stations: Iterable[StationId]) -> None:
        """Wake the streams of `stations`."""
        for station in stations:
            for event in self._waiting.get(station, ()):
                event.set()

    def wake_all(self) -> None:
        """Wake every stream."""
        self.wake(tuple(self._waiting))

    def note_seals(self, number: int) -> None:
        """Something befell a seal, for the `number`th time: wake everybody, who then looks at `seals`."""
        if number != self.seals:
            self.seals = number
            self.wake(tuple(self._waiting))

    def note_case_acts(self, number: int) -> None:
        """A case was urged or a limit extended, act number `number`: wake everybody, who then looks at `case_acts`."""
        if number != self.case_acts:
            self.case_acts = number
            self.wake(tuple(self._waiting))

    def close(self) -> None:
        """Wake everybody: the hub stops."""
        self._closed = True
        self.wake_all()

    @property
    def closed(self) -> bool:
        """Whether the hub stops."""
        return self._closed

    @property
    def listeners(self) -> int:
        """How many streams wait."""
        return sum(len(events) for events in self._waiting.values())
