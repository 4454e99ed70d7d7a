"""What certificates are for: the five kinds (extended key usage), seal purposes and officers' roles (policies).

Object identifiers hang below one configurable arc: ARC.1.n kinds, ARC.2.n seal purposes, ARC.3.n roles. The default arc is
2.25 + a UUID as an integer (ITU-T X.667), which needs no registration.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from cryptography.x509 import ObjectIdentifier

DEFAULT_ARC = "2.25.147690262156794240618093769616662355053"


class CertificateKind(StrEnum):
    """The five kinds of end entity. DESIGN, Certificates."""

    AGENT = "agent"
    OFFICER = "officer"
    SEAL = "seal"
    HUB = "hub"
    EVIDENCE = "evidence"


class SealPurpose(StrEnum):
    """Which seal of a station a seal certificate stands for."""

    HOUSEHOLD = "household"  # 户口专用章
    GENERAL = "general"


class OfficerRole(StrEnum):
    """What an officer may do at a station; a certificate may carry several."""

    WINDOW = "window"  # 窗口民警
    CUSTODIAN = "custodian"  # 印章保管人
    HEAD = "head"  # 所领导
    COMMUNITY = "community"  # 社区民警
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


_KIND_ARCS = {
    CertificateKind.AGENT: "1.1",
    CertificateKind.SEAL: "1.2",
    CertificateKind.HUB: "1.3",
    CertificateKind.OFFICER: "1.4",
    CertificateKind.EVIDENCE: "1.5",
}
_SEAL_ARCS = {SealPurpose.HOUSEHOLD: "2.1", SealPurpose.GENERAL: "2.2"}
_ROLE_ARCS = {role: f"3.{number}" for number, role in enumerate(OfficerRole, start=1)}


@dataclass(frozen=True, slots=True)
class Purposes:
    """Object identifiers of one deployment.

    `overrides` replaces the extended key usage of single kinds, for a PKI that names them otherwise; two kinds may then
    share one identifier.
    """

    arc: str = DEFAULT_ARC
    overrides: tuple[tuple[CertificateKind, str], ...] = ()

    def eku(self, kind: CertificateKind) -> ObjectIdentifier:
        """Return the extended key usage of `kind`."""
        return ObjectIdentifier(dict(self.overrides).get(kind) or f"{self.arc}.{_KIND_ARCS[kind]}")

    def seal_policy(self, purpose: SealPurpose) -> ObjectIdentifier:
        """Return the certificate policy of `purpose`."""
        return ObjectIdentifier(f"{self.arc}.{_SEAL_ARCS[purpose]}")

    def role_policy(self, role: OfficerRole) -> ObjectIdentifier:
        """Return the certificate policy of `role`."""
        return ObjectIdentifier(f"{self.arc}.{_ROLE_ARCS[role]}")

    def kinds_of(self, ekus: Iterable[str]) -> frozenset[CertificateKind]:
        """Return the kinds that the dotted usages `ekus` name; empty when they name kinds with different identifiers.

        One key signs one sort of thing: a certificate that is both an agent's and an officer's is neither.
        """
        held = set(ekus)
        named = {kind: self.eku(kind).dotted_string for kind in CertificateKind}
        found = {kind: usage for kind, usage in named.items() if usage in held}
        return frozenset(found) if len(set(found.values())) == 1 else frozenset()

    def seal_purposes_of(self, policies: Iterable[str]) -> frozenset[SealPurpose]:
        """Return the seal purposes that the dotted certificate `policies` name."""
        held = set(policies)
        return frozenset(item for item in SealPurpose if self.seal_policy(item).dotted_string in held)

    def roles_of(self, policies: Iterable[str]) -> frozenset[OfficerRole]:
        """Return the officers' roles that the dotted certificate `policies` name."""
        held = set(policies)
        return frozenset(item for item in OfficerRole if self.role_policy(item).dotted_string in held)


DEFAULT_PURPOSES = Purposes()
