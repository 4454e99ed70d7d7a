"""Letting a hub's trail grow beside the serving hub, as another process of it would."""

from datetime import UTC, datetime
from pathlib import Path

from hub.exchange.hub import open_trail, read_settings
from hub.protocol.identifiers import digest_of
from hub.store.database import open_writer
from hub.store.layout import DataFolder
from hub.store.trail_log import head_of
from hub.trail.record import make_record
from tests.exchange.builders import PASSPHRASE


def grow(data: Path, count: int, *, first: int = 0) -> None:
    """Add `count` leaves that are about nothing stored; other leaves for another `first`."""
    folder = DataFolder(data)
    log = open_trail(folder, PASSPHRASE, read_settings(folder))
    engine = open_writer(folder.database)
    with engine.begin() as tx:
        log.begin(tx, head_of(tx))
        log.append_last([_record(number) for number in range(first, first + count)])
        log.flush(tx)
    engine.dispose()


def _record(number: int) -> bytes:
    raw = number.to_bytes(16, "big")
    # Of a kind that no reader knows: nothing has to be stored for it.
    return make_record(event="test", digest=digest_of(raw), id=None, at=datetime(2026, 11, 24, tzinfo=UTC), nonce=raw)
