"""From a whole verdict to the one check that stands for it at the gate."""

from dataclasses import replace

from hub.protocol.verdict import Check, Result, Verdict, passed


def narrowed(code: str, verdict: Verdict) -> Check:
    """Return one check named `code`: the first failed check of `verdict`, else the first undecided one, else passed.

    A pending check stays pending: what is there is good, and the verdict is not worse for it.
    """
    for result in (Result.FAILED, Result.INDETERMINATE, Result.REDACTED, Result.PENDING):
        for check in verdict.checks:
            if check.result is result:
                detail = check.code if check.detail is None else f"{check.code}: {check.detail}"
                return replace(check, code=code, detail=detail)
    return passed(code)
