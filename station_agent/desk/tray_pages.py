"""收件盘: scans that come by the desk instead of the folder, several joined into one, one taken apart. Originals stay as they were.

What was joined or taken apart is discarded in the same transaction, and can be restored as anything discarded can.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from hub.letters.assemble import Pages, assemble_pages
from hub.letters.limits import ScanLimits
from hub.letters.sniff import sniff
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest
from hub.protocol.media_types import PDF
from station_agent.store.engine import Store
from station_agent.store.tray import TrayRow, TrayState, add_item, move_item, require_item

MOST_PARTS = 50


def put_in(store: Store, raw: bytes, name: str, *, now: datetime) -> int:
    """Put a file that an officer brought into the tray; what is no scan is there too, as refused. Raises: Unavailable."""
    digest, media_type = store.blobs.put(raw), sniff(raw)
    trouble = Code.SCAN_NOT_RECOGNISED if media_type is None else None
    with store.write() as tx:
        return _add(tx, raw, digest, name=name, media_type=media_type, trouble=trouble, now=now)


def join(store: Store, items: Sequence[int], *, limits: ScanLimits, now: datetime) -> int:
    """Join scans into one PDF in the order given; return the new item.

    Raises: Refused (`tray.unknown`, `tray.state`, `tray.two_needed`, and what `assemble_pages` refuses), Unavailable.
    """
    if not 2 <= len(dict.fromkeys(items)) <= MOST_PARTS:
        raise Refused(Code.TRAY_TWO_NEEDED, values={"most": MOST_PARTS})
    rows = _waiting(store, items)
    pdf = assemble_pages([Pages(_bytes_of(store, row)) for row in rows], limits=limits)
    name = f"{_stem(rows[0].name)}+{len(rows) - 1}.pdf"
    return _instead_of(store, rows, [(pdf, name, ",".join(str(row.item) for row in rows))], now)[0]


def split(
    store: Store, item: int, before: Sequence[int], *, pages: int, limits: ScanLimits, now: datetime
) -> list[int]:
    """Take a scan of `pages` pages apart before each of the pages in `before` (2 and up); return the new items.

    Raises: as `join`, Refused (`tray.no_split`) when nothing would be taken apart.
    """
    starts = sorted({1, *(page for page in before if 1 < page <= pages)})
    if len(starts) < 2 or len(starts) > MOST_PARTS:
        raise Refused(Code.TRAY_NO_SPLIT, values={"pages": pages})
    (row,) = _waiting(store, [item])
    raw, made = _bytes_of(store, row), []
    for number, (first, after) in enumerate(zip(starts, [*starts[1:], pages + 1], strict=True), start=1):
        pdf = assemble_pages([Pages(raw, first, after - 1)], limits=limits)
        made.append((pdf, f"{_stem(row.name)}-{number}.pdf", f"{item}:{first}-{after - 1}"))
    return _instead_of(store, (row,), made, now)


def _instead_of(
    store: Store, rows: Sequence[TrayRow], made: Sequence[tuple[bytes, str, str]], now: datetime
) -> list[int]:
    # The bytes first: a row never names what a crash has taken.
    digests = [store.blobs.put(raw) for raw, _, _ in made]
    with store.write() as tx:
        for row in rows:
            move_item(tx, row, TrayState.DISCARDED, now=now)
        return [
            _add(tx, raw, digest, name=name, media_type=PDF, trouble=None, made_from=made_from, now=now)
            for (raw, name, made_from), digest in zip(made, digests, strict=True)
        ]


def _add(
    tx: Connection,
    raw: bytes,
    digest: Digest,
    *,
    name: str,
    media_type: str | None,
    trouble: Code | None,
    made_from: str | None = None,
    now: datetime,
) -> int:
    # A file of the folder is known by name, time and size; one that never lay there has its moment and bytes instead.
    moment = int(now.timestamp() * 1_000_000) * 1000 + int(digest[:2], 16)
    return add_item(
        tx,
        name=name,
        size=len(raw),
        changed_ns=moment,
        digest=digest,
        media_type=media_type,
        trouble=trouble,
        made_from=made_from,
        now=now,
    )


def _waiting(store: Store, items: Sequence[int]) -> tuple[TrayRow, ...]:
    with store.read() as tx:
        rows = tuple(require_item(tx, item) for item in dict.fromkeys(items))
    for row in rows:
        if row.state != TrayState.WAITING.value:
            raise Refused(Code.TRAY_STATE, values={"item": row.item, "state": row.state})
    return rows


def _bytes_of(store: Store, row: TrayRow) -> bytes:
    if row.digest is None:
        raise Refused(Code.TRAY_STATE, values={"item": row.item, "state": row.state})
    return store.blobs.get(row.digest)


def _stem(name: str) -> str:
    return name.rpartition(".")[0][:80] or name[:80]
