"""The list of seals that stations fetch: signed anew when something changed or the last one is some minutes old."""

from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa

from hub.exchange.hub import Hub
from hub.protocol.errors import Refused
from hub.protocol.instants import format_instant, parse_instant
from hub.protocol.seal_status import SealStatusList
from hub.signing.seal_lists import open_seal_list, sign_seal_list
from hub.store.administration import administrators_named
from hub.store.seals import SealListRow, keep_seal_list, newest_seal_list, seal_entries

FRESH = timedelta(minutes=5)


async def current_seal_list(hub: Hub) -> bytes:
    """Return the signed list of all seals as they are now. Raises: Unavailable, Refused (`jws.too_large`)."""
    now = hub.clock()
    content = await hub.readers.read(lambda tx: _content(tx, hub))
    newest = await hub.readers.read(newest_seal_list)
    if newest is not None and _still_good(newest, content, hub, now):
        return newest.raw
    return await hub.writer.run(lambda tx: _sign_next(tx, hub, now))


def _content(tx: sa.Connection, hub: Hub) -> SealStatusList:
    present = tuple(row.x5t for row in administrators_named(tx) if row.dismissed_at is None)
    return SealStatusList(
        number=1,
        at=format_instant(hub.clock()),
        origin=hub.settings.trail.origin,
        required=hub.settings.seals.required,
        administrators=present,
        seals=seal_entries(tx),
    )


def _still_good(row: SealListRow, content: SealStatusList, hub: Hub, now: datetime) -> bool:
    if not timedelta() <= now - parse_instant(row.at) < FRESH:
        return False
    own = hub.signer.certified
    try:
        signed = open_seal_list(row.raw, certificates={own.x5t: own}.get)
    except Refused:
        return False  # signed by the key that this one has replaced
    return msgspec.structs.replace(signed.list, number=content.number, at=content.at) == content


def _sign_next(tx: sa.Connection, hub: Hub, now: datetime) -> bytes:
    newest, content = newest_seal_list(tx), _content(tx, hub)
    # By the clock, so that a hub restored from an older backup goes on with greater numbers; never lower than before.
    number = max(int(now.timestamp()), newest.number + 1 if newest is not None else 1)
    statement = msgspec.structs.replace(content, number=number, at=format_instant(now))
    raw = sign_seal_list(statement, signer=hub.signer)
    keep_seal_list(tx, SealListRow(number, format_instant(now), raw))
    return raw
