"""Accepting an envelope, told in order: known? verified, allowed by its case type; filed; only then receipted."""

from datetime import datetime, timedelta

from hub.cases.body import check_body
from hub.cases.catalogue import Catalogue
from hub.cases.late import require_started
from hub.exchange.docket import Submission
from hub.exchange.filing import Accepted
from hub.exchange.hub import Hub
from hub.protocol.codes import Code
from hub.protocol.envelope import Kind
from hub.protocol.errors import NotPermitted, Refused, Unavailable
from hub.protocol.identifiers import Digest, StationId, digest_of
from hub.protocol.instants import SHANGHAI, format_instant, parse_instant
from hub.protocol.receipt import Event, Receipt
from hub.protocol.verdict import Result
from hub.signing.certificates import CertificateSource
from hub.signing.envelopes import check_envelope, open_envelope, reopen_envelope
from hub.signing.receipts import sign_receipt
from hub.signing.trust import Trust
from hub.store.filed import envelopes_by_digest, receipts_by_digest


async def accept(raw: bytes, *, caller: StationId, hub: Hub) -> Accepted:
    """Take one envelope into care, exactly once, and return its receipt.

    `raw` is the compact JWS as received, `caller` the station that has signed in. The same bytes again get the same
    receipt, byte for byte. Raises: Refused (nothing is stored), Unavailable (send it again).
    Source: DESIGN, invariants 1 and 2; ETSI EN 319 522, SubmissionAcceptance.
    """
    now = hub.clock()
    examined = await hub.examiner.passes(raw, today=now.astimezone(SHANGHAI).date())
    try:
        submission = verify(
            raw,
            examined=examined,
            caller=caller,
            trust=hub.trust.of_this_turn(),
            certificates=hub.trust.certificate,
            catalogue=hub.catalogue,
            created_ahead=timedelta(seconds=hub.settings.limits.created_ahead_s),
            now=now,
        )
        if not examined:
            hub.examiner.introduce(submission.signed.certified)
        # A handover is small and lets a delivery end.
        if hub.watch.refusal is not None and submission.signed.envelope.kind is not Kind.HANDOVER:
            raise Unavailable(hub.watch.refusal)
    except (Refused, Unavailable):
        # A certificate revoked since, a rule changed since, a disk that is low now must not change an answer already given.
        if (known := await _receipt_given(digest_of(raw), caller, hub)) is not None:
            return Accepted(known, repeated=True)
        raise
    return await hub.writer.submit(submission)  # returns only after commit


def verify(
    raw: bytes,
    *,
    examined: bool,
    caller: StationId,
    trust: Trust,
    certificates: CertificateSource,
    catalogue: Catalogue,
    created_ahead: timedelta,
    now: datetime,
) -> Submission:
    """Make every check of an envelope that needs nothing but itself. Pure. Raises: Refused.

    `examined`: the examining process has found its signature, its form and its body right.
    """
    open_ = reopen_envelope if examined else open_envelope
    signed = open_(raw, certificates=certificates)
    envelope = signed.envelope
    if envelope.from_ != caller:
        raise NotPermitted(Code.ENVELOPE_SENDER, field="/from", detail=f"signed in as {caller}")
    verdict = check_envelope(signed, trust=trust, at=now, now=now)
    verdict.require()
    created = parse_instant(envelope.created, field="/created")
    if created > now + created_ahead:
        raise Refused(Code.ENVELOPE_CREATED_AHEAD, field="/created", detail=envelope.created)
    case_type = catalogue.case_type(envelope.type)
    if not examined:
        today = now.astimezone(SHANGHAI).date()
        check_body(case_type, envelope.kind, envelope.body, envelope.attachments, today=today)
    if envelope.kind is Kind.INQUIRY:
        require_started(case_type, envelope.body, created=created)
    verified = [check.code for check in verdict.checks if check.result in (Result.PASSED, Result.PENDING)]
    return Submission(signed, (*verified, "hub.created", "hub.body"))


def rejection(raw: bytes, refusal: Refused, *, hub: Hub) -> bytes:
    """Return a signed receipt that `raw` was refused; it is not stored, and names the case only if `raw` is genuine."""
    try:
        envelope = open_envelope(raw, certificates=hub.trust.certificate).envelope
    except Refused:
        envelope = None
    receipt = Receipt(
        events=(Event.SUBMISSION_REJECTION,),
        envelope=digest_of(raw),
        id=envelope.id if envelope else None,
        case=envelope.case if envelope else None,
        from_=envelope.from_ if envelope else None,
        to=envelope.to if envelope else None,
        time=format_instant(hub.clock()),
        refusal=refusal.code.value,
    )
    return sign_receipt(receipt, signer=hub.signer)


async def _receipt_given(digest: Digest, caller: StationId, hub: Hub) -> bytes | None:
    filed = await hub.readers.read(lambda tx: envelopes_by_digest(tx, [digest]).get(digest))
    if filed is None or filed.sender != caller:
        return None
    return await hub.readers.read(lambda tx: receipts_by_digest(tx, [digest]).get(digest))
