"""Whether a certificate is good for something at a time: chain, period, purpose, revocation (RFC 5280, 6).

The chain is built once per certificate and remembered; each judgement is then comparisons only. Times are arguments: `at`
is the instant judged, proved by the trail; `now` is the instant of judging, against which a revocation list's age counts.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store, VerificationError

from hub.protocol.codes import Code
from hub.protocol.verdict import Check, Result, failed, indeterminate, not_applicable, passed, pending
from hub.signing.certificates import UNREADABLE, Certified
from hub.signing.crl import Crl, Revocation
from hub.signing.purposes import DEFAULT_PURPOSES, CertificateKind, Purposes

CRL_MAX_AGE = timedelta(hours=24)
_MAX_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Trust:
    """What is trusted: `roots`, the `intermediates` that may stand between, and the revocation lists known.

    A list that no root or intermediate signed counts as absent. `crl_max_age`: an older newest list decides nothing.
    """

    roots: tuple[Certified, ...]
    crls: tuple[Crl, ...] = ()
    purposes: Purposes = DEFAULT_PURPOSES
    crl_max_age: timedelta = CRL_MAX_AGE
    intermediates: tuple[Certified, ...] = ()
    # Remembered answers, which depend on nothing but the fields above; keyed by x5t.
    _chains: dict[str, "Chain"] = field(default_factory=dict, init=False, repr=False, compare=False)
    _lists: dict[str, tuple[Crl, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def with_crls(self, crls: tuple[Crl, ...]) -> "Trust":
        """Return this trust with other revocation lists; chains already built are kept."""
        renewed = replace(self, crls=crls)
        renewed._chains.update(self._chains)
        return renewed

    def chain_of(self, certified: Certified) -> "Chain":
        """Return the chain of `certified`, built at the first question. A stranger's chain has a `problem`."""
        chain = self._chains.get(certified.x5t)
        if chain is None:
            chain = _build_chain(certified, self)
            if len(self._chains) >= _MAX_REMEMBERED:
                self._chains.clear()
            self._chains[certified.x5t] = chain
        return chain

    def crls_of(self, issuer: Certified) -> tuple[Crl, ...]:
        """Return the lists that `issuer` signed, newest first."""
        lists = self._lists.get(issuer.x5t)
        if lists is None:
            mine = (crl for crl in self.crls if crl.is_by(issuer))
            lists = tuple(sorted(mine, key=lambda crl: (crl.this_update, crl.number), reverse=True))
            self._lists[issuer.x5t] = lists
        return lists


def check_certificate(
    certified: Certified, *, kind: CertificateKind, trust: Trust, at: datetime, now: datetime, prefix: str = "cert"
) -> tuple[Check, ...]:
    """Say whether `certified` was a good certificate of `kind` at `at`: four checks, `<prefix>.chain`, `.validity`,
    `.purpose`, `.revocation`, always all four.

    Revoked at or before `at` fails; later revocation does not undo what was signed, unless the key is doubted since an
    earlier time (indeterminate). No list, or one older than `trust.crl_max_age` at `now`, decides nothing (W403); a list
    issued before `at` leaves the check pending.
    """
    chain = trust.chain_of(certified)
    chain_code, validity_code, purpose_code, revocation_code = _codes(prefix)
    return (
        _check_chain(chain, chain_code),
        _check_validity(chain, at, validity_code),
        _check_purpose(certified, kind, trust.purposes, purpose_code),
        _check_revocation(chain, trust, at, now, revocation_code),
    )


@lru_cache(maxsize=64)
def _codes(prefix: str) -> tuple[str, str, str, str]:
    return prefix + ".chain", prefix + ".validity", prefix + ".purpose", prefix + ".revocation"


_passed = lru_cache(maxsize=256)(passed)


@dataclass(frozen=True, slots=True)
class Chain:
    """The way from a certificate to a root. `links` are (certificate, its issuer); `problem` says why there is none."""

    links: tuple[tuple[Certified, Certified], ...]
    not_before: datetime
    not_after: datetime
    problem: str | None


def _build_chain(certified: Certified, trust: Trust) -> Chain:
    problem = ""
    # The way must exist at some instant of the certificate's own period; the instant judged is compared afterwards. If the
    # periods of a way meet at all, they do where the last of them begins.
    begins = {item.not_before for item in (*trust.roots, *trust.intermediates)}
    within = {begin for begin in begins if certified.not_before < begin <= certified.not_after}
    for instant in (certified.not_before, *sorted(within)):
        try:
            path = _verify_path(certified, trust, instant)
        except (VerificationError, *UNREADABLE) as error:
            problem = str(error).partition("(encountered")[0].strip()[:160]
            continue
        by_der = {item.der: item for item in (certified, *trust.intermediates, *trust.roots)}
        way = [by_der[item.public_bytes(Encoding.DER)] for item in path]
        return Chain(
            links=tuple(pairwise(way)) or ((certified, certified),),
            not_before=max(item.not_before for item in way),
            not_after=min(item.not_after for item in way),
            problem=None,
        )
    return Chain((), certified.not_before, certified.not_after, problem)


def _verify_path(certified: Certified, trust: Trust, instant: datetime) -> list[x509.Certificate]:
    # Any extension may stand in the end entity as long as it is not critical and unknown; usage is compared by us.
    verifier = (
        PolicyBuilder()
        .store(Store([root.certificate for root in trust.roots]))
        .time(instant)
        .extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=ExtensionPolicy.permit_all())
        .build_client_verifier()
    )
    return verifier.verify(certified.certificate, [item.certificate for item in trust.intermediates]).chain


def _check_chain(chain: Chain, code: str) -> Check:
    return failed(code, Code.CERT_CHAIN, chain.problem) if chain.problem is not None else _passed(code)


def _check_validity(chain: Chain, at: datetime, code: str) -> Check:
    if at < chain.not_before:
        return failed(code, Code.CERT_NOT_YET_VALID, f"from {chain.not_before:%Y-%m-%dT%H:%M:%SZ}")
    if at > chain.not_after:
        return failed(code, Code.CERT_EXPIRED, f"until {chain.not_after:%Y-%m-%dT%H:%M:%SZ}")
    return _passed(code)


def _check_purpose(certified: Certified, kind: CertificateKind, purposes: Purposes, code: str) -> Check:
    if kind not in _kinds(purposes, certified.ekus):
        return failed(code, Code.CERT_PURPOSE, f"not a certificate of kind {kind.value}")
    if not certified.signs:
        return failed(code, Code.CERT_PURPOSE, "key usage")
    return _passed(code)


@lru_cache(maxsize=256)
def _kinds(purposes: Purposes, ekus: frozenset[str]) -> frozenset[CertificateKind]:
    return purposes.kinds_of(ekus)


def _check_revocation(chain: Chain, trust: Trust, at: datetime, now: datetime, code: str) -> Check:
    if chain.problem is not None:
        return not_applicable(code, "no chain")
    checks = [_check_link(link, issuer, trust, at, now, code) for link, issuer in chain.links]
    return checks[0] if len(checks) == 1 else min(checks, key=lambda check: _GRAVITY.index(check.result))


_GRAVITY = (Result.FAILED, Result.INDETERMINATE, Result.PENDING, Result.PASSED)


def _check_link(certified: Certified, issuer: Certified, trust: Trust, at: datetime, now: datetime, code: str) -> Check:
    lists = trust.crls_of(issuer)
    doubted = False
    # Every list counts, not only the newest: an entry that was dropped once its certificate expired still holds.
    for crl in lists:
        entry = crl.entries.get(certified.serial)
        if entry is None or _released(entry, crl, lists, at):
            continue
        if entry.at <= at:
            return failed(code, Code.CERT_REVOKED, f"revoked {entry.at:%Y-%m-%dT%H:%M:%SZ}, list {crl.number}")
        doubted = doubted or (entry.invalid_since is not None and entry.invalid_since <= at)
    if doubted:
        return indeterminate(code, Code.CERT_DOUBTED_SINCE)
    hours = int(trust.crl_max_age.total_seconds() // 3600)
    if not lists:
        return indeterminate(code, Code.STATUS_LIST_TOO_OLD, "no list", hours=hours)
    newest = lists[0]
    before = newest.this_update < at
    # Past its nextUpdate a newer one exists, which may know more about `at` than one issued before it.
    if now - newest.this_update > trust.crl_max_age or (before and newest.next_update < now):
        return indeterminate(code, Code.STATUS_LIST_TOO_OLD, f"list {newest.number}", hours=hours)
    if before:
        return pending(code, Code.CRL_TO_COME, f"list {newest.number}")
    return _passed(code)


def _released(entry: Revocation, crl: Crl, lists: tuple[Crl, ...], at: datetime) -> bool:
    # A hold ends with the first later list without the entry; every other reason is for ever.
    if entry.reason is not x509.ReasonFlags.certificate_hold:
        return False
    return any(crl.this_update < later.this_update <= at and entry.serial not in later.entries for later in lists)
