"""Any bytes end as an answer or a refusal with a code: the decoders themselves on mutated files, a few in the sandbox."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.letters.decoding.work import answer_bytes
from hub.letters.limits import ScanLimits, default_limits
from hub.letters.report import PdfPolicy
from hub.letters.scan import check_scan
from hub.letters.tasks import Answer, Failure, OutlineArguments, PagesArguments, Refusal, RenderArguments, Request, Task
from tests.letters.builders import a_page, a_pdf, encoded, interlaced_png, two_signature_fields

LIMITS = msgspec.structs.replace(default_limits(), page_pixels=1_000_000, stream_bytes=1 << 20)
SMALL = a_page(60, 84)
SEEDS = [
    encoded(SMALL, "JPEG", quality=40),
    encoded(SMALL, "JPEG", quality=40, progressive=True),
    encoded(SMALL.convert("CMYK"), "JPEG", quality=40),
    encoded(SMALL, "PNG"),
    encoded(SMALL.quantize(16), "PNG"),
    interlaced_png(),
    encoded(SMALL, "TIFF", compression="tiff_lzw", save_all=True, append_images=[SMALL]),
    encoded(SMALL.convert("1"), "TIFF", compression="group4"),
]
ENTRY, OBJECTS = two_signature_fields()
PDFS = [a_pdf(), a_pdf(catalog=ENTRY, objects=OBJECTS), a_pdf(catalog=b"/OpenAction<</S/JavaScript/JS(1)>>", count=2)]
ARGUMENTS = {
    Task.OUTLINE: OutlineArguments(limits=LIMITS, policy=PdfPolicy.SEALED_LETTER),
    Task.PAGES: PagesArguments(limits=LIMITS, count=1, first=0),
    Task.EMBED: PagesArguments(limits=LIMITS, count=1, first=0),
    Task.RENDER: RenderArguments(limits=LIMITS, page=0, dpi=40),
}


@st.composite
def mutated(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    raw = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, len(raw)))
        how = draw(st.sampled_from(["change", "cut", "repeat", "insert"]))
        if how == "change" and place < len(raw):
            raw[place] = draw(st.integers(0, 255))
        elif how == "cut":
            del raw[place : place + draw(st.integers(1, 40))]
        elif how == "repeat":
            raw[place:place] = raw[place : place + draw(st.integers(1, 40))]
        else:
            raw[place:place] = draw(st.binary(max_size=8))
    return bytes(raw)


def answer_to(task: Task, raw: bytes) -> Answer | Refusal | Failure:
    request = Request(task=task, arguments=msgspec.msgpack.encode(ARGUMENTS[task]), cpu_s=1, wall_s=1, memory_bytes=1)
    return msgspec.msgpack.decode(answer_bytes(request, raw), type=Answer | Refusal | Failure)


@pytest.mark.parametrize("task", [Task.OUTLINE, Task.PAGES, Task.EMBED, Task.RENDER])
@given(raw=mutated(SEEDS) | st.binary(max_size=200))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_mutated_picture_is_answered_or_refused(task: Task, raw: bytes) -> None:
    # A Failure would be a decoder's error that nobody has put into words yet.
    assert isinstance(answer_to(task, raw), Answer | Refusal)


# PDFium may end the process on hostile bytes, so it is met in the sandbox only; the structure walk is met here.
@given(raw=mutated(PDFS))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_mutated_pdf_is_outlined_or_refused(raw: bytes) -> None:
    assert isinstance(answer_to(Task.OUTLINE, raw), Answer | Refusal)


@given(raw=mutated(SEEDS + PDFS))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_end_as_a_report(raw: bytes) -> None:
    limits: ScanLimits = LIMITS
    report = check_scan(raw, limits=limits)
    assert report.ok == all(finding.grade != "refuse" for finding in report.findings)
