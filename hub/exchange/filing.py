"""Filing one batch inside the writer's transaction: judge each envelope, append leaves, sign receipts, write all of it.

A refused envelope is an outcome and touches nothing of its neighbours: every decision falls before the first write.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa

from hub.exchange.docket import CHECKS, Docket, Ruling, Submission, rule
from hub.protocol.envelope import Kind
from hub.protocol.errors import HanxunError, Refused
from hub.protocol.identifiers import Digest, StationId, digest_of
from hub.protocol.instants import format_instant
from hub.protocol.receipt import Event, Receipt, TrailPosition
from hub.signing.keys import Signer
from hub.signing.receipts import sign_receipt
from hub.store import attachments, filed, stations
from hub.store.filed import EnvelopeRow, ReceiptRow
from hub.store.trail_log import TrailLog, head_of
from hub.trail.record import NONCE_SIZE, LeafEvent, make_record

ACCEPTED = (Event.SUBMISSION_ACCEPTANCE, Event.CONTENT_CONSIGNMENT)
HANDED_OVER = (Event.SUBMISSION_ACCEPTANCE, Event.CONTENT_HANDOVER)


class Accepted(msgspec.Struct, frozen=True):
    """The answer to an envelope: the receipt's bytes; `repeated`: it was given before, and is the same bytes."""

    receipt: bytes
    repeated: bool


Outcome = Accepted | HanxunError


class EnvelopeFiling:
    """The `Filing` of envelopes. Clock and randomness come from outside; used on the writer's thread only."""

    def __init__(
        self,
        *,
        log: TrailLog,
        signer: Signer,
        clock: Callable[[], datetime],
        random: Callable[[int], bytes],
        on_filed: Callable[[frozenset[StationId]], None] = lambda _stations: None,
    ) -> None:
        self._log = log
        self._signer = signer
        self._clock = clock
        self._random = random
        self._on_filed = on_filed
        self._stations: dict[StationId, bool] = {}
        self._registry: int | None = None
        self._delivered: frozenset[StationId] = frozenset()
        self._appended = False

    def use_signer(self, signer: Signer) -> None:
        """Sign with another key from the next receipt on; may be called from any thread."""
        self._signer = signer

    def file(self, tx: sa.Connection, submissions: Sequence[Submission]) -> Sequence[Outcome]:
        """See `Filing.file`."""
        now = self._clock()
        self._delivered = frozenset()
        head = head_of(tx)
        if head.registry != self._registry:
            self._stations = {entry.code: entry.active for entry in stations.stations_known(tx)}
            self._registry = head.registry
        docket = _open_docket(tx, submissions, self._stations)
        receipts = _receipts_given(tx, submissions, docket)
        rulings, outcomes = _judge(submissions, docket, frozenset(receipts))
        filed.insert_alarms(tx, docket.alarms, now=now)
        if rulings:
            self._log.begin(tx, head)
            receipts |= self._write(tx, rulings, docket, now)
            self._delivered = frozenset(ruling.filed.receiver for ruling in rulings)
        return [
            Accepted(receipts[outcome.digest], outcome.repeated) if isinstance(outcome, _Known) else outcome
            for outcome in outcomes
        ]

    def committed(self) -> None:
        """See `Filing.committed`."""
        self._log.committed()
        if self._delivered:
            self._on_filed(self._delivered)
            self._delivered = frozenset()

    def forget(self) -> None:
        """See `Filing.forget`."""
        self._log.forget()
        self._registry = None
        self._delivered = frozenset()

    def _write(
        self, tx: sa.Connection, rulings: Sequence[Ruling], docket: Docket, now: datetime
    ) -> dict[Digest, bytes]:
        """Write everything about the rulings; return the receipts by the digest of the envelope answered."""
        records = [self._record(_event(ruling), ruling.filed.digest, ruling, now) for ruling in rulings]
        positions = self._log.append(records)
        signed = [
            sign_receipt(_receipt(ruling, position, now), signer=self._signer)
            for ruling, position in zip(rulings, positions, strict=True)
        ]
        # A receipt shows the leaf of its envelope; it is itself a leaf behind them, under the batch's last checkpoint.
        first = self._log.append_last(
            [
                self._record(LeafEvent.RECEIPT, digest_of(raw), ruling, now)
                for ruling, raw in zip(rulings, signed, strict=True)
            ]
        )
        filed.insert_cases(tx, docket.opened.values(), now=now)
        filed.update_cases(tx, docket.changed.values(), now=now)
        rows = [_row(ruling, position.index) for ruling, position in zip(rulings, positions, strict=True)]
        filed.insert_envelopes(tx, rows, now=now)
        filed.insert_receipts(
            tx,
            [
                ReceiptRow(ruling.filed.seq, _about(ruling), raw, first + at)
                for at, (ruling, raw) in enumerate(zip(rulings, signed, strict=True))
            ],
        )
        attachments.grant(tx, {(digest, row.filed.receiver) for row in rows for digest, _ in row.attachments})
        self._log.flush(tx)
        return {ruling.filed.digest: raw for ruling, raw in zip(rulings, signed, strict=True)}

    def _record(self, event: LeafEvent, digest: Digest, ruling: Ruling, now: datetime) -> bytes:
        return make_record(event=event, digest=digest, id=ruling.filed.id, at=now, nonce=self._random(NONCE_SIZE))


class _Known(msgspec.Struct, frozen=True):
    """An envelope that has, or will have, a receipt."""

    digest: Digest
    repeated: bool


def _open_docket(tx: sa.Connection, submissions: Sequence[Submission], active: Mapping[StationId, bool]) -> Docket:
    envelopes = [submission.signed.envelope for submission in submissions]
    digests = {submission.signed.digest for submission in submissions}
    digests |= {envelope.previous for envelope in envelopes if envelope.previous is not None}
    blobs = {attachment.digest for envelope in envelopes for attachment in envelope.attachments}
    senders = {envelope.from_ for envelope in envelopes}
    by_digest = filed.envelopes_by_digest(tx, digests)
    handed = {by_digest[e.previous].seq for e in envelopes if e.kind is Kind.HANDOVER and e.previous in by_digest}
    return Docket(
        stations=active,
        by_digest=by_digest,
        by_id=filed.envelopes_by_id(tx, {envelope.id for envelope in envelopes}),
        cases=filed.cases_by_id(tx, {envelope.case for envelope in envelopes}),
        held=attachments.held_sizes(tx, blobs, senders) if blobs else {},
        handed_over=filed.handed_over(tx, handed) if handed else set(),
        next_seq=filed.next_seq(tx),
    )


def _receipts_given(tx: sa.Connection, submissions: Sequence[Submission], docket: Docket) -> dict[Digest, bytes]:
    repeats = {item.signed.digest for item in submissions if item.signed.digest in docket.by_digest}
    return filed.receipts_by_digest(tx, repeats) if repeats else {}


def _judge(
    submissions: Sequence[Submission], docket: Docket, answered: frozenset[Digest]
) -> tuple[list[Ruling], list[_Known | HanxunError]]:
    rulings: list[Ruling] = []
    outcomes: list[_Known | HanxunError] = []
    seen = set(answered)
    for submission in submissions:
        digest = submission.signed.digest
        if digest in seen:
            outcomes.append(_Known(digest, repeated=True))
            continue
        try:
            rulings.append(rule(submission, docket))
        except Refused as refusal:
            outcomes.append(refusal)
        else:
            seen.add(digest)
            outcomes.append(_Known(digest, repeated=False))
    return rulings, outcomes


def _event(ruling: Ruling) -> LeafEvent:
    return LeafEvent.ENVELOPE if ruling.hands_over is None else LeafEvent.HANDOVER


def _about(ruling: Ruling) -> Digest:
    return ruling.submission.signed.digest if ruling.hands_over is None else ruling.hands_over.digest


def _receipt(ruling: Ruling, position: TrailPosition, now: datetime) -> Receipt:
    # A handover's receipt speaks of the envelope that was handed over.
    about = ruling.filed if ruling.hands_over is None else ruling.hands_over
    return Receipt(
        events=ACCEPTED if ruling.hands_over is None else HANDED_OVER,
        envelope=about.digest,
        id=about.id,
        case=about.case,
        from_=about.sender,
        to=about.receiver,
        time=format_instant(now),
        verified=ruling.submission.verified + CHECKS,
        handover=None if ruling.hands_over is None else ruling.filed.digest,
        trail=position,
    )


def _row(ruling: Ruling, leaf: int) -> EnvelopeRow:
    return EnvelopeRow(
        ruling.filed,
        ruling.submission.signed.raw,
        leaf,
        attachments=tuple((item.digest, item.size) for item in ruling.submission.signed.envelope.attachments),
        hands_over=None if ruling.hands_over is None else ruling.hands_over.seq,
    )
