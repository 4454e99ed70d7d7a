"""Whether what is stored of one case is what was filed: each signature, each leaf's place under the signed head, each file's bytes.

Three answers, never two: what was not looked at, or was erased, is not called right.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest, digest_of
from hub.signing.certificates import CertificateSource
from hub.signing.envelopes import open_envelope
from hub.signing.receipts import open_receipt
from hub.signing.station_events import open_station_event
from hub.store.blobs import BlobStore, hash_file
from hub.store.erasures import record_at
from hub.store.search import FiledMessage
from hub.store.trail_log import head_of, tile_reader
from hub.trail.checkpoint import Checkpoint, open_checkpoint
from hub.trail.evidence.parts import stated_envelope
from hub.trail.hashing import leaf_hash
from hub.trail.note import VerifierKey
from hub.trail.proofs import check_inclusion, inclusion_proof
from hub.trail.record import parse_record
from hub.trail.tiles import nodes_from_tiles

MOST_FILE_BYTES = 256 << 20


class Finding(StrEnum):
    """What a look came to."""

    PROVED = "proved"
    INCONSISTENT = "inconsistent"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class CaseIntegrity:
    """The finding about each thing by its digest (messages, receipts, files, events), and over all of them."""

    of: Mapping[Digest, Finding]

    @property
    def whole(self) -> Finding:
        """One inconsistent thing makes the case so; one unchecked leaves it open."""
        found = set(self.of.values())
        if Finding.INCONSISTENT in found:
            return Finding.INCONSISTENT
        return Finding.UNCHECKED if Finding.UNCHECKED in found or not found else Finding.PROVED


def check_case(
    tx: sa.Connection,
    *,
    key: VerifierKey,
    certificates: CertificateSource,
    blobs: BlobStore,
    messages: Sequence[FiledMessage],
    events: Sequence[tuple[int, Digest, bytes]],
) -> CaseIntegrity:
    """Look at everything that is stored of a case, now. `key` is the trail's; `certificates` finds those that signed."""
    at = _Trail(tx, key)
    found: dict[Digest, Finding] = {}
    for message in messages:
        receipt = digest_of(message.receipt)
        found[receipt] = at.judge(message.receipt_leaf, receipt, _opens(open_receipt, message.receipt, certificates))
        if not message.raw:
            # Erased: the leaf still says that it was; the bytes that it names are nobody's any more.
            found[message.digest] = Finding.UNCHECKED
            continue
        same = digest_of(message.raw) == message.digest
        signed = same and _opens(open_envelope, message.raw, certificates)
        found[message.digest] = at.judge(message.leaf, message.digest, signed)
        envelope = stated_envelope(message.raw)
        for file in () if envelope is None else envelope.attachments:
            if file.digest not in found:
                found[file.digest] = _file(blobs, file.digest, file.size)
    for leaf, digest, raw in events:
        signed = digest_of(raw) == digest and _opens(open_station_event, raw, certificates)
        found[digest] = at.judge(leaf, digest, signed)
    return CaseIntegrity(found)


class _Trail:
    """The signed head, and whether a leaf stands under it."""

    def __init__(self, tx: sa.Connection, key: VerifierKey) -> None:
        self._tx = tx
        self._nodes = nodes_from_tiles(tile_reader(tx))
        self._head: Checkpoint | None = None
        try:
            signed = open_checkpoint(head_of(tx).checkpoint.encode(), origin=key.name, log_keys=(key,))
            self._head = signed.checkpoint
        except Refused:
            self._head = None

    def judge(self, leaf: int, digest: Digest, signed: bool) -> Finding:
        """Proved when the signature is right and the leaf that names the digest stands under the head."""
        record = record_at(self._tx, leaf)
        if not signed or record is None or self._head is None or leaf >= self._head.size:
            return Finding.INCONSISTENT
        try:
            named = parse_record(record).digest
        except Refused:
            return Finding.INCONSISTENT
        proof = inclusion_proof(leaf, self._head.size, self._nodes)
        check = check_inclusion(leaf_hash(record), index=leaf, size=self._head.size, proof=proof, root=self._head.root)
        return Finding.PROVED if named == digest and check.cause is None else Finding.INCONSISTENT


def _opens(open: Callable[..., object], raw: bytes, certificates: CertificateSource) -> bool:
    try:
        open(raw, certificates=certificates)
    except Refused:
        return False
    return True


def _file(blobs: BlobStore, digest: Digest, size: int) -> Finding:
    if size > MOST_FILE_BYTES:
        return Finding.UNCHECKED
    try:
        found, length = hash_file(blobs.path_of(digest))
    except OSError:
        return Finding.INCONSISTENT
    return Finding.PROVED if (found, length) == (digest, size) else Finding.INCONSISTENT
