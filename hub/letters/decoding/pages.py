"""A closer look at pages, one after the other: what they look like and where stamps are."""

import numpy as np

from hub.letters.decoding.batch import Batch
from hub.letters.decoding.look import look_at
from hub.letters.decoding.pictures import NotAccepted
from hub.letters.decoding.view import Size, open_pages
from hub.letters.limits import ScanLimits
from hub.letters.report import Observation, Stamp, refuse
from hub.letters.sniff import sniff
from hub.letters.stamps.find import find_stamps
from hub.letters.tasks import PagesSeen
from hub.protocol.codes import Code

# Enough for the stamp finder and for every measure; decoding costs the same for any smaller view.
VIEW = Size(width=1240, pixels=4_000_000)


def look_at_pages(raw: bytes, *, limits: ScanLimits, count: int, first: int) -> PagesSeen:
    """Look at the pages from `first` (from 0) on, as many as one child may take; `count` is the outline's.

    A page that cannot be decoded refuses the scan and does not hide the others. Raises: NotAccepted.
    """
    media_type = sniff(raw)
    if media_type is None:
        raise NotAccepted(refuse(Code.SCAN_NOT_RECOGNISED))
    observations: list[Observation] = []
    stamps: list[Stamp] = []
    batch = Batch(first, count, cpu_s=limits.batch_cpu_s)
    with open_pages(raw, media_type, count=count, limits=limits) as pages:
        for page in batch:
            try:
                view = pages.view(page, VIEW)
            except NotAccepted as refusal:
                observations.append(refusal.observation)
                continue
            found = find_stamps(np.asarray(view.image))
            stamps += [
                Stamp(page=page + 1, bbox=stamp.bbox, score=stamp.score, monochrome=stamp.monochrome) for stamp in found
            ]
            observations += look_at(view, page + 1, coloured=any(not stamp.monochrome for stamp in found))
    return PagesSeen(observations=tuple(observations), stamps=tuple(stamps), next_page=batch.next_page)
