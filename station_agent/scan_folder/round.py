"""One round over the scan folder: what has come to rest is copied, and becomes one item of the tray in one transaction.

Crash order: the bytes are durable before the row that names them. A kill in between leaves bytes nobody names, and the file is
taken again; a kill after it leaves a row, by which the file is known.
"""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from hub.letters.limits import ScanLimits
from hub.protocol.codes import Code
from hub.protocol.instants import parse_instant
from station_agent.scan_folder.take import NotNow, Taken, copy_into, look_at_folder
from station_agent.scan_folder.watch import Sighting, Watch
from station_agent.store.engine import Store
from station_agent.store.tray import TrayRow, TrayState, add_item, known_files, newest_of, renew_item

log = logging.getLogger(__name__)
WRITTEN_ON = timedelta(minutes=2)
"""A file that changes so soon after it was taken is the same scan, still being written."""


def take_what_rests(store: Store, folder: Path, watch: Watch, *, limits: ScanLimits, now: datetime) -> tuple[int, ...]:
    """Take every file of `folder` that has come to rest since the last look, and return the items' numbers.

    A file that cannot be read now is left for the next round, for ever. Raises: OSError when the folder cannot be listed,
    Unavailable (`station.disk`, `station.store_busy`): then what was not taken is taken later.
    """
    with store.read() as tx:
        known = known_files(tx)
    seen = look_at_folder(folder, is_known=lambda *version: version in known)
    return tuple(_taken(store, folder, watch, seen, limits, now))


def _taken(
    store: Store, folder: Path, watch: Watch, seen: dict[str, Sighting], limits: ScanLimits, now: datetime
) -> Iterator[int]:
    for name in watch.ready(seen):
        if seen[name].size > limits.file_bytes:
            yield _refuse(store, name, seen[name], Code.SCAN_TOO_LARGE, now)
            continue
        try:
            taken = copy_into(store.blobs, folder / name)
        except NotNow as error:
            # Busy, locked or changing: it has all the time it wants.
            watch.forget(name)
            log.info("scan file not ready reason=%s", error)
            continue
        item = _file(store, name, taken, now)
        log.info("scan taken item=%s size=%s", item, taken.size)
        yield item


def _refuse(store: Store, name: str, sighting: Sighting, trouble: Code, now: datetime) -> int:
    with store.write() as tx:
        version = {"name": name, "size": sighting.size, "changed_ns": sighting.changed_ns}
        return add_item(tx, **version, digest=None, media_type=None, trouble=trouble, now=now)  # type: ignore[arg-type]


def _file(store: Store, name: str, taken: Taken, now: datetime) -> int:
    with store.write() as tx:
        before = newest_of(tx, name)
        if before is not None and _is_same_scan(before, taken, now):
            renew_item(
                tx,
                before.item,
                size=taken.size,
                changed_ns=taken.changed_ns,
                digest=taken.digest,
                media_type=taken.media_type,
                now=now,
            )
            return before.item
        return add_item(
            tx,
            name=name,
            size=taken.size,
            changed_ns=taken.changed_ns,
            digest=taken.digest,
            media_type=taken.media_type,
            trouble=Code.SCAN_NOT_RECOGNISED if taken.media_type is None else None,
            now=now,
        )


def _is_same_scan(before: TrayRow, taken: Taken, now: datetime) -> bool:
    """Say whether the file is what it was, touched, or the scan that was taken too early, written on."""
    if before.digest == taken.digest:
        return True
    recent = now - parse_instant(before.changed_at) <= WRITTEN_ON
    return before.state == TrayState.WAITING.value and recent and taken.size > before.size
