"""Whether every stored byte that a leaf commits to still re-derives: records, tiles, envelopes, receipts, acts, letters.

Works on a data folder, also a moved copy, without its passphrase; reads only.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import msgspec
import sqlalchemy as sa

from hub.exchange.erasing import is_leaf_of, notice_in
from hub.protocol.codes import Code
from hub.protocol.errors import Damaged, Refused
from hub.protocol.identifiers import Digest, digest_of
from hub.signing.jws import stated_payload
from hub.store.blobs import BlobStore, hash_file
from hub.store.committed import (
    CommittedRow,
    committed_acts,
    committed_envelopes,
    committed_erasures,
    committed_receipts,
    committed_station_events,
)
from hub.store.database import Readers
from hub.store.erasures import all_erasures
from hub.store.layout import DataFolder
from hub.store.statements import DRIVER_ERRORS
from hub.store.trail_log import head_of, leaf_records, tile_reader
from hub.store.writer import first_line
from hub.trail.checkpoint import Checkpoint, open_checkpoint
from hub.trail.note import VerifierKey, parse_verifier_key
from hub.trail.record import LeafEvent, parse_record
from hub.trail.sequence import EMPTY, Frontier
from hub.trail.verify import CHECKPOINT, FirstBad, verify_tree

_STREAMS = {
    LeafEvent.ENVELOPE: "envelope",
    LeafEvent.HANDOVER: "envelope",
    LeafEvent.RECEIPT: "receipt",
    LeafEvent.ADMINISTRATION: "act",
    LeafEvent.ERASURE: "erasure",
    LeafEvent.CASE_ERASED: "station event",
    LeafEvent.READING: "station event",
    LeafEvent.SEAL_USE: "station event",
    LeafEvent.GATE_VERDICT: "station event",
    LeafEvent.REGISTER_ACT: "station event",
}
_EVENTS = frozenset(LeafEvent)


@dataclass(frozen=True, slots=True)
class TrailReport:
    """The finding over `size` leaves; `first_bad` is None when all of it holds. `erased`: so many envelopes were looked at whose
    bodies were erased, which a leaf says; of them the leaf's own record is what is left to recompute."""

    ok: bool
    size: int
    first_bad: FirstBad | None
    erased: int = 0


def verify_trail(
    data: Path,
    *,
    against: Sequence[bytes] = (),
    start: Frontier = EMPTY,
    progress: Callable[[Frontier, int], None] | None = None,
) -> TrailReport:
    """Re-derive the whole trail of the data folder; `against` are signed checkpoints that others hold.

    `progress` is told how far it is (the tree so far, the leaves in all) after every tile; give the last tree it was told as
    `start` to go on from there: what lies before is then not looked at again.
    Raises: Damaged (`hub.folder`, `store.*`) when there is no trail to read, Refused (`note.*`, `checkpoint.*`) for a
    checkpoint in `against` that this log did not sign.
    """
    folder = DataFolder(data)
    if not folder.trail_verifier.is_file():
        raise Damaged(Code.HUB_FOLDER, detail="keys/trail.vkey")
    key = parse_verifier_key(folder.trail_verifier.read_text().strip())
    held = [open_checkpoint(raw, origin=key.name, log_keys=(key,)).checkpoint for raw in against]
    readers = Readers(folder.database)
    try:
        return readers.read_now(lambda tx: _verify(tx, folder, key, held, start, progress))
    except DRIVER_ERRORS as error:
        # What cannot be decoded stands in the driver's message: letters' text does not belong there.
        said = first_line(error).partition(" with text")[0]
        raise Damaged(Code.STORE_DAMAGED, detail=said[:80]) from error
    finally:
        readers.close()


def _verify(
    tx: sa.Connection,
    folder: DataFolder,
    key: VerifierKey,
    held: Sequence[Checkpoint],
    start: Frontier,
    progress: Callable[[Frontier, int], None] | None,
) -> TrailReport:
    head = head_of(tx)
    try:
        signed = open_checkpoint(head.checkpoint.encode(), origin=key.name, log_keys=(key,))
    except Refused as error:
        return TrailReport(False, head.size, FirstBad(head.size, CHECKPOINT, f"the head: {error}"))
    if signed.checkpoint.size != head.size:
        reason = f"the head says {head.size} leaves, its checkpoint {signed.checkpoint.size}"
        return TrailReport(False, head.size, FirstBad(head.size, CHECKPOINT, reason))
    audit = _Audit(tx, folder, start.size)
    tree = verify_tree(
        audit.records(),
        head=signed.checkpoint,
        read_tile=tile_reader(tx),
        against=held,
        start=start,
        progress=None if progress is None else lambda frontier: progress(frontier, head.size),
    )
    found = [bad for bad in (tree.first_bad, audit.first_bad) if bad is not None]
    first = min(found, key=lambda bad: bad.index, default=None) or audit.left_over()
    return TrailReport(first is None, head.size, first, audit.erased)


class _Audit:
    """Compares what the leaves commit to with what the store holds, while their records go by on the way to the tree."""

    def __init__(self, tx: sa.Connection, folder: DataFolder, start: int) -> None:
        self._tx = tx
        self._last = start - 1
        self._streams = {
            "envelope": committed_envelopes(tx, start),
            "receipt": committed_receipts(tx, start),
            "act": committed_acts(tx, start),
            "erasure": committed_erasures(tx, start),
            "station event": committed_station_events(tx, start),
        }
        self._letters = _Letters(BlobStore(folder))
        self._erased = erased_envelopes(tx)
        self.erased = 0
        self.first_bad: FirstBad | None = None

    def records(self) -> Iterator[bytes]:
        """Yield the leaf records in order, each looked at; a gap ends them."""
        for place, (number, raw) in enumerate(leaf_records(self._tx, start=self._last + 1), self._last + 1):
            if number != place:
                self._note(FirstBad(place, "entry", "the record is missing"))
                return
            self._last = number
            if self.first_bad is None:
                for fault in self._faults(number, raw):
                    self._note(fault)
            yield raw

    def left_over(self) -> FirstBad | None:
        """Return the first thing that is stored without a leaf, once all records went by."""
        for row in chain.from_iterable(self._streams.values()):
            return FirstBad(self._last + 1, row.what, "stored without a leaf")
        return None

    def _note(self, fault: FirstBad) -> None:
        self.first_bad = self.first_bad or fault

    def _faults(self, number: int, raw: bytes) -> Iterator[FirstBad]:
        try:
            record = parse_record(raw)
        except Refused as error:
            yield FirstBad(number, "entry", str(error))
            return
        what = _STREAMS.get(LeafEvent(record.event)) if record.event in _EVENTS else None
        if what is None:
            return
        row = next(self._streams[what], None)
        if row is not None and _is_erased(row, number, what, record.digest) and record.digest in self._erased:
            self.erased += 1
            return
        fault = _row_fault(row, number, what, record.digest)
        if fault is not None:
            yield fault
        elif row is not None and what == "envelope":
            yield from self._letters.faults(row)


def erased_envelopes(tx: sa.Connection) -> frozenset[str]:
    """Return the digests of the envelopes that were erased. A row that says so is not enough: the notice that names them must
    itself be a leaf, or whoever deletes a body could call it erased."""
    named: set[str] = set()
    for row in all_erasures(tx):
        if is_leaf_of(tx, row):
            named.update(notice_in(row.raw).content.envelopes)
    return frozenset(named)


def _is_erased(row: CommittedRow, number: int, what: str, digest: str) -> bool:
    return what == "envelope" and not row.raw and (row.leaf, row.digest) == (number, digest)


def _row_fault(row: CommittedRow | None, number: int, what: str, digest: Digest) -> FirstBad | None:
    if row is None or row.leaf != number:
        return FirstBad(number, what, "what the leaf commits to is not stored")
    if digest_of(row.raw) != digest:
        return FirstBad(number, what, "the stored bytes are not those that the leaf commits to")
    if row.digest is not None and row.digest != digest:
        return FirstBad(number, what, "it is filed under another digest")
    return None


class _Named(msgspec.Struct, frozen=True):
    """Of an attachment, or of an envelope's payload, what is needed here; the bytes were taken in by strict rules before."""

    digest: str
    size: int


class _Payload(msgspec.Struct, frozen=True):
    attachments: tuple[_Named, ...]


class _Letters:
    """The attachments of envelopes, as their signed bytes name them (not as the database does); each file hashed once."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._known: dict[_Named, str | None] = {}

    def faults(self, row: CommittedRow) -> Iterator[FirstBad]:
        """Yield the faults of one envelope's attachments; its bytes have been compared with the leaf."""
        for named in msgspec.json.decode(stated_payload(row.raw), type=_Payload).attachments:
            if named not in self._known:
                self._known[named] = self._fault(Digest(named.digest), named.size)
            reason = self._known[named]
            if reason is not None:
                yield FirstBad(row.leaf, "attachment", f"{named.digest}: {reason}")

    def _fault(self, digest: Digest, size: int) -> str | None:
        try:
            found, length = hash_file(self._blobs.path_of(digest))
        except OSError:
            return "the file is missing"
        if length != size:
            return f"the file has {length} bytes, not {size}"
        return None if found == digest else "the file's bytes were changed"
