"""Many outcomes under few checks: for each check the worst outcome stands, with the item it concerns."""

from collections.abc import Iterable
from dataclasses import replace

from hub.protocol.verdict import Check, Result, Verdict, not_applicable

_GRAVITY = (
    Result.NOT_APPLICABLE,
    Result.PASSED,
    Result.PENDING,
    Result.REDACTED,
    Result.INDETERMINATE,
    Result.FAILED,
)


class Tally:
    """Collects outcomes under a fixed list of check codes; a code without any outcome is not applicable."""

    def __init__(self, codes: Iterable[str]) -> None:
        self._worst = {code: not_applicable(code) for code in codes}

    def add(self, code: str, outcome: Check, item: str | None) -> None:
        """Count `outcome` under `code`; `item` names what it is about. The first of equally grave ones stands."""
        if _GRAVITY.index(outcome.result) > _GRAVITY.index(self._worst[code].result):
            about = item if outcome.result is not Result.PASSED else None
            asked = outcome.code if outcome.code not in ("", code) else None
            detail = ": ".join(part for part in (about, asked, outcome.detail) if part) or None
            self._worst[code] = replace(outcome, code=code, detail=detail if about else None)

    def add_all(self, code: str, verdict: Verdict, item: str | None) -> None:
        """Count every check of `verdict` under `code`."""
        for check in verdict.checks:
            self.add(code, check, item)

    def verdict(self) -> Verdict:
        """Return the checks in the order of the codes."""
        return Verdict(tuple(self._worst.values()))
