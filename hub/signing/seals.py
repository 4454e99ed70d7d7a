"""Seal a letter: a PAdES signature (ETSI.CAdES.detached) by the station's seal key, with a visible labelled box.

The input stays an exact prefix of the result; the CRLs and the chain of the time go into the DSS of the same revision, so
that one signature covers the whole file and the letter verifies alone. No certification (DocMDP): another station may
still countersign. Never a picture of a seal.
Source: ETSI EN 319 142-1; ISO 32000-2, 12.8.
"""

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO

from asn1crypto import crl as asn1_crl  # type: ignore[import-untyped]
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter, VisibleSigSettings
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.sign.validation.dss import DocumentSecurityStore

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest
from hub.protocol.instants import beijing
from hub.signing.cades import cms_signer
from hub.signing.certificates import Certified
from hub.signing.coroutines import finish
from hub.signing.crl import Crl
from hub.signing.file_prefix import FilePrefix
from hub.signing.keys import Signer
from hub.signing.purposes import CertificateKind
from hub.signing.seal_box import HEADING, NOTICE, add_strip, label_style
from hub.signing.seal_original import declare_original
from hub.signing.seal_reading import read_seals

FIELD_NAME = "HanxunSeal"
CMS_ROOM = 2048  # bytes kept for the CMS beside its certificates: attributes and a signature of up to 512 bytes


@dataclass(frozen=True, slots=True)
class SealLabel:
    """What the box says beside 电子签名 and the time: the `station` and the `letter_number`.

    `font` is a TrueType or OpenType font that has their characters; without one a small own font is used, and a character
    it lacks is drawn as its code point.
    """

    station: str
    letter_number: str
    font: bytes | None = None


def seal_letter(
    pdf: bytes,
    *,
    signer: Signer,
    chain: tuple[Certified, ...],
    crls: tuple[Crl, ...],
    at: datetime,
    label: SealLabel,
) -> bytes:
    """As `seal_file`, for a letter that is in memory, which then holds both: `pdf` is an exact prefix of what is returned."""
    output = io.BytesIO()
    seal_file(io.BytesIO(pdf), output, signer=signer, chain=chain, crls=crls, at=at, label=label)
    return output.getvalue()


def seal_file(
    pdf: BinaryIO,
    output: BinaryIO,
    *,
    signer: Signer,
    chain: tuple[Certified, ...],
    crls: tuple[Crl, ...],
    at: datetime,
    label: SealLabel,
) -> Digest:
    """Write into the empty `output` the open file `pdf` with the electronic seal of `signer` added as an incremental update, and
    return the digest of what was written; `pdf` is an exact prefix of it. However large they are, only parts are in memory.

    `chain` are the certificates above the seal's, `crls` the lists in force at `at`: both travel in the letter.
    Raises: Refused (`seal.key`) when the key is no P-256 or RSA seal key, (`seal.already_sealed`) when the PDF already has
    signatures, (`seal.input`) when its structure cannot take a signature that would verify.
    """
    _require_seal_key(signer)
    size = pdf.seek(0, io.SEEK_END)
    original = FilePrefix(pdf, size).digest()
    writer = _open(pdf)
    try:
        _refuse_signed(writer)
        declared = declare_original(original, size)
        _sign(writer, output, declared, signer=signer, chain=chain, crls=crls, at=at, label=label)
    except (PdfError, SigningError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        # What a PDF can be malformed in is not enumerable; pyHanko answers with any of these.
        raise Refused(Code.SEAL_INPUT, detail=type(error).__name__) from error
    _require_verifies(output, original, size)
    return FilePrefix(output, output.seek(0, io.SEEK_END)).digest()


def _require_seal_key(signer: Signer) -> None:
    if CertificateKind.SEAL not in signer.certified.kinds:
        raise Refused(Code.SEAL_KEY, detail=f"kind {signer.certified.kind}")
    if not isinstance(signer.certified.public_key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise Refused(Code.SEAL_KEY, detail="key type")


def _open(pdf: BinaryIO) -> IncrementalPdfFileWriter:
    try:
        return IncrementalPdfFileWriter(pdf, strict=True)
    except Exception as error:
        raise Refused(Code.SEAL_INPUT, detail=type(error).__name__) from error


def _refuse_signed(writer: IncrementalPdfFileWriter) -> None:
    if writer.prev.embedded_signatures or "/Perms" in writer.root:
        raise Refused(Code.SEAL_ALREADY_SEALED)
    if writer.prev.encrypted or writer.prev.xrefs.hybrid_xrefs_present:
        raise Refused(Code.SEAL_INPUT, detail="encrypted" if writer.prev.encrypted else "hybrid cross-references")


def _sign(
    writer: IncrementalPdfFileWriter,
    output: BinaryIO,
    declared: str,
    *,
    signer: Signer,
    chain: tuple[Certified, ...],
    crls: tuple[Crl, ...],
    at: datetime,
    label: SealLabel,
) -> None:
    DocumentSecurityStore.supply_dss_in_writer(
        writer,
        None,
        certs=[asn1_x509.Certificate.load(certified.der) for certified in (signer.certified, *chain)],
        crls=[asn1_crl.CertificateList.load(crl.der) for crl in crls],
    )
    strip = add_strip(writer)
    lines = (HEADING, f"{label.station}  {label.letter_number}", f"签署时间 {beijing(at)}", NOTICE)
    pdf_signer = PdfSigner(
        PdfSignatureMetadata(
            field_name=FIELD_NAME,
            md_algorithm="sha256",
            subfilter=SigSeedSubFilter.PADES,
            name=label.station,
            reason=declared,
            location=signer.certified.station,
        ),
        cms_signer(signer, chain),
        stamp_style=label_style(lines, strip, writer, label.font),
        new_field_spec=SigFieldSpec(
            FIELD_NAME,
            on_page=0,
            box=strip.rect,  # type: ignore[arg-type]  # pyHanko writes fractions as well as whole points
            readable_field_name=f"电子签名 {label.station} {label.letter_number}",
            visible_sig_settings=VisibleSigSettings(print_signature=True),
        ),
    )
    session = pdf_signer.init_signing_session(writer)
    session.system_time = at.astimezone(UTC)
    room = CMS_ROOM + sum(len(certified.der) for certified in (signer.certified, *chain))
    _complete(session, room, output)


def _complete(session: PdfSigningSession, room: int, output: BinaryIO) -> None:
    document = session.prepare_tbs_document(validation_info=None, bytes_reserved=2 * room)
    prepared, _ = document.digest_tbs_document(output=output)
    attributes = PdfCMSSignedAttributes(signing_time=session.system_time)
    finish(document.perform_signature(document_digest=prepared.document_digest, pdf_cms_signed_attrs=attributes))


def _require_verifies(sealed: BinaryIO, original: Digest, size: int) -> None:
    # A scan whose structure our own check could not read must be refused now, not found invalid at the origin.
    if FilePrefix(sealed, size).digest() != original:
        raise Refused(Code.SEAL_INPUT, detail="not a prefix")
    file = read_seals(sealed)
    if file.problem is not None or len(file.seals) != 1 or not file.seals[0].sound:
        raise Refused(
            Code.SEAL_INPUT,
            detail=file.problem or next((facts.problem for facts in file.seals), None) or "not readable again",
        )
