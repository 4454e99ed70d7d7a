"""The hub's lists of seals that an evidence file carries (`trail/seals-*.jws`): opened, checked, joined for judging its letters."""

import re
from datetime import datetime, timedelta

from hub.protocol.errors import Refused
from hub.protocol.verdict import Verdict
from hub.signing.certificates import known, read_certificate
from hub.signing.seal_lists import SealBook, SignedSealList, check_seal_list, open_seal_list
from hub.signing.trust import Trust
from hub.trail.evidence.parts import EvidenceParts

_NAME = re.compile(r"seals-[0-9]{1,16}\.jws", re.ASCII)


def seal_list_name(number: int) -> str:
    """Return the name under `trail/` of the list with that number."""
    return f"seals-{number}.jws"


def carries_seal_lists(parts: EvidenceParts) -> bool:
    """Whether the file carries any: those of deployments without a register of seals do not."""
    return any(map(_NAME.fullmatch, parts.trail))


def seal_book_in(
    parts: EvidenceParts, *, trust: Trust, now: datetime, max_age: timedelta | None = None
) -> tuple[SealBook, tuple[Verdict | Refused, ...]]:
    """Return what the lists in `parts` say, and the outcome of checking each. Only those that hold count.

    `trust` must hold the lists of revocation that the file brings (`joined_trust`).
    """
    mine = []
    for raw in parts.certificates:
        try:
            mine.append(read_certificate(raw, purposes=trust.purposes))
        except Refused:
            continue  # it is a failed check of its own
    outcomes: list[Verdict | Refused] = []
    good: list[SignedSealList] = []
    for name in sorted(filter(_NAME.fullmatch, parts.trail)):
        try:
            signed = open_seal_list(parts.trail[name], certificates=known(mine))
        except Refused as refusal:
            outcomes.append(refusal)
            continue
        verdict = check_seal_list(signed, origin=None, trust=trust, now=now)
        outcomes.append(verdict)
        if not any(check.result.value == "failed" for check in verdict.checks):
            good.append(signed)
    return SealBook(tuple(signed.list for signed in good), max_age=max_age), tuple(outcomes)
