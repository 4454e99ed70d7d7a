"""Letters for tests: scans as PDF, sealed by a sample province. Each builder gives something valid."""

import io
from datetime import datetime
from typing import Any

import img2pdf
from PIL import Image, ImageDraw

from hub.protocol.verdict import Result
from hub.signing.keys import KeySigner
from hub.signing.seal_check import SealFinding
from hub.signing.seals import SealLabel, seal_letter
from tests.signing.builders import NOW, SampleProvince

LABEL = SealLabel("宁国市公安局西津派出所", "宁公户函〔2026〕17号")


def a_scan(*, width: int = 310, height: int = 440, red: bool = True) -> bytes:
    """A small JPEG that looks like a letter with a seal."""
    picture = Image.new("RGB", (width, height), (250, 248, 240))
    draw = ImageDraw.Draw(picture)
    for y in range(60, height - 80, 14):
        draw.line((35, y, width - 35, y), fill=(60, 60, 60), width=2)
    if red:
        draw.ellipse((width - 110, height - 120, width - 30, height - 40), outline=(200, 20, 20), width=4)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=60, dpi=(72, 72))
    return out.getvalue()


def a_scan_pdf(**shape: Any) -> bytes:
    """The scan in a PDF, as letters are before sealing."""
    day = datetime(2026, 11, 24)  # noqa: DTZ001 - img2pdf takes a naive time
    pdf: bytes = img2pdf.convert(a_scan(**shape), creationdate=day, moddate=day, producer="")
    return pdf


def a_sealed_letter(
    province: SampleProvince, *, pdf: bytes | None = None, seal: KeySigner | None = None, at: datetime = NOW
) -> bytes:
    """A letter sealed by a household seal of the province, with its newest list embedded."""
    signer = seal or province.seal()
    return seal_letter(
        pdf or a_scan_pdf(),
        signer=signer,
        chain=(province.root.certified,),
        crls=(province.crls[-1],),
        at=at,
        label=LABEL,
    )


def not_passed(finding: SealFinding) -> set[str]:
    """Codes of the checks that failed."""
    return {check.code for check in finding.verdict.checks if check.result is Result.FAILED}
