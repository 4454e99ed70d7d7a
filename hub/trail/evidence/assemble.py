"""Bring the parts of a case together: envelopes and receipts in, with the files they name and every signer's certificate.

Bytes come from the caller's store; nothing is verified here (`check.py` does that), and what is missing stays missing.
"""

from collections.abc import Callable, Iterable, Sequence

from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, Digest, digest_of
from hub.protocol.media_types import JOSE
from hub.signing.acts import open_act
from hub.signing.certificates import CertificateSource
from hub.signing.crl import Crl
from hub.signing.envelopes import open_envelope
from hub.signing.erasures import open_erasure
from hub.signing.receipts import open_receipt
from hub.trail.evidence.parts import EvidenceFile, EvidenceParts

ReadBlob = Callable[[Digest], bytes]


def assemble_parts(
    case: CaseId,
    *,
    envelopes: Sequence[bytes],
    receipts: Sequence[bytes],
    acts: Iterable[tuple[str, bytes]] = (),
    read: ReadBlob,
    find: CertificateSource,
    crls: Iterable[Crl],
    erasures: Sequence[bytes] = (),
) -> EvidenceParts:
    """Return the parts of `case`: `envelopes` in its order, `receipts` of any of them, and `acts` (name, JWS) beside them;
    `erasures` are the hub's notices of what is not there any more.

    `read` gives the bytes of an attachment, `find` a signer's certificate. Raises: Refused (`jws.*`) for an envelope or
    receipt that does not open, and what `read` raises.
    """
    signed = [open_envelope(raw, certificates=find) for raw in envelopes]
    opened = [open_receipt(raw, certificates=find) for raw in receipts]
    files = {
        item.digest: EvidenceFile(item.name, item.media_type, read(item.digest))
        for envelope in signed
        for item in envelope.envelope.attachments
    }
    for name, raw in acts:  # looks and register acts that no envelope names yet
        files.setdefault(digest_of(raw), EvidenceFile(name, JOSE, raw))
    certificates = {item.certified.x5t: item.certified for item in signed}
    certificates |= {item.certified.x5t: item.certified for item in opened}
    for notice in (open_erasure(raw, certificates=find) for raw in erasures):
        signers = (notice.certified, notice.act.certified, notice.approval.certified)
        certificates |= {certified.x5t: certified for certified in signers}
    for file in files.values():
        if file.media_type == JOSE:
            try:
                act = open_act(file.raw, certificates=find)
            except Refused:
                continue  # the report names it
            certificates[act.certified.x5t] = act.certified
    return EvidenceParts(
        case=case,
        envelopes=tuple(envelopes),
        receipts=tuple(receipts),
        attachments=files,
        certificates=tuple(certificates[x5t].pem for x5t in sorted(certificates)),
        crls=tuple(crl.pem for crl in crls),
        erasures=tuple(erasures),
    )
