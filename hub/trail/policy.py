"""The trust policy (C2SP tlog-policy): which logs, which witnesses, and how many of them make a checkpoint count."""

import re
from dataclasses import dataclass

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.verdict import Check, Verdict, failed, indeterminate, not_applicable, passed
from hub.trail.checkpoint import ORIGIN_CHECK, SIGNATURE_CHECK, SignedCheckpoint, check_checkpoint
from hub.trail.cosignature import Cosignature, verify_cosignatures
from hub.trail.lines import parse_decimal
from hub.trail.note import KeyType, VerifierKey, parse_verifier_key

QUORUM_CHECK = "trail.quorum"
NONE = "none"
MAX_POLICY_SIZE = 1_000_000


@dataclass(frozen=True, slots=True)
class PolicyLog:
    """A log that is accepted: its key's name is its origin."""

    key: VerifierKey
    url: str | None


@dataclass(frozen=True, slots=True)
class PolicyWitness:
    """A witness under the name that only this policy uses."""

    name: str
    key: VerifierKey
    url: str | None


@dataclass(frozen=True, slots=True)
class PolicyGroup:
    """A group witnesses a checkpoint when at least `threshold` of its `members` (witnesses, groups) do."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A parsed policy. `groups` stand in the order written: each names only earlier ones. `quorum` None: no cosignature
    is needed."""

    logs: tuple[PolicyLog, ...]
    witnesses: tuple[PolicyWitness, ...]
    groups: tuple[PolicyGroup, ...]
    quorum: str | None

    def is_met_by(self, cosigners: frozenset[VerifierKey]) -> bool:
        """Say whether these witnesses' keys make up the quorum."""
        if self.quorum is None:
            return True
        met = {witness.name for witness in self.witnesses if witness.key in cosigners}
        for group in self.groups:
            if sum(member in met for member in group.members) >= group.threshold:
                met.add(group.name)
        return self.quorum in met


def parse_policy(raw: bytes) -> Policy:
    """Return the policy in `raw`. Raises: Refused (`policy.form`, with the line's number)."""
    if len(raw) > MAX_POLICY_SIZE:
        raise _wrong(0, f"{len(raw)} bytes")
    # Octets above 0x7f are opaque: each becomes one character, so that names compare octet by octet.
    text = raw.decode("latin-1")
    reader = _Reader()
    for number, line in enumerate(text.split("\n"), start=1):
        if re.search(r"[^\t\x20-\x7e\x80-\xff]", line) is not None:
            raise _wrong(number, "control character")
        # Spaces and tabs alone part words; latin-1 has other characters that str.split() would take for spaces.
        words = [word for word in re.split(r"[ \t]+", line) if word]
        if words and not words[0].startswith("#"):
            reader.read(number, words)
    if not text.endswith("\n") and text:
        raise _wrong(text.count("\n") + 1, "no newline at the end")
    return reader.finish()


def check_policy(signed: SignedCheckpoint, policy: Policy) -> Verdict:
    """Say whether a log of the policy signed this checkpoint, and whether its quorum cosigned it.

    Checks `checkpoint.origin`, `checkpoint.signature`, `trail.quorum`. Too few cosignatures is indeterminate: they can
    still come; a false one is a failure.
    """
    origin = signed.checkpoint.origin
    keys = [log.key for log in policy.logs if log.key.name == origin]
    if keys:
        verdict = check_checkpoint(signed, origin=origin, log_keys=keys)
    else:
        unknown = failed(ORIGIN_CHECK, Code.CHECKPOINT_ORIGIN, origin=origin)
        verdict = Verdict((unknown, not_applicable(SIGNATURE_CHECK)))
    return verdict + Verdict((_check_quorum(signed, policy),))


def _check_quorum(signed: SignedCheckpoint, policy: Policy) -> Check:
    try:
        found: tuple[Cosignature, ...] = verify_cosignatures(signed, [witness.key for witness in policy.witnesses])
    except Refused as error:
        return failed(QUORUM_CHECK, error.code, error.detail, **error.values)
    count = f"{len(found)}/{len(policy.witnesses)}"
    if not policy.is_met_by(frozenset(cosignature.key for cosignature in found)):
        return indeterminate(QUORUM_CHECK, Code.TRAIL_QUORUM, count)
    return passed(QUORUM_CHECK, count)


class _Reader:
    """Collects a policy's lines; each method is one kind of line."""

    def __init__(self) -> None:
        self._logs: list[PolicyLog] = []
        self._witnesses: list[PolicyWitness] = []
        self._groups: list[PolicyGroup] = []
        self._free: dict[str, bool] = {}  # defined names; False once they are a group's member
        self._quorum: list[str] = []

    def read(self, number: int, words: list[str]) -> None:
        match words:
            case ["log", key, *url] if len(url) < 2:
                self._log(number, key, *url)
            case ["witness", name, key, *url] if len(url) < 2:
                self._witness(number, name, key, *url)
            case ["group", name, threshold, *members] if members:
                self._group(number, name, threshold, members)
            case ["quorum", name]:
                self._set_quorum(number, name)
            case _:
                raise _wrong(number, words[0][:20])

    def finish(self) -> Policy:
        if len(self._quorum) != 1:
            raise _wrong(0, "no quorum line")
        quorum = None if self._quorum[0] == NONE else self._quorum[0]
        return Policy(tuple(self._logs), tuple(self._witnesses), tuple(self._groups), quorum)

    def _log(self, number: int, text: str, url: str | None = None) -> None:
        key = _key(number, text, KeyType.ED25519)
        if any(log.key.public_key == key.public_key for log in self._logs):
            raise _wrong(number, "this key is another log's")
        self._logs.append(PolicyLog(key, url))

    def _witness(self, number: int, name: str, text: str, url: str | None = None) -> None:
        key = _key(number, text, KeyType.COSIGNATURE)
        # One key under two names would count twice.
        if any(witness.key.public_key == key.public_key for witness in self._witnesses):
            raise _wrong(number, "this key is another witness's")
        self._define(number, name)
        self._witnesses.append(PolicyWitness(name, key, url))

    def _group(self, number: int, name: str, threshold: str, members: list[str]) -> None:
        for member in members:
            if not self._free.get(member, False):
                raise _wrong(number, f"{member[:40]} is not defined, or is in a group already")
            self._free[member] = False
        needed = _threshold(number, threshold, len(members))
        self._define(number, name)
        self._groups.append(PolicyGroup(name, needed, tuple(members)))

    def _set_quorum(self, number: int, name: str) -> None:
        if self._quorum or (name != NONE and name not in self._free):
            raise _wrong(number, "quorum")
        self._quorum.append(name)

    def _define(self, number: int, name: str) -> None:
        if name == NONE or name in self._free:
            raise _wrong(number, f"{name[:40]} is defined already")
        self._free[name] = True


def _threshold(number: int, text: str, members: int) -> int:
    if text in ("all", "any"):
        return members if text == "all" else 1
    try:
        threshold = parse_decimal(text, code=Code.POLICY_FORM)
    except Refused as error:
        raise _wrong(number, "threshold") from error
    if not 1 <= threshold <= members:
        raise _wrong(number, "threshold")
    return threshold


def _key(number: int, text: str, key_type: KeyType) -> VerifierKey:
    try:
        key = parse_verifier_key(text.encode("latin-1").decode("utf-8"))
    except (Refused, UnicodeDecodeError) as error:
        raise _wrong(number, "key") from error
    if key.key_type is not key_type:
        raise _wrong(number, f"a key of type {key.key_type.value:#04x} here")
    return key


def _wrong(number: int, detail: str) -> Refused:
    return Refused(Code.POLICY_FORM, detail=f"line {number}: {detail}", values={"line": number})
