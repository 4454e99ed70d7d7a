"""收件盘: an officer looks at what the scanner brought, attaches it to a case as its scan, discards it, or takes it back."""

from dataclasses import replace
from datetime import datetime, timedelta

from hub.letters.report import ScanReport
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId
from station_agent.agent import Agent
from station_agent.desk.proofread import ReadLines, ScanCheck
from station_agent.desk.scan import ProofTicks, scan
from station_agent.people import Person
from station_agent.store.engine import Store
from station_agent.store.tray import (
    TrayRow,
    TrayState,
    discarded_before,
    is_named_elsewhere,
    move_item,
    require_item,
    tray_items,
)

KEPT = timedelta(hours=24)
"""How long a discarded scan can be taken back."""


def items(store: Store, *, all: bool = False) -> tuple[TrayRow, ...]:
    """Return what waits in the tray, or everything that ever lay there."""
    with store.read() as tx:
        return tray_items(tx) if all else tray_items(tx, TrayState.WAITING, TrayState.DISCARDED, TrayState.REFUSED)


def examine(store: Store, item: int, *, check: ScanCheck) -> ScanReport:
    """Look at a scan before it is attached. Raises: Refused (`tray.unknown`, `tray.state`)."""
    row = _require(store, item, TrayState.WAITING, TrayState.ATTACHED, TrayState.DISCARDED)
    return check(_bytes_of(store, row), row.name)


def attach(
    agent: Agent,
    person: Person,
    item: int,
    case: CaseId,
    *,
    ticks: ProofTicks,
    check: ScanCheck,
    read: ReadLines | None = None,
    now: datetime,
) -> ScanReport:
    """Take a scan from the tray into a case, as `desk.scan.scan` does with a file.

    Raises: Refused (`tray.unknown`, `tray.state`, and as `scan`), NotPermitted.
    """
    row = _require(agent.store, item, TrayState.WAITING)
    raw = _bytes_of(agent.store, row)
    report = scan(agent, person, case, raw=raw, name=row.name, ticks=ticks, check=check, read=read, now=now)
    settle(agent.store, item, case, now=now)
    return report


def usable(store: Store, item: int) -> tuple[TrayRow, bytes]:
    """Return an item that waits, with its bytes, for a message that it goes with. Raises: Refused (`tray.unknown`, `tray.state`)."""
    row = _require(store, item, TrayState.WAITING)
    return row, _bytes_of(store, row)


def settle(store: Store, item: int, case: CaseId, *, now: datetime) -> None:
    """Note that the case has the item's scan; one that was discarded or attached meanwhile stays as it is.

    A kill before this leaves the item in the tray; attaching it again replaces the case's scan by the same bytes.
    """
    with store.write() as tx:
        row = require_item(tx, item)
        if row.state == TrayState.WAITING.value:
            move_item(tx, row, TrayState.ATTACHED, case=case, now=now)


def discard(store: Store, item: int, *, now: datetime) -> TrayRow:
    """Take a scan out of the tray; for `KEPT` it can be restored. Raises: Refused (`tray.unknown`, `tray.state`)."""
    row = _require(store, item, TrayState.WAITING, TrayState.REFUSED)
    with store.write() as tx:
        move_item(tx, row, TrayState.DISCARDED, now=now)
    return replace(row, state=TrayState.DISCARDED.value)


def restore(store: Store, item: int, *, now: datetime) -> TrayRow:
    """Put a discarded scan back into the tray. Raises: Refused (`tray.unknown`, `tray.state`)."""
    row = _require(store, item, TrayState.DISCARDED)
    state = TrayState.WAITING if row.digest else TrayState.REFUSED
    with store.write() as tx:
        move_item(tx, row, state, now=now)
    return replace(row, state=state.value)


def erase_discarded(store: Store, *, now: datetime) -> int:
    """Erase the bytes of what was discarded longer ago than `KEPT`, unless something else names them; return how many items.

    The item stays on record. The scanner's own file is not touched, here or anywhere.
    """
    with store.read() as tx:
        gone = discarded_before(tx, now, kept=KEPT)
    for row in gone:
        with store.write() as tx:
            move_item(tx, row, TrayState.ERASED, now=now)
            if row.digest and not is_named_elsewhere(tx, row.digest, but=row.item):
                store.blobs.remove(row.digest)
    return len(gone)


def _require(store: Store, item: int, *states: TrayState) -> TrayRow:
    with store.read() as tx:
        row = require_item(tx, item)
    if row.state not in [state.value for state in states]:
        raise Refused(Code.TRAY_STATE, values={"item": item, "state": row.state})
    return row


def _bytes_of(store: Store, row: TrayRow) -> bytes:
    if row.digest is None:
        raise Refused(Code.TRAY_STATE, values={"item": row.item, "state": row.state})
    return store.blobs.get(row.digest)
