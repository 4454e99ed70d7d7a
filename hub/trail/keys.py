"""The statement of the trail's keys: a key counts only when the root, or two administrators certified by it, name it. Pure.

A file that vouches for its own keys proves nothing: whoever forged the log would name their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import Digest, digest_of
from hub.protocol.instants import format_instant, parse_instant
from hub.protocol.media_types import TRAIL_KEYS_TYP
from hub.protocol.strict_json import decode_strict, encode_json
from hub.protocol.trail_keys import TimeStampAuthority, TrailKeys
from hub.signing.certificates import Certified, known, read_certificate
from hub.signing.jws import sign_jws, stated_payload, verify_jws
from hub.signing.keys import Signer
from hub.signing.trust import Trust
from hub.trail.note import VerifierKey
from hub.trail.policy import Policy, parse_policy


@dataclass(frozen=True, slots=True)
class TrustedKeys:
    """A statement that a trusted root stands for: `raw` as signed, `policy` parsed, the authorities' certificates."""

    raw: bytes
    digest: Digest
    stated: TrailKeys
    policy: Policy
    authorities: tuple[tuple[TimeStampAuthority, Certified], ...]

    @property
    def log_keys(self) -> tuple[VerifierKey, ...]:
        """The log's keys."""
        return tuple(log.key for log in self.policy.logs)


def make_statement(
    *,
    number: int,
    at: datetime,
    log: VerifierKey,
    witnesses: Sequence[VerifierKey] = (),
    quorum: int = 0,
    authorities: Sequence[TimeStampAuthority] = (),
) -> TrailKeys:
    """Return the statement, not signed: `quorum` of `witnesses` must cosign; 0 asks for none.

    Raises: Refused (`policy.form`) for a quorum that cannot be met, or one key twice.
    """
    lines = [f"log {log.text}"]
    names = [f"w{place:04d}" for place in range(1, len(witnesses) + 1)]
    lines += [f"witness {name} {key.text}" for name, key in zip(names, witnesses, strict=True)]
    if quorum:
        lines += [f"group stations {quorum} {' '.join(names)}", "quorum stations"]
    else:
        lines.append("quorum none")
    policy = "\n".join(lines) + "\n"
    parse_policy(policy.encode())
    return TrailKeys(
        number=number, at=format_instant(at), origin=log.name, policy=policy, authorities=tuple(authorities)
    )


def sign_trail_keys(statement: TrailKeys, *, root: Signer) -> bytes:
    """Return the statement as the root signs it (compact JWS). Raises: Refused (`key.unsuitable`)."""
    return sign_jws(encode_json(statement), typ=TRAIL_KEYS_TYP, signer=root)


def open_trail_keys(raw: bytes, *, trust: Trust) -> TrustedKeys:
    """Return the statement in `raw`, if one of the roots signed it.

    Raises: Refused (`jws.*`; `trail_keys.stranger` when nobody trusted signed it; `json.*`, `policy.form`,
    `trail_keys.form`, `cert.form`).
    """
    opened = verify_jws(raw, typ=TRAIL_KEYS_TYP, certificates=known(trust.roots))
    return _read(raw, opened.payload, trust)


def read_statement(raw: bytes) -> TrailKeys:
    """Return an unsigned statement (canonical JSON), as it goes to be signed. Raises: Refused (`json.*`, `policy.form`)."""
    stated = decode_strict(raw, TrailKeys)
    parse_instant(stated.at, field="/at")
    parse_policy(stated.policy.encode())
    return stated


def stated_policy(raw: bytes) -> Policy:
    """Return the policy in a statement that was verified before."""
    return parse_policy(stated_keys(raw).policy.encode())


def stated_keys(raw: bytes) -> TrailKeys:
    """Return what a statement says that was verified before."""
    return read_statement(stated_payload(raw))


def _read(raw: bytes, payload: bytes, trust: Trust) -> TrustedKeys:
    stated = read_statement(payload)
    policy = parse_policy(stated.policy.encode())
    if {log.key.name for log in policy.logs} != {stated.origin}:
        raise Refused(Code.TRAIL_KEYS_FORM, detail="the policy is another log's")
    authorities = tuple(
        (item, read_certificate(item.certificate.encode(), purposes=trust.purposes)) for item in stated.authorities
    )
    return TrustedKeys(raw, digest_of(raw), stated, policy, authorities)
