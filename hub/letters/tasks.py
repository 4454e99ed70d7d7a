"""What parent and child say to each other: the names of the tasks, their arguments and their results, all plain data."""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec

from hub.letters.limits import ScanLimits
from hub.letters.report import Observation, PageMark, PdfPolicy, Stamp
from hub.protocol.codes import Code


class Task(StrEnum):
    """What a child can be asked to do with one file."""

    OUTLINE = "outline"  # is it whole and harmless, how many pages
    PAGES = "pages"  # look at pages: blank, dark, colour, skew, stamps, footers
    SAME_SHEETS = "same-sheets"  # which of these pairs of pages are one sheet scanned twice
    EMBED = "embed"  # an image's pages as they go into a PDF
    ASSEMBLE = "assemble"  # pages of several PDFs as one, or some pages of one
    RENDER = "render"  # one page as PNG
    TRACE = "trace"  # the one stamp in a crop, for a comparison
    READ = "read"  # the text of one page (the extra `ocr`)
    STRAIGHTEN = "straighten"  # the crop itself, upright, to look at


class OutlineArguments(msgspec.Struct, frozen=True, kw_only=True):
    """What an outline needs to know: the bounds, and which policy a PDF is judged by."""

    limits: ScanLimits
    policy: PdfPolicy


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """`pages` is 0 where they could not be counted."""

    pages: int
    observations: tuple[Observation, ...]


class PagesArguments(msgspec.Struct, frozen=True, kw_only=True):
    """`count` is the outline's number of pages; `first` counts from 0."""

    limits: ScanLimits
    count: int
    first: int


class PageSketch(msgspec.Struct, frozen=True, kw_only=True):
    """A page (from 1) as `hub.letters.decoding.likeness` sketches it; `ink` is empty for a blank one."""

    page: int
    ink: Annotated[bytes, msgspec.Meta(max_length=4096)]
    skew: float | None


class PagePair(msgspec.Struct, frozen=True, kw_only=True):
    """Two pages (from 0) that look alike from afar."""

    first: int
    second: int
    skews: tuple[float | None, float | None]


class PagesSeen(msgspec.Struct, frozen=True, kw_only=True):
    """`next_page` counts from 0 and is None after the last page."""

    observations: tuple[Observation, ...]
    stamps: tuple[Stamp, ...]
    next_page: int | None
    marks: tuple[PageMark, ...] = ()
    sketches: tuple[PageSketch, ...] = ()


class PairsArguments(msgspec.Struct, frozen=True, kw_only=True):
    """`pairs` of pages counted from 0, with how crooked each lies; `count` is the outline's number of pages."""

    limits: ScanLimits
    count: int
    pairs: tuple[PagePair, ...]


class PairsSeen(msgspec.Struct, frozen=True, kw_only=True):
    """Whether each of the first pairs is one sheet; the pairs left over are another child's."""

    same: tuple[bool, ...]


Part = Annotated[float, msgspec.Meta(ge=0, le=1)]
Box = tuple[Part, Part, Part, Part]
Side = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Points = Annotated[float, msgspec.Meta(gt=0, le=14_400)]


class PageImage(msgspec.Struct, frozen=True, kw_only=True):
    """One image as it stands in a PDF page. `orientation` is EXIF's (1 to 8); the page size is that of the upright page.

    `data` is the encoded stream: of a JPEG or PNG the sender's own bytes, of a TIFF made without loss.
    """

    width: Side
    height: Side
    colour: Literal["gray", "rgb", "cmyk", "indexed"]
    bits: Literal[1, 2, 4, 8]
    filter: Literal["DCTDecode", "FlateDecode"]
    png_predictor: bool
    inverted: bool
    palette: Annotated[bytes, msgspec.Meta(max_length=768)]
    orientation: Annotated[int, msgspec.Meta(ge=1, le=8)]
    page_width: Points
    page_height: Points
    data: bytes


class EmbeddedPages(msgspec.Struct, frozen=True, kw_only=True):
    """`next_page` counts from 0 and is None after the last page."""

    images: tuple[PageImage, ...]
    next_page: int | None


class PagesOf(msgspec.Struct, frozen=True, kw_only=True):
    """Pages `first` to `last` (from 1; None: to its end) of the PDF that stands at `start` in the file, `size` bytes long."""

    start: Annotated[int, msgspec.Meta(ge=0)]
    size: Annotated[int, msgspec.Meta(ge=1)]
    first: Annotated[int, msgspec.Meta(ge=1)]
    last: Annotated[int, msgspec.Meta(ge=1)] | None


class AssembleArguments(msgspec.Struct, frozen=True, kw_only=True):
    """The file holds the PDFs one behind the other."""

    limits: ScanLimits
    parts: tuple[PagesOf, ...]


class Assembled(msgspec.Struct, frozen=True, kw_only=True):
    """The pages as one PDF."""

    pdf: bytes
    pages: int


class RenderArguments(msgspec.Struct, frozen=True, kw_only=True):
    """`page` counts from 0; `box`: only this part, in fractions of the upright page (left, top, right, bottom)."""

    limits: ScanLimits
    page: int
    dpi: int
    box: Box | None = None


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """One page as PNG, upright."""

    png: bytes


class TraceArguments(msgspec.Struct, frozen=True, kw_only=True):
    """What tracing a stamp needs to know: the bounds."""

    limits: ScanLimits


class StraightenArguments(msgspec.Struct, frozen=True, kw_only=True):
    """`affine`: six numbers, see `hub.letters.compare.align`."""

    limits: ScanLimits
    affine: tuple[float, float, float, float, float, float]


class Refusal(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """The child understood the file and does not accept it."""

    observation: Observation


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag="answer"):
    """The task's result, encoded; decoded by the one who asked."""

    body: msgspec.Raw


class Failure(msgspec.Struct, frozen=True, kw_only=True, tag="failure"):
    """The child met an error it has no words for; `kind` is the exception's class."""

    kind: Annotated[str, msgspec.Meta(max_length=80)]
    code: Code = Code.SCAN_UNSAFE


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What the forkserver is asked: a task, its encoded arguments, and the ceilings of the child."""

    task: Task
    arguments: bytes
    cpu_s: int
    wall_s: int
    memory_bytes: int


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a child ended: exit code, or the signal that killed it, and whether its time on the clock was up."""

    exit_code: int | None
    signal: int | None
    timed_out: bool
