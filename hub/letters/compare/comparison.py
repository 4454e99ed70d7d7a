"""What a comparison answers. It may say "similar" or "different", never "genuine": ink is for people to judge."""

from enum import StrEnum
from typing import Annotated

import msgspec

from hub.protocol.codes import Code

TRACE_SIDE = 256  # pixels of the common disc


class Likeness(StrEnum):
    """The verdict. `not legible`: too little of the stamp can be read to say either."""

    SIMILAR = "similar"
    DIFFERENT = "different"
    NOT_LEGIBLE = "not legible"


class Difference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that does not agree. `what` is a code with texts in both languages.

    `where` names the part and the place as on a clock laid over the specimen as registered: "arc 10:30", "foot 06:00",
    "centre", "whole".
    """

    what: Code
    where: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much an impression is like the most similar of the registered ones (`specimen`, from 0).

    `score` is 0 to 1, higher is more alike, on one scale for all stamps, also when not legible. Its error rates stand in
    docs/explanation/comparing-impressions.md.
    """

    verdict: Likeness
    score: float
    differences: tuple[Difference, ...]
    specimen: int | None


Square = Annotated[bytes, msgspec.Meta(min_length=TRACE_SIDE**2, max_length=TRACE_SIDE**2)]


class Trace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One stamp on the common disc. `ink` and `hidden` are `TRACE_SIDE` x `TRACE_SIDE` bytes, row by row.

    `level` is the absorbance that ink value 127.5 stands for; `radius_px` the border's radius in the picture;
    `diameter_mm` is None where the file does not state a believable resolution; `coverage` 0..1 of the border is inked.
    """

    ink: Square
    hidden: Square
    level: Annotated[float, msgspec.Meta(gt=0, le=10)]
    radius_px: Annotated[float, msgspec.Meta(gt=1, le=100_000)]
    diameter_mm: Annotated[float, msgspec.Meta(gt=0, le=10_000)] | None
    coverage: Annotated[float, msgspec.Meta(ge=0, le=1)]


class Traced(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the decoding child answers; no trace where no round border was found."""

    trace: Trace | None


class Straightened(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The second answer of the child: a straightened picture, PNG; empty where no round border was found."""

    png: bytes
