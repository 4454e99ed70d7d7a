"""What a file is, by its first bytes only: never by its name, never by what the sender says. Decodes nothing."""

from pathlib import Path

from hub.protocol import media_types

_SIGNATURES = (
    (b"%PDF-", media_types.PDF),
    (b"\xff\xd8\xff", media_types.JPEG),
    (b"\x89PNG\r\n\x1a\n", media_types.PNG),
    (b"II*\x00", media_types.TIFF),
    (b"MM\x00*", media_types.TIFF),
)
# Readers look for a PDF header this far into a file (ISO 32000-1, annex H, note 13): such an image would be two files.
_PDF_SEARCH_BYTES = 1024


def sniff(raw: bytes) -> str | None:
    """Return the media type of a scan this program reads (PDF, JPEG, PNG, TIFF), or None for anything else."""
    return next((media_type for signature, media_type in _SIGNATURES if raw.startswith(signature)), None)


def sniff_source(source: bytes | Path) -> tuple[str | None, int]:
    """Return the media type and the size of bytes or of a file, of which only the first bytes are read. Raises: OSError."""
    if isinstance(source, bytes):
        return sniff(source), len(source)
    with source.open("rb") as file:
        return sniff(file.read(_PDF_SEARCH_BYTES)), source.stat().st_size


def is_also_pdf(raw: bytes) -> bool:
    """Say whether a PDF reader could take `raw`, which starts as something else, for a PDF."""
    return not raw.startswith(b"%PDF-") and b"%PDF-" in raw[: _PDF_SEARCH_BYTES + 5]
