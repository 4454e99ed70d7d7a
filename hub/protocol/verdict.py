"""One verdict for everything that is verified (ETSI EN 319 102-1): every check listed, never the first error only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.texts import text_of


class Result(StrEnum):
    """Outcome of one check. `pending`: what is there is good, a later CRL or time-stamp is still to come. `redacted`: what it
    needs was erased under retention rules; neither a pass nor a fault."""

    PASSED = "passed"
    FAILED = "failed"
    INDETERMINATE = "indeterminate"
    PENDING = "pending"
    REDACTED = "redacted"
    NOT_APPLICABLE = "not_applicable"


UNDECIDED = frozenset({Result.INDETERMINATE, Result.REDACTED})
"""With one of these the whole is no pass."""


class Indication(StrEnum):
    """Main indication of a validation. Source: ETSI EN 319 102-1, 5.1.3."""

    TOTAL_PASSED = "TOTAL-PASSED"
    INDETERMINATE = "INDETERMINATE"
    TOTAL_FAILED = "TOTAL-FAILED"


@dataclass(frozen=True, slots=True)
class Check:
    """One question and its outcome.

    `code` names the question (stable, e.g. `seal.intact`, `G3`); `cause` says why it did not pass (None when it did);
    `detail` is a short addition for people, without personal data.
    """

    code: str
    result: Result
    cause: Code | None = None
    detail: str | None = None
    values: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def reason(self) -> str:
        """Why, Chinese then English; for a passed check only its detail."""
        if self.cause is None:
            return self.detail or ""
        text = text_of(self.cause).filled(self.values)
        return f"{text.zh} / {text.en}" + (f" ({self.detail})" if self.detail else "")

    @property
    def remedy(self) -> str:
        """What to do, Chinese then English; empty for a passed check."""
        if self.cause is None:
            return ""
        text = text_of(self.cause).filled(self.values)
        return f"{text.remedy_zh} / {text.remedy_en}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """All checks of one validation, in the order they were made."""

    checks: tuple[Check, ...]

    @property
    def indication(self) -> Indication:
        """TOTAL-FAILED if any check failed, else INDETERMINATE if any is or is redacted, else TOTAL-PASSED. No checks: INDETERMINATE."""
        results = {check.result for check in self.checks}
        if Result.FAILED in results:
            return Indication.TOTAL_FAILED
        if not results.isdisjoint(UNDECIDED) or not results - {Result.NOT_APPLICABLE}:
            return Indication.INDETERMINATE
        return Indication.TOTAL_PASSED

    @property
    def passed(self) -> bool:
        """Whether the indication is TOTAL-PASSED."""
        return self.indication is Indication.TOTAL_PASSED

    @property
    def not_passed(self) -> tuple[Check, ...]:
        """The checks that failed or could not be decided."""
        return tuple(check for check in self.checks if check.result is Result.FAILED or check.result in UNDECIDED)

    def require(self) -> None:
        """Raise `NotVerified`, carrying every check, unless all passed."""
        if not self.passed:
            raise NotVerified(self)

    def __add__(self, other: "Verdict") -> "Verdict":
        return Verdict(self.checks + other.checks)


class NotVerified(Refused):
    """A verdict that is not TOTAL-PASSED, where one was needed. `code` is that of its first failed check."""

    def __init__(self, verdict: Verdict) -> None:
        first = min(verdict.not_passed, key=lambda check: check.result is not Result.FAILED, default=None)
        cause = first.cause if first is not None and first.cause is not None else Code.NOTHING_CHECKED
        super().__init__(cause, detail=first.detail if first else None, values=dict(first.values) if first else None)
        self.verdict = verdict


def passed(code: str, detail: str | None = None) -> Check:
    """Return a passed check."""
    return Check(code, Result.PASSED, detail=detail)


def failed(code: str, cause: Code, detail: str | None = None, **values: object) -> Check:
    """Return a failed check with its cause."""
    return Check(code, Result.FAILED, cause, detail, MappingProxyType(values))


def indeterminate(code: str, cause: Code, detail: str | None = None, **values: object) -> Check:
    """Return a check that could not be decided, with its cause."""
    return Check(code, Result.INDETERMINATE, cause, detail, MappingProxyType(values))


def pending(code: str, cause: Code, detail: str | None = None, **values: object) -> Check:
    """Return a check that passed on what is there and waits for a later CRL or time-stamp."""
    return Check(code, Result.PENDING, cause, detail, MappingProxyType(values))


def redacted(code: str, cause: Code, detail: str | None = None, **values: object) -> Check:
    """Return a check that cannot be made any more, because what it needs was erased under retention rules."""
    return Check(code, Result.REDACTED, cause, detail, MappingProxyType(values))


def not_applicable(code: str, detail: str | None = None) -> Check:
    """Return a check that does not apply to this case."""
    return Check(code, Result.NOT_APPLICABLE, detail=detail)


def failures(code: str, refusals: Iterable[Refused]) -> tuple[Check, ...]:
    """Return one failed check named `code` for each refusal."""
    return tuple(
        Check(code, Result.FAILED, error.code, error.detail, MappingProxyType(error.values)) for error in refusals
    )
