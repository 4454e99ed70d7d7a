"""How often a comparison errs, by kind, as measured at the threshold that ships: said beside every verdict. Written by
`benchmarks/compare.py --write`, never by hand."""

from functools import lru_cache
from importlib.resources import files
from typing import Annotated

import msgspec

_FILE = "error_rates.json"
Count = Annotated[int, msgspec.Meta(ge=0)]


class KindRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of `pairs` of this kind, `wrong` got the wrong verdict and `unread` none."""

    kind: str
    pairs: Count
    wrong: Count
    unread: Count


class ErrorRates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rates over labelled pairs of `stamps` stamps at the score `threshold`. Kinds in `left_out` are not in the totals."""

    stamps: Count
    threshold: float
    equal_error: float
    genuine: tuple[KindRate, ...]
    forged: tuple[KindRate, ...]
    left_out: tuple[str, ...]

    @property
    def genuine_rejected(self) -> float:
        """Share of genuine impressions called different."""
        return _share(self.genuine)

    @property
    def forged_accepted(self) -> float:
        """Share of forgeries called similar, without the kinds left out."""
        return _share(tuple(rate for rate in self.forged if rate.kind not in self.left_out))


@lru_cache(maxsize=1)
def error_rates() -> ErrorRates:
    """Return the rates that ship with this program."""
    return msgspec.json.decode(files(__package__).joinpath(_FILE).read_bytes(), type=ErrorRates)


def _share(rates: tuple[KindRate, ...]) -> float:
    return sum(rate.wrong for rate in rates) / max(sum(rate.pairs for rate in rates), 1)
