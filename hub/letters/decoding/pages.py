"""A closer look at pages, one after the other: what they look like, where stamps are, what the footer says."""

from dataclasses import dataclass, field
from functools import partial

import numpy as np
from PIL import Image

from hub.letters.decoding.batch import Batch
from hub.letters.decoding.likeness import same_sheet
from hub.letters.decoding.look import look_at, measure
from hub.letters.decoding.marks import read_mark
from hub.letters.decoding.pictures import NotAccepted
from hub.letters.decoding.view import Pages, Size, View, open_pages
from hub.letters.limits import ScanLimits
from hub.letters.report import Observation, PageMark, Stamp, refuse
from hub.letters.sniff import sniff
from hub.letters.stamps.find import find_stamps
from hub.letters.tasks import PagePair, PageSketch, PagesSeen, PairsSeen
from hub.protocol.codes import Code

# Enough for the stamp finder and for every measure; decoding costs the same for any smaller view.
VIEW = Size(width=1240, pixels=4_000_000)
# A footer that is seen and not read at the first size is tried once more at this one.
_SHARPER = Size(width=2480, pixels=9_000_000)


@dataclass(slots=True)
class _Seen:
    """What is collected page by page."""

    observations: list[Observation] = field(default_factory=list)
    stamps: list[Stamp] = field(default_factory=list)
    marks: list[PageMark] = field(default_factory=list)
    sketches: list[PageSketch] = field(default_factory=list)

    def add(self, view: View, number: int, mark: PageMark | None) -> None:
        """Look at the view of page `number` (from 1)."""
        found = find_stamps(np.asarray(view.image))
        self.stamps += [
            Stamp(page=number, bbox=stamp.bbox, score=stamp.score, monochrome=stamp.monochrome) for stamp in found
        ]
        tone = measure(view.image)
        self.observations += look_at(view, tone, number, stamps=found)
        self.marks += [mark] if mark else []
        ink = b"" if tone.dark or tone.blank else tone.sketch
        self.sketches.append(PageSketch(page=number, ink=ink, skew=tone.skew))


def look_at_pages(raw: bytes, *, limits: ScanLimits, count: int, first: int) -> PagesSeen:
    """Look at the pages from `first` (from 0) on, as many as one child may take; `count` is the outline's.

    A page that cannot be decoded refuses the scan and does not hide the others. Raises: NotAccepted.
    """
    media_type = sniff(raw)
    if media_type is None:
        raise NotAccepted(refuse(Code.SCAN_NOT_RECOGNISED))
    collected = _Seen()
    batch = Batch(first, count, cpu_s=limits.batch_cpu_s)
    with open_pages(raw, media_type, count=count, limits=limits) as pages:
        for page in batch:
            try:
                view = pages.view(page, VIEW)
            except NotAccepted as refusal:
                collected.observations.append(refusal.observation)
                continue
            mark = read_mark(view.image, page + 1, sharper=partial(_drawn_again, pages, page))
            collected.add(view, page + 1, mark)
    return PagesSeen(
        observations=tuple(collected.observations),
        stamps=tuple(collected.stamps),
        next_page=batch.next_page,
        marks=tuple(collected.marks),
        sketches=tuple(collected.sketches),
    )


def compare_pages(raw: bytes, *, limits: ScanLimits, count: int, pairs: tuple[PagePair, ...]) -> PairsSeen:
    """Say of each of `pairs` whether both are one sheet, as many as one child may do; at least one. Raises: NotAccepted."""
    media_type = sniff(raw)
    if media_type is None:
        raise NotAccepted(refuse(Code.SCAN_NOT_RECOGNISED))
    same = []
    with open_pages(raw, media_type, count=count, limits=limits) as pages:
        for index in Batch(0, len(pairs), cpu_s=limits.batch_cpu_s):
            pair = pairs[index]
            one, other = (np.asarray(pages.view(page, VIEW).image) for page in (pair.first, pair.second))
            same.append(same_sheet(one, other, skews=pair.skews))
    return PairsSeen(same=tuple(same))


def _drawn_again(pages: Pages, page: int) -> Image.Image:
    return pages.view(page, _SHARPER).image
