"""Do the log's proofs in an evidence file count? The log's key, the witnesses and the quorum must be vouched for by the root.

Under `trail/`: statements of the keys (`keys-0001.jws` …), a proof for each receipt (`receipt-0001.tlog-proof` …), time-stamps.
A key that only the file itself vouches for proves nothing.
"""

from collections.abc import Iterable, Mapping

from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.instants import parse_instant
from hub.protocol.verdict import Check, Result, failed, indeterminate, passed
from hub.signing.receipts import SignedReceipt
from hub.signing.trust import Trust
from hub.trail.checkpoint import check_checkpoint
from hub.trail.evidence.opened import Opening
from hub.trail.evidence.tally import Tally
from hub.trail.keys import TrustedKeys, open_trail_keys
from hub.trail.position import StandingLeaf, parse_position
from hub.trail.tlog_proof import check_tlog_proof, parse_tlog_proof

KEYS, LOG, WITNESSES = "evidence.trail_keys", "evidence.log", "evidence.witnesses"


def keys_name(number: int) -> str:
    """Return the name under `trail/` of the statement that is `number` in order, from 1."""
    return f"keys-{number:04d}.jws"


def proof_name(number: int) -> str:
    """Return the name under `trail/` of the proof for receipt `number`, from 1."""
    return f"receipt-{number:04d}.tlog-proof"


def check_standings(
    receipts: tuple[Opening[SignedReceipt], ...], trail: Mapping[str, bytes], *, trust: Trust, tally: Tally
) -> tuple[TrustedKeys, ...]:
    """Count, for every receipt, whether a trusted log signed where it stands and enough witnesses have seen it; return the
    statements of keys that a root vouches for, oldest first."""
    statements = _open_statements(trail, trust, tally)
    for number, opening in enumerate(receipts, start=1):
        if opening.value is None or opening.value.receipt.trail is None:
            continue
        try:
            leaf = parse_position(opening.value.receipt.trail)
        except Refused:
            continue  # `evidence.trail` says what is wrong with it
        chosen = _from_then_on(statements, opening.value)
        tally.add(LOG, _best(LOG, (_check_log(leaf, keys) for keys in chosen)), opening.name)
        proof = trail.get(proof_name(number))
        tally.add(WITNESSES, _best(WITNESSES, (_check_seen(leaf, keys, proof) for keys in chosen)), opening.name)
    return statements


def check_seen_by_quorum(leaf: StandingLeaf, statements: tuple[TrustedKeys, ...], proof: bytes | None) -> Check:
    """Say whether `proof` (a tlog-proof) shows the leaf in a tree that the newest of `statements` accepts."""
    return _best(WITNESSES, (_check_seen(leaf, keys, proof) for keys in statements[-1:]))


def _open_statements(trail: Mapping[str, bytes], trust: Trust, tally: Tally) -> tuple[TrustedKeys, ...]:
    names = sorted(name for name in trail if name.startswith("keys-"))
    if not names:
        tally.add(KEYS, indeterminate(KEYS, Code.TRAIL_KEYS_MISSING), None)
    found = []
    for name in names:
        try:
            found.append(open_trail_keys(trail[name], trust=trust))
            tally.add(KEYS, passed(KEYS), name)
        except Refused as error:
            tally.add(KEYS, failed(KEYS, error.code, error.detail, **error.values), name)
    return tuple(sorted(found, key=lambda keys: keys.stated.number))


def _from_then_on(statements: tuple[TrustedKeys, ...], receipt: SignedReceipt) -> tuple[TrustedKeys, ...]:
    """Return the statement in force when the receipt was given, and all later ones: an earlier one may ask for less."""
    at = parse_instant(receipt.receipt.time)
    before = [place for place, keys in enumerate(statements) if parse_instant(keys.stated.at) <= at]
    return statements[before[-1] if before else 0 :]


def _check_log(leaf: StandingLeaf, keys: TrustedKeys) -> Check:
    verdict = check_checkpoint(leaf.signed, origin=keys.stated.origin, log_keys=keys.log_keys)
    return verdict.not_passed[0] if verdict.not_passed else passed(LOG)


def _check_seen(leaf: StandingLeaf, keys: TrustedKeys, proof: bytes | None) -> Check:
    if keys.policy.quorum is None:
        return passed(WITNESSES, "quorum none")
    if proof is None:
        return indeterminate(WITNESSES, Code.TRAIL_NOT_COVERED)
    verdict = check_tlog_proof(proof, leaf.raw_record, policy=keys.policy)
    if verdict.passed and parse_tlog_proof(proof).index != leaf.index:
        return failed(WITNESSES, Code.TRAIL_INCLUSION, f"leaf {leaf.index}")
    worst = sorted(verdict.not_passed, key=lambda check: check.result is not Result.FAILED)
    return worst[0] if worst else passed(WITNESSES)


def _best(code: str, checks: Iterable[Check]) -> Check:
    found = list(checks)
    if not found:
        return indeterminate(code, Code.TRAIL_KEYS_MISSING)
    return next((check for check in found if check.result is Result.PASSED), found[-1])
