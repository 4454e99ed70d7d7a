"""The manifest of an evidence container (ASiC-E with CAdES, ETSI EN 319 162-1): which files, of which digests.

It has one spelling, so it is read by rebuilding it: no XML parser, no entities, no DOCTYPE, SHA-256 only.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.trail.evidence.zip_form import NAME_PATTERN

SIGNATURE_NAME = "META-INF/signature001.p7s"
MANIFEST_NAME = "META-INF/ASiCManifest001.xml"
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">\n'
    f'<asic:SigReference URI="{SIGNATURE_NAME}" MimeType="application/pkcs7-signature"/>\n'
)
_LINE = (
    '<asic:DataObjectReference URI="{name}" MimeType="{media_type}">'
    '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
    "<ds:DigestValue>{value}</ds:DigestValue></asic:DataObjectReference>\n"
)
_TAIL = "</asic:ASiCManifest>\n"
_MEDIA_TYPE = r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}"
_LINE_PATTERN = re.compile(
    re.escape(_LINE)
    .replace(re.escape("{name}"), f"({NAME_PATTERN.pattern})")
    .replace(re.escape("{media_type}"), f"({_MEDIA_TYPE})")
    .replace(re.escape("{value}"), "([A-Za-z0-9+/]{43}=)"),
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the manifest; `value` is the SHA-256 in base64, as it stands there."""

    name: str
    media_type: str
    value: str


def digest_value(raw: bytes) -> str:
    """Return the SHA-256 of `raw` as manifests write it."""
    return b64encode(hashlib.sha256(raw).digest()).decode()


def write_manifest(files: Sequence[Listed]) -> bytes:
    """Return the manifest's bytes. Raises: Refused (`evidence.manifest`) for a name or type that it cannot hold."""
    lines = [_LINE.format(name=item.name, media_type=item.media_type, value=item.value) for item in files]
    if any(_LINE_PATTERN.fullmatch(line) is None for line in lines):
        raise Refused(Code.EVIDENCE_MANIFEST, detail="a name or media type out of form")
    return (_HEAD + "".join(lines) + _TAIL).encode()


def parse_manifest(raw: bytes) -> tuple[Listed, ...]:
    """Return the files that the manifest lists. Raises: Refused (`evidence.manifest`) for any other spelling."""
    if b"<!" in raw:
        raise Refused(Code.EVIDENCE_MANIFEST, detail="a DOCTYPE, comment or CDATA")
    try:
        text = raw.decode("ascii")
    except UnicodeDecodeError as error:
        raise Refused(Code.EVIDENCE_MANIFEST, detail="not ASCII") from error
    if not text.startswith(_HEAD) or not text.endswith(_TAIL) or len(text) < len(_HEAD) + len(_TAIL):
        raise Refused(Code.EVIDENCE_MANIFEST, detail="not the required form")
    lines = text[len(_HEAD) : -len(_TAIL)].splitlines(keepends=True)
    return tuple(_parse_line(line) for line in lines)


def _parse_line(line: str) -> Listed:
    found = _LINE_PATTERN.fullmatch(line)
    if found is None:
        other = re.search(r'DigestMethod Algorithm="[^"]*[#/]([A-Za-z0-9-]{1,20})"', line)
        detail = (
            f"digest algorithm {other.group(1)}" if other and other.group(1) != "sha256" else "not the required form"
        )
        raise Refused(Code.EVIDENCE_MANIFEST, detail=detail)
    return Listed(found.group(1), found.group(2), found.group(3))
