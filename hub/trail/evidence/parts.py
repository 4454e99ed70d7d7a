"""What an evidence file of one case consists of, and how its parts are laid out as files of a container and back.

Names in the container are running numbers in ASCII; an attachment's own name and media type stand in the envelope that
names its digest. Nothing is verified here: `check.py` does that.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

import msgspec

from hub.protocol.codes import Code
from hub.protocol.envelope import Attachment, Envelope, Role
from hub.protocol.erasure import ErasureNotice
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, Digest, digest_of
from hub.protocol.media_types import JOSE, JPEG, JSON, PDF, PEM, PKIX_CRL, PNG, TIFF
from hub.protocol.strict_json import decode_strict
from hub.signing.jws import stated_payload
from hub.trail.evidence.container import DataFile

S = TypeVar("S", bound=msgspec.Struct)
FOLDERS = frozenset(
    {"envelopes", "receipts", "letters", "scans", "acts", "proofs", "files", "certs", "crls", "trail", "erased"}
)
REPORT_JSON = "report.json"
REPORT_PDF = "report.pdf"
_FOLDER_OF_ROLE = {Role.LETTER: "letters", Role.SCAN: "scans", Role.ACT: "acts", Role.PROOF: "proofs"}
_ATTACHMENT_FOLDERS = (*_FOLDER_OF_ROLE.values(), "files")
_ENDINGS = {PDF: "pdf", JPEG: "jpg", PNG: "png", TIFF: "tif", JOSE: "jws", JSON: "json"}
_PLAIN = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """An attachment: its name and media type as the envelope states them, and its bytes."""

    name: str
    media_type: str
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class EvidenceParts:
    """The parts of one case's evidence, in the order of the case.

    `envelopes` and `receipts` are compact JWS; `attachments` are by the digest of their bytes; `certificates` are PEM,
    one each; `crls` PEM or DER; `trail` holds data files that stand under `trail/` (checkpoints, proofs, time-stamps), by
    name. `erasures`: the hub's notices (compact JWS) that the case was erased; they name by digest what is not here.
    """

    case: CaseId
    envelopes: tuple[bytes, ...]
    receipts: tuple[bytes, ...]
    attachments: Mapping[Digest, EvidenceFile]
    certificates: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    trail: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
    erasures: tuple[bytes, ...] = ()


def files_of(parts: EvidenceParts, *, report: bytes, report_pdf: bytes) -> tuple[DataFile, ...]:
    """Return the container's data files, in their one order."""
    files = [
        *_numbered("envelopes", "jws", JOSE, parts.envelopes),
        *_numbered("receipts", "jws", JOSE, parts.receipts),
        *_attachment_files(parts),
        *_numbered("certs", "pem", PEM, parts.certificates),
        *map(_crl_file, range(1, len(parts.crls) + 1), parts.crls),
        *(DataFile(f"trail/{name}", _PLAIN, parts.trail[name]) for name in sorted(parts.trail)),
        *_numbered("erased", "jws", JOSE, parts.erasures),
        DataFile(REPORT_JSON, JSON, report),
        DataFile(REPORT_PDF, PDF, report_pdf),
    ]
    return tuple(files)


def parts_of(files: Iterable[DataFile]) -> EvidenceParts:
    """Return the parts that a container's data files make up.

    Raises: Refused (`evidence.empty`) when there is no envelope, nor a notice of an erasure, that names its case.
    """
    folders: dict[str, list[DataFile]] = {}
    for file in files:
        folders.setdefault(file.name.partition("/")[0] if "/" in file.name else "", []).append(file)
    envelopes = tuple(file.raw for file in folders.get("envelopes", ()))
    erasures = tuple(file.raw for file in folders.get("erased", ()))
    stated = [envelope for envelope in map(stated_envelope, envelopes) if envelope is not None]
    cases = [envelope.case for envelope in stated]
    cases += [notice.case for notice in map(stated_notice, erasures) if notice is not None]
    if not cases:
        raise Refused(Code.EVIDENCE_EMPTY)
    named = _named(stated)
    attachments = {
        digest_of(file.raw): _attachment(file, named.get(digest_of(file.raw)))
        for folder in _ATTACHMENT_FOLDERS
        for file in folders.get(folder, ())
    }
    return EvidenceParts(
        case=cases[0],
        envelopes=envelopes,
        receipts=tuple(file.raw for file in folders.get("receipts", ())),
        attachments=attachments,
        certificates=tuple(file.raw for file in folders.get("certs", ())),
        crls=tuple(file.raw for file in folders.get("crls", ())),
        trail={file.name.removeprefix("trail/"): file.raw for file in folders.get("trail", ())},
        erasures=erasures,
    )


def stated_envelope(raw: bytes) -> Envelope | None:
    """Return what a compact JWS says, its signature not verified: good for names and order only. None when unreadable."""
    return _stated(raw, Envelope)


def stated_notice(raw: bytes) -> ErasureNotice | None:
    """Return what the notice of an erasure says, its signatures not verified. None when unreadable."""
    return _stated(raw, ErasureNotice)


def removed_in(parts: EvidenceParts | None) -> list[str]:
    """Return the digests that notices in `parts` name as erased, their signatures not verified: to be shown, not relied upon."""
    notices = () if parts is None else tuple(filter(None, map(stated_notice, parts.erasures)))
    return list(dict.fromkeys(digest for one in notices for digest in (*one.content.envelopes, *one.content.files)))


def _stated(raw: bytes, type: type[S]) -> S | None:
    try:
        return decode_strict(stated_payload(raw), type)
    except (Refused, ValueError, IndexError):
        return None


def _numbered(folder: str, ending: str, media_type: str, raws: Iterable[bytes]) -> list[DataFile]:
    return [DataFile(f"{folder}/{number:04d}.{ending}", media_type, raw) for number, raw in enumerate(raws, start=1)]


def _crl_file(number: int, raw: bytes) -> DataFile:
    pem = raw.startswith(b"-----BEGIN")
    return DataFile(f"crls/{number:04d}.{'pem' if pem else 'crl'}", PEM if pem else PKIX_CRL, raw)


def _attachment_files(parts: EvidenceParts) -> list[DataFile]:
    named = _named(filter(None, map(stated_envelope, parts.envelopes)))
    # In the order in which envelopes name them; what none names comes last, by digest.
    order = [digest for digest in named if digest in parts.attachments]
    order += sorted(set(parts.attachments) - set(order))
    counts: dict[str, int] = {}
    files = []
    for digest in order:
        item = parts.attachments[digest]
        folder = _folder(named.get(digest), item)
        counts[folder] = counts.get(folder, 0) + 1
        media_type = (
            item.media_type if re.fullmatch(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}", item.media_type) else _PLAIN
        )
        ending = _ENDINGS.get(media_type, "bin")
        files.append(DataFile(f"{folder}/{counts[folder]:04d}.{ending}", media_type, item.raw))
    # One folder after the other, as a reader of the file list expects it.
    return sorted(files, key=lambda file: _ATTACHMENT_FOLDERS.index(file.name.partition("/")[0]))


def _folder(stated: Attachment | None, item: EvidenceFile) -> str:
    if stated is None:
        return "acts" if item.media_type == JOSE else "files"
    return _FOLDER_OF_ROLE.get(stated.role, "files")


def _named(envelopes: Iterable[Envelope]) -> dict[Digest, Attachment]:
    named: dict[Digest, Attachment] = {}
    for envelope in envelopes:
        for attachment in envelope.attachments:
            named.setdefault(attachment.digest, attachment)
    return named


def _attachment(file: DataFile, stated: Attachment | None) -> EvidenceFile:
    if stated is None:
        return EvidenceFile(file.name, file.media_type, file.raw)
    return EvidenceFile(stated.name, stated.media_type, file.raw)
