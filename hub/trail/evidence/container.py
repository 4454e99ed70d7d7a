"""The evidence container: ASiC-E with one CAdES signature over its manifest. Deterministic to write, strict to read.

Layout: `mimetype`, the data files in the manifest's order, the manifest, the signature; nothing else. A container read here
is exactly what `write_files` would write from its parts. Who signed it is for `check.py` to judge.
Source: ETSI EN 319 162-1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.media_types import ASIC_E
from hub.signing.cades import sign_detached
from hub.signing.certificates import Certified
from hub.signing.keys import Signer
from hub.trail.evidence.manifest import (
    MANIFEST_NAME,
    SIGNATURE_NAME,
    Listed,
    digest_value,
    parse_manifest,
    write_manifest,
)
from hub.trail.evidence.zip_form import Member, read_zip, write_zip

MIMETYPE = Member("mimetype", ASIC_E.encode())
_OWN_NAMES = frozenset({MIMETYPE.name, MANIFEST_NAME, SIGNATURE_NAME})


@dataclass(frozen=True, slots=True)
class DataFile:
    """One data file of a container."""

    name: str
    media_type: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class OpenedContainer:
    """A container of the right form, all digests right: its data files, the manifest's exact bytes, the signature over
    them (CMS, not judged)."""

    files: tuple[DataFile, ...]
    manifest: bytes
    signature: bytes


def write_files(files: Sequence[DataFile], *, signer: Signer, at: datetime, chain: tuple[Certified, ...] = ()) -> bytes:
    """Return the container of `files`, in this order, signed by `signer` (P-256) at `at`.

    All but the signature's random part follows from the arguments.
    Raises: Refused (`evidence.name`, `evidence.manifest`, `evidence.too_large`, `cades.key`).
    """
    if any(file.name in _OWN_NAMES or file.name.startswith("META-INF/") for file in files):
        raise Refused(Code.EVIDENCE_NAME, detail="a name of the container's own")
    manifest = write_manifest([Listed(file.name, file.media_type, digest_value(file.raw)) for file in files])
    signature = sign_detached(manifest, signer=signer, at=at, chain=chain)
    data = [Member(file.name, file.raw) for file in files]
    return write_zip([MIMETYPE, *data, Member(MANIFEST_NAME, manifest), Member(SIGNATURE_NAME, signature)])


def read_container(raw: bytes) -> OpenedContainer:
    """Return the container in `raw`.

    Raises: Refused (`evidence.*`): not the one canonical ZIP, a hostile name, another layout, a manifest of another form,
    a file that the manifest does not list or lists with another digest.
    """
    members = read_zip(raw)
    if members[0] != MIMETYPE:
        raise Refused(Code.EVIDENCE_LAYOUT, detail="mimetype is not first, or is another")
    names = [member.name for member in members]
    if SIGNATURE_NAME not in names:
        raise Refused(Code.EVIDENCE_SIGNATURE_MISSING)
    if names[-2:] != [MANIFEST_NAME, SIGNATURE_NAME]:
        raise Refused(Code.EVIDENCE_LAYOUT, detail="manifest and signature are not last")
    *data, manifest, signature = members[1:]
    if any(member.name.startswith("META-INF/") for member in data):
        raise Refused(Code.EVIDENCE_LAYOUT, detail="another file in META-INF")
    files = _listed_files(data, parse_manifest(manifest.raw))
    return OpenedContainer(files, manifest.raw, signature.raw)


def _listed_files(data: Sequence[Member], listed: Sequence[Listed]) -> tuple[DataFile, ...]:
    there, named = [member.name for member in data], [item.name for item in listed]
    if unlisted := [name for name in there if name not in set(named)]:
        raise Refused(Code.EVIDENCE_UNLISTED, detail=unlisted[0])
    if missing := [name for name in named if name not in set(there)]:
        raise Refused(Code.EVIDENCE_FILE_MISSING, detail=missing[0])
    if there != named:
        raise Refused(Code.EVIDENCE_MANIFEST, detail="another order than the files'")
    for member, item in zip(data, listed, strict=True):
        if digest_value(member.raw) != item.value:
            raise Refused(Code.EVIDENCE_DIGEST, detail=member.name)
    return tuple(DataFile(item.name, item.media_type, member.raw) for member, item in zip(data, listed, strict=True))
