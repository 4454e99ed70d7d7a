"""Administrators' acts at the hub (JWS `typ` hanxun-administration+jws) and the second signature (hanxun-approval+jws).

An act that widens somebody's power takes effect when a second administrator has approved its digest; one that narrows it
counts at once. Both statements are kept as signed and are leaves of the trail.
"""

from enum import StrEnum
from typing import Annotated, Any

import msgspec

from hub.protocol.envelope import Officer, WireInstant
from hub.protocol.identifiers import WireDigest, WireEnvelopeId, WireStation

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
WireX5t = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_-]{43}(?!\n)$")]
Origin = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Step = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
Day = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?!\n)$")]
Pem = Annotated[str, msgspec.Meta(min_length=1, max_length=64 * 1024)]


class AdministrationKind(StrEnum):
    """What is done. What each changes stands in `hub/exchange/effects.py`; `subject` and details as given here."""

    ADD_STATION = "add-station"  # the station's code; StationDetails
    SUSPEND_STATION = "suspend-station"  # the station's code; ReasonDetails; one person, at once
    RESUME_STATION = "resume-station"  # the station's code; ReasonDetails
    REGISTER_CERTIFICATE = "register-certificate"  # the certificate's x5t; CertificateDetails
    NAME_ADMINISTRATOR = "name-administrator"  # the certificate's x5t; CertificateDetails
    DISMISS_ADMINISTRATOR = "dismiss-administrator"  # the administrator's number; ReasonDetails
    REGISTER_SEAL = "register-seal"  # the seal certificate's x5t; SealDetails; one person: it may not seal yet
    ACTIVATE_SEAL = "activate-seal"  # the seal certificate's x5t; ReasonDetails
    SUSPEND_SEAL = "suspend-seal"  # the same; one person (also the head of the seal's station), at once
    RESUME_SEAL = "resume-seal"
    LOSE_SEAL = "lose-seal"  # LostDetails; one person, at once
    CANCEL_SEAL = "cancel-seal"
    ADD_SPECIMEN = "add-specimen"  # the seal certificate's x5t; SpecimenDetails: a further impression of the seal
    RESET_OFFICER = (
        "reset-officer"  # at a station, by its head and another: the number; ReasonDetails. `origin`: the station
    )
    DISABLE_OFFICER = "disable-officer"  # at a station, by its head: the number; ReasonDetails
    ERASE_CASE = "erase-case"  # the case's number; EraseDetails (hub/protocol/erasure.py)
    # At a station, by any officer: a digest that names nobody; ReasonDetails. `origin`: the station.
    LOOK_UP_PERSON = "look-up-person"
    # At the hub's desk: the person's number; ReasonDetails; one person: the certificate decides.
    ENROL_ACCOUNT = "enrol-account"
    RESET_ACCOUNT = "reset-account"  # the same, for somebody who is enrolled; two people
    REVEAL_CASE = "reveal-case"  # by an auditor too: the case's number; ReasonDetails; told to the case's stations
    EXPORT_EVIDENCE = "export-evidence"  # by an auditor too: the case's number; ReasonDetails
    URGE_CASE = "urge-case"  # 督办: the case's number; UrgeDetails; one person; told to the case's stations
    EXTEND_LIMIT = "extend-limit"  # 延期: the same; ExtendDetails
    RENAME_STATION = "rename-station"  # the station's code; RenameDetails
    MOVE_STATION = "move-station"  # the station's code; MoveDetails: another parent
    RESTORE = "restore"  # the digest of the statement without signatures; RestoreDetails


class AdministrativeAct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Payload of an act: `by` does `act` to `subject` at the hub whose trail is `origin`, at `at`.

    Not approved before `expires`, it lapses; None: it counts by itself. `details` are the struct of the kind.
    """

    id: WireEnvelopeId
    act: AdministrationKind
    origin: Origin
    at: WireInstant
    by: Officer
    subject: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    details: dict[str, Any]
    expires: WireInstant | None


class Answer(StrEnum):
    """What a second administrator says to a proposal."""

    APPROVED = "approved"
    WITHDRAWN = "withdrawn"


class AdministrativeApproval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Payload of the second signature: `by` answers the act whose exact bytes have the digest `act`."""

    id: WireEnvelopeId
    act: WireDigest
    origin: Origin
    at: WireInstant
    by: Officer
    answer: Answer
    reason: str = ""


class StationDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A station to add, with the certificates (PEM) to register with it."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    kind: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    parent: WireStation | None
    certificates: tuple[Pem, ...]


class ReasonDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why."""

    reason: Reason


class CertificateDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A certificate, PEM."""

    certificate: Pem


class SealDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A seal's certificate (PEM), and the digests of the files with its ink impression (印模) where any were given."""

    certificate: Pem
    specimen: WireDigest | None
    further_specimens: Annotated[tuple[WireDigest, ...], msgspec.Meta(max_length=16)] = ()


class SpecimenDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The digest of the file with an ink impression (印模), and why it is added."""

    specimen: WireDigest
    reason: Reason


class LostDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A seal out of its custodian's hands, since when at the earliest, and how."""

    compromised_since: WireInstant
    reason: Reason


class UrgeDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """督办: `station` missed the limit `step`, which ended at `due_at`, and is urged."""

    station: WireStation
    step: Step
    due_at: WireInstant
    reason: Reason


class ExtendDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """延期: the limit `step` of `station`, which ends at `before`, ends at `due_at` instead."""

    station: WireStation
    step: Step
    before: WireInstant
    due_at: WireInstant
    reason: Reason


class RenameDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A station's name from a day of Beijing on."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    from_day: Day
    reason: Reason


class MoveDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The organisation above a station from a day of Beijing on; None: none."""

    parent: WireStation | None
    from_day: Day
    reason: Reason


class RestoreDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The statement of a restore (canonical JSON) that both administrators stand for."""

    statement: Annotated[str, msgspec.Meta(min_length=1, max_length=64 * 1024)]


COUNTS_AT_ONCE = frozenset(
    {
        AdministrationKind.SUSPEND_STATION,
        AdministrationKind.REGISTER_SEAL,
        AdministrationKind.SUSPEND_SEAL,
        AdministrationKind.LOSE_SEAL,
        AdministrationKind.DISABLE_OFFICER,
        AdministrationKind.LOOK_UP_PERSON,
        AdministrationKind.ENROL_ACCOUNT,
        AdministrationKind.REVEAL_CASE,
        AdministrationKind.EXPORT_EVIDENCE,
        AdministrationKind.URGE_CASE,
        AdministrationKind.EXTEND_LIMIT,
    }
)
"""Acts that take power away, or give none: one signature, no waiting. All others take two people."""

AUDIT_ACTS = frozenset(
    {AdministrationKind.LOOK_UP_PERSON, AdministrationKind.REVEAL_CASE, AdministrationKind.EXPORT_EVIDENCE}
)
"""Looks that leave a leaf: auditors' too. They change nothing."""

STATION_ACTS = frozenset(
    {AdministrationKind.RESET_OFFICER, AdministrationKind.DISABLE_OFFICER, AdministrationKind.LOOK_UP_PERSON}
)
"""Acts of a station about its own people, and people looked up there; the hub keeps them and they change nothing there."""

KIND_WORDS = {
    AdministrationKind.ADD_STATION: "登记派出所 / add a station",
    AdministrationKind.SUSPEND_STATION: "停用派出所 / suspend a station",
    AdministrationKind.RESUME_STATION: "恢复派出所 / resume a station",
    AdministrationKind.REGISTER_CERTIFICATE: "登记证书 / register a certificate",
    AdministrationKind.NAME_ADMINISTRATOR: "任命管理员 / name an administrator",
    AdministrationKind.DISMISS_ADMINISTRATOR: "免去管理员 / dismiss an administrator",
    AdministrationKind.REGISTER_SEAL: "登记印章 / register a seal",
    AdministrationKind.ACTIVATE_SEAL: "启用印章 / activate a seal",
    AdministrationKind.SUSPEND_SEAL: "停用印章 / suspend a seal",
    AdministrationKind.RESUME_SEAL: "恢复印章 / resume a seal",
    AdministrationKind.LOSE_SEAL: "印章遗失 / a seal is lost",
    AdministrationKind.CANCEL_SEAL: "注销印章 / cancel a seal",
    AdministrationKind.ADD_SPECIMEN: "增登印模 / add an impression",
    AdministrationKind.RESET_OFFICER: "民警换新密钥 / a new key for an officer",
    AdministrationKind.DISABLE_OFFICER: "停用民警密钥 / an officer's key out of use",
    AdministrationKind.ERASE_CASE: "删除案件内容,不可恢复 / erase a case's content, for ever",
    AdministrationKind.LOOK_UP_PERSON: "无案查询人员 / a person looked up without a case",
    AdministrationKind.ENROL_ACCOUNT: "开通中心页面 / let somebody in at the hub's desk",
    AdministrationKind.RESET_ACCOUNT: "重置页面登录 / reset somebody's sign-in",
    AdministrationKind.REVEAL_CASE: "查看案件人员全文 / a case's persons shown in full",
    AdministrationKind.EXPORT_EVIDENCE: "导出证据文件 / an evidence file exported",
    AdministrationKind.URGE_CASE: "督办 / urge a station about a late case",
    AdministrationKind.EXTEND_LIMIT: "延期 / extend a time limit",
    AdministrationKind.RENAME_STATION: "单位更名 / rename a station",
    AdministrationKind.MOVE_STATION: "变更上级单位 / put a station under another organisation",
    AdministrationKind.RESTORE: "声明从备份恢复 / declare a restore",
}
"""What each kind is called on a screen."""
