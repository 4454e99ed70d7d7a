"""Read the signatures of a PDF as they are: byte ranges, CMS, coverage, later changes. Facts only; `seal_check` judges.

Everything malformed becomes a fact too, never an exception: pyHanko raises ValueError, AssertionError, KeyError and its own
errors on hostile files, and each of them means "malformed".
Source: ISO 32000-2, 12.8; ETSI EN 319 142-1.
"""

import io
import re
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from hub.protocol.identifiers import Digest
from hub.signing.cms_form import MAX_CMS_BYTES, CmsSignature, Malformed, check_integrity, parse_cms
from hub.signing.seal_original import declared_original, is_sealed_as_declared

MAX_SIGNATURES = 16
MAX_EMBEDDED_CRLS = 16
MAX_GAP_BYTES = 2 * MAX_CMS_BYTES + 2  # hexadecimal, in angle brackets
SEAL_SUBFILTER = "/ETSI.CAdES.detached"
ALLOWED_LATER = frozenset({ModificationLevel.NONE, ModificationLevel.LTA_UPDATES, ModificationLevel.FORM_FILLING})


@dataclass(frozen=True, slots=True)
class SealFacts:
    """One signature of the file, oldest first.

    `problem` is a short reason when it is malformed (then the rest is unknown). `exact` says that the byte range is the
    whole revision but for this one hexadecimal string; `unchanged` that later revisions add only other signatures and
    validation data.
    """

    field: str
    problem: str | None
    cms: CmsSignature | None = None
    time_stamp: bool = False
    exact: bool = False
    whole_file: bool = False
    digest_matches: bool = False
    signature_valid: bool = False
    unchanged: bool = False
    only_validation_data_follows: bool = False
    revision: int = -1
    claimed_at: datetime | None = None
    original: tuple[Digest, int] | None = None
    embedded: EmbeddedPdfSignature | None = None

    @property
    def sound(self) -> bool:
        """Whether nothing but the key is left to judge."""
        return (
            self.problem is None
            and self.exact
            and self.digest_matches
            and self.signature_valid
            and self.unchanged
            and self.cms is not None
            and self.cms.algorithm_ok
        )


@dataclass(frozen=True, slots=True)
class SignedFile:
    """The signatures of one PDF: `seals` are ordinary signatures, `stamps` document time-stamps, both oldest first; `crls`
    the DER lists it carries. `problem` is a short reason when the file could not be read as a signed PDF."""

    problem: str | None
    seals: tuple[SealFacts, ...] = ()
    stamps: tuple[SealFacts, ...] = ()
    crls: tuple[bytes, ...] = ()

    @property
    def newest(self) -> SealFacts | None:
        """The signature or time-stamp of the latest revision, None when there is none or one of them is malformed."""
        every = (*self.seals, *self.stamps)
        return max(every, key=lambda item: item.revision) if every else None


def read_seals(letter: bytes | BinaryIO) -> SignedFile:
    """Return what the PDF `letter`, bytes or an open file, says about its signatures. Never raises for any bytes.

    Of a file only parts are in memory at a time; it must stay open and as it is while the answer is used.
    """
    try:
        stream = io.BytesIO(letter) if isinstance(letter, bytes) else letter
        reader = PdfFileReader(stream, strict=True)
        signatures = _all_signatures(reader)
        facts = tuple(_read_one(signature, stream) for signature in signatures)
        crls = _embedded_crls(reader) if signatures else ()
    except Exception as error:  # noqa: BLE001 - see the module's header: any failure to read is a fact, never a crash
        return SignedFile(problem=_reason(error))
    return SignedFile(
        problem=None,
        seals=tuple(item for item in facts if not item.time_stamp),
        stamps=tuple(item for item in facts if item.time_stamp),
        crls=crls,
    )


def _all_signatures(reader: PdfFileReader) -> list[EmbeddedPdfSignature]:
    fields = list(enumerate_sig_fields(reader, filled_status=True))
    if len(fields) > MAX_SIGNATURES:
        raise Malformed("too many signatures")
    signatures = list(reader.embedded_signatures)
    # pyHanko leaves out signatures whose subfilter it does not know; one that nobody checked must not hide here.
    if len(signatures) != len(fields):
        raise Malformed("a signature of an unknown kind")
    return signatures


def _read_one(signature: EmbeddedPdfSignature, letter: BinaryIO) -> SealFacts:
    field, stamp = str(signature.field_name), str(signature.sig_object_type) == "/DocTimeStamp"
    try:
        return _facts(signature, letter, field, stamp)
    except Exception as error:  # noqa: BLE001 - see the module's header
        return SealFacts(field=field, problem=_reason(error), time_stamp=stamp)


def _facts(signature: EmbeddedPdfSignature, letter: BinaryIO, field: str, stamp: bool) -> SealFacts:
    if not stamp and (signature.sig_object_type != "/Sig" or signature.sig_object.get("/SubFilter") != SEAL_SUBFILTER):
        raise Malformed("not ETSI.CAdES.detached")
    exact, whole_file, der = _byte_range(signature, letter)
    # Coverage and later changes first: pyHanko's own judgement, which ours only narrows.
    signature.compute_integrity_info()  # type: ignore[no-untyped-call]
    status = signature.summarise_integrity_info()
    coverage = status["coverage"]
    unchanged = bool(status["docmdp_ok"]) and _level(signature) in ALLOWED_LATER
    exact = exact and coverage in (SignatureCoverageLevel.ENTIRE_FILE, SignatureCoverageLevel.ENTIRE_REVISION)
    if stamp:
        return SealFacts(
            field=field,
            problem=None,
            time_stamp=True,
            exact=exact,
            whole_file=whole_file and coverage is SignatureCoverageLevel.ENTIRE_FILE,
            unchanged=unchanged,
            only_validation_data_follows=_level(signature) is ModificationLevel.LTA_UPDATES,
            revision=signature.signed_revision,
            embedded=signature,
        )
    cms = parse_cms(der)
    matches, valid = check_integrity(cms, signature.compute_digest())
    return SealFacts(
        field=field,
        problem=None,
        cms=cms,
        exact=exact,
        whole_file=whole_file and coverage is SignatureCoverageLevel.ENTIRE_FILE,
        digest_matches=matches,
        signature_valid=valid,
        unchanged=unchanged,
        revision=signature.signed_revision,
        claimed_at=cms.signed_at or signature.self_reported_timestamp,
        original=_original(signature, letter, intact=matches),
        embedded=signature,
    )


def _level(signature: EmbeddedPdfSignature) -> ModificationLevel | None:
    return getattr(signature.diff_result, "modification_level", None)


def _byte_range(signature: EmbeddedPdfSignature, letter: BinaryIO) -> tuple[bool, bool, bytes]:
    """Return whether the range leaves out exactly one hexadecimal string, whether it reaches the file's end, and its DER.

    The string is the only part the signature does not cover, so it is held to one spelling: digits of one case, then
    zeros.
    """
    numbers = [int(number) for number in signature.byte_range]
    if len(numbers) != 4 or numbers[0] != 0 or min(numbers) < 0:
        return False, False, _der(signature.pkcs7_content)
    _, first, second, length = numbers
    size = letter.seek(0, io.SEEK_END)
    gap = _read_gap(letter, first, second)
    exact = (
        gap[:1] == b"<"
        and gap[-1:] == b">"
        and re.fullmatch(rb"[0-9a-f]*|[0-9A-F]*", gap[1:-1]) is not None
        and gap[1:-1].lower() == signature.pkcs7_content.hex().encode()
        and second + length <= size
    )
    return exact, exact and second + length == size, _der(signature.pkcs7_content)


def _read_gap(letter: BinaryIO, first: int, second: int) -> bytes:
    if not first < second <= first + MAX_GAP_BYTES:
        return b""
    letter.seek(first)
    return letter.read(second - first)


def _der(padded: bytes) -> bytes:
    """Return the DER value at the start of `padded`; what follows must be zeros. Raises: Malformed."""
    if len(padded) < 2 or padded[0] != 0x30:
        raise Malformed("no CMS")
    head, size = 2, padded[1]
    if size & 0x80:
        count = size & 0x7F
        if not 1 <= count <= 4 or len(padded) < 2 + count:
            raise Malformed("no DER length")
        head, size = 2 + count, int.from_bytes(padded[2 : 2 + count], "big")
    if head + size > len(padded) or padded[head + size :].strip(b"\0"):
        raise Malformed("bytes after the CMS")
    return padded[: head + size]


def _original(signature: EmbeddedPdfSignature, letter: BinaryIO, *, intact: bool) -> tuple[Digest, int] | None:
    original = declared_original(signature)
    # A file that is not intact has nothing to say about its original; that it is not intact is said elsewhere.
    if original is None or not intact:
        return None
    if not is_sealed_as_declared(signature, letter, original):
        raise Malformed("not what the seal says was sealed")
    return original


def _embedded_crls(reader: PdfFileReader) -> tuple[bytes, ...]:
    if "/DSS" not in reader.root:
        return ()
    store = DocumentSecurityStore.read_dss(reader)
    return tuple(reference.get_object().data for reference in store.crls[:MAX_EMBEDDED_CRLS])


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, Malformed) else type(error).__name__
