"""What is said about a scan: findings with grade and remedy, stamps, and the plain observations they are made from."""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec

from hub.protocol.codes import Code
from hub.protocol.texts import text_of


class Grade(StrEnum):
    """How much a finding weighs: `refuse` ends it, `warn` asks the officer to look, `note` is only said."""

    REFUSE = "refuse"
    WARN = "warn"
    NOTE = "note"


class PdfPolicy(StrEnum):
    """Which PDF is judged. A sealed letter may hold signature fields (PAdES); a scan fresh from a machine holds none."""

    RAW_SCAN = "raw-scan"
    SEALED_LETTER = "sealed-letter"


ShortValue = Annotated[str, msgspec.Meta(max_length=120)]


class Observation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A finding as the decoding child reports it: a code and values, no sentences.

    The child has read hostile bytes; what officers read is written by the parent, from the table of texts.
    """

    code: Code
    grade: Grade
    page: int | None = None
    values: dict[ShortValue, int | ShortValue] = {}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to say about a scan. `page` counts from 1, None for the file; texts are Chinese, then English."""

    code: str
    grade: Grade
    page: int | None
    message: str
    remedy: str


MarkText = Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=r"^[A-Z0-9:./-]+$")]
Fraction = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Stamp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A round or oval impression. Advisory: it says where to look, never whether the seal is genuine.

    `bbox` is x0, y0, x1, y1 as fractions of the upright page; `score` 0 to 1; `monochrome`: found in black and white.
    """

    page: int
    bbox: tuple[Fraction, Fraction, Fraction, Fraction]
    score: Fraction
    monochrome: bool


class PageMark(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The machine-readable footer found on a page, as read: what it claims, not what is so.

    `text` is parsed by `hub.letters.paper_mark`; `turn` is how far the page lies from upright, clockwise in degrees.
    """

    page: int
    text: MarkText
    turn: Literal[0, 90, 180, 270]


class ScanReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything said about one scan. `ok` is False when a finding refuses it; `pages` is 0 when none could be counted."""

    ok: bool
    media_type: str | None
    pages: int
    findings: tuple[Finding, ...]
    stamps: tuple[Stamp, ...]
    elapsed_s: float
    marks: tuple[PageMark, ...] = ()


def refuse(code: Code, page: int | None = None, /, **values: int | str) -> Observation:
    """Return an observation that refuses the scan."""
    return Observation(code=code, grade=Grade.REFUSE, page=page, values=values)


def warn(code: Code, page: int | None = None, /, **values: int | str) -> Observation:
    """Return an observation that the officer should look at."""
    return Observation(code=code, grade=Grade.WARN, page=page, values=values)


def note(code: Code, page: int | None = None, /, **values: int | str) -> Observation:
    """Return an observation that is only said."""
    return Observation(code=code, grade=Grade.NOTE, page=page, values=values)


def finding_of(observation: Observation, *, name: str = "") -> Finding:
    """Return `observation` in words; `name` is the file's name, for the texts that mention it."""
    values = {"name": name, "page": observation.page or 1} | observation.values
    text = text_of(observation.code).filled(values)
    return Finding(
        code=observation.code.value,
        grade=observation.grade,
        page=observation.page,
        message=f"{text.zh} / {text.en}",
        remedy=f"{text.remedy_zh} / {text.remedy_en}",
    )
