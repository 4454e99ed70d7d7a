"""Having a root certificate confirmed by a person: its fingerprint comes by telephone, never from where the root came from."""

import sys

import typer

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.signing.certificates import Certified
from hub.signing.fingerprints import is_same, root_digest, short


def confirm_roots(offered: tuple[Certified, ...], given: list[str]) -> tuple[Certified, ...]:
    """Return the roots among those `offered` that `given` fingerprints name, or that the person at the terminal confirms.

    Raises: Refused (`fingerprint.mismatch` when a given one is of no root offered, `root.not_confirmed`).
    """
    if given:
        for text in given:
            if not any(is_same(text, root_digest(root)) for root in offered):
                found = ", ".join(short(root_digest(root)) for root in offered)
                raise Refused(Code.FINGERPRINT_MISMATCH, field="--root-fingerprint", values={"found": found})
        return tuple(root for root in offered if any(is_same(text, root_digest(root)) for text in given))
    if not sys.stdin.isatty():
        raise Refused(Code.ROOT_NOT_CONFIRMED, field="--root-fingerprint")
    confirmed = tuple(root for root in offered if _ask(root))
    if not confirmed:
        raise Refused(Code.ROOT_NOT_CONFIRMED)
    return confirmed


def _ask(root: Certified) -> bool:
    typer.echo(
        f"中心给出的根证书 / root certificate offered by the hub: {root.name}\n"
        f"  指纹 fingerprint: {short(root_digest(root))}",
        err=True,
    )
    return typer.confirm("与证书机构在电话里报的一致吗? / is it what the authority reads out?", err=True)
