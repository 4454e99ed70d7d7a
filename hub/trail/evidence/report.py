"""The verification report of an evidence file: what was checked, in Chinese and English, as JSON and for printing.

The report repeats what the parts say and what checking them gave at `judged_at`; a reader derives it again from the parts.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from hub.protocol.envelope import Envelope, WireInstant
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, Digest, digest_of
from hub.protocol.instants import format_instant, parse_instant
from hub.protocol.strict_json import decode_strict, encode_json
from hub.protocol.texts import text_of
from hub.protocol.verdict import Check, Indication, Result, Verdict

VERSION = 2
NEW_IN_2 = frozenset({"evidence.trail_keys", "evidence.log", "evidence.witnesses", "evidence.time_stamp"})
QUESTIONS = {
    "evidence.certificates": (
        "证书均可读取,并通向可信根证书",
        "All certificates are readable and lead to a trusted root",
    ),
    "evidence.crls": ("吊销列表均由可信机构签发", "The revocation lists are by a trusted authority"),
    "evidence.envelopes": ("每份函件的签名正确", "The signature of every envelope is right"),
    "evidence.senders": ("发送单位的证书当时有效", "The senders' certificates were good at the time"),
    "evidence.chain": ("函件同属一案且前后衔接", "The envelopes belong to one case and form its chain"),
    "evidence.receipts": (
        "每份函件有中心签名的回执且相符",
        "Every envelope has a receipt signed by the hub that fits it",
    ),
    "evidence.hub": ("中心的证书当时有效", "The hub's certificate was good at the time"),
    "evidence.trail": ("回执中的日志包含证明成立", "The log's inclusion proofs in the receipts hold"),
    "evidence.trail_keys": (
        "日志、见证人、时间戳机构的密钥由根证书签名的声明指定",
        "The keys of log, witnesses and time-stamps are named in a statement signed by the root",
    ),
    "evidence.log": ("回执中的检查点由该日志密钥签名", "The checkpoints in the receipts are signed by that log's key"),
    "evidence.witnesses": (
        "每份回执都在足够多派出所见证的日志之内",
        "Every receipt stands in a tree of the log that enough stations have cosigned",
    ),
    "evidence.time_stamp": ("日志有时间戳机构的时间戳", "The log bears a time-stamp of an authority"),
    "evidence.attachments": ("所列附件齐全且摘要一致", "All files named are there, with the digests stated"),
    "evidence.acts": ("民警操作记录的签名正确、人员相符", "Officers' acts are rightly signed by the persons named"),
    "evidence.officers": ("民警的证书当时有效", "The officers' certificates were good at the time"),
    "evidence.seals": (
        "函件的电子签名有效且为发函单位所加",
        "The letters' electronic seals are good and of the sender",
    ),
}
ERASURE = "evidence.erasure"
"""Asked only of a file that says that something was erased: other files' reports are as they were."""
ERASURE_QUESTION = (
    "内容由两名管理员按规定删除,中心的删除通知签名正确",
    "What is not here was erased by two administrators; the hub's notice of it is rightly signed",
)
# SIGNING 4.4: said in the report, because a reader with unzip and openssl alone must know what these do not show.
BY_HAND_ZH = (
    "仅用 unzip、openssl 手工核验时看不到:清单之外的文件、重复或越界的文件名、mimetype 不在首位或内容不对、"
    "ZIP 前后多余字节、DOCTYPE、弱摘要算法、签名人并非证据签名人;也不核验函件、回执、印章和吊销时间。"
)
BY_HAND_EN = (
    "A check by hand with unzip and openssl does not see: files outside the manifest, duplicate or escaping names, a "
    "mimetype not first or other, bytes before or after the ZIP, a DOCTYPE, a weak digest algorithm, a signer who is not "
    "the evidence signer; nor does it verify envelopes, receipts, seals and the times of revocation."
)
_REDACTED = ("内容已按规定删除,其余核验见下", "Redacted under retention rules; what can still be checked is below")
_CONCLUSIONS = {
    Indication.TOTAL_PASSED: ("核验通过", "Verification passed"),
    Indication.INDETERMINATE: ("尚不能判定", "Not decided"),
    Indication.TOTAL_FAILED: ("核验不通过", "Verification failed"),
}


_FAILED = Indication.TOTAL_FAILED


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class ReportCheck(_Part, frozen=True, kw_only=True):
    """One check and its outcome. `question`, `reason`, `remedy` come in Chinese and English; empty when nothing is amiss."""

    code: str
    result: str
    cause: str | None
    detail: str | None
    question_zh: str
    question_en: str
    reason_zh: str
    reason_en: str
    remedy_zh: str
    remedy_en: str


class ReportEnvelope(_Part, frozen=True, kw_only=True):
    """One envelope of the case; `accepted_at` and `handed_over_at` are the hub's times, None without a receipt."""

    number: int
    digest: str
    id: str
    kind: str
    type: str
    from_: str = msgspec.field(name="from")
    to: str
    officer_number: str
    officer_name: str
    created: str
    accepted_at: str | None
    handed_over_at: str | None
    previous: str | None


class ReportAct(_Part, frozen=True, kw_only=True):
    """One officer's act; `envelope` is the number of the envelope that carries it, None when it stands beside them."""

    digest: str
    act: str
    station: str
    officer_number: str
    officer_name: str
    at: str
    subject: str
    envelope: int | None


class ReportSeal(_Part, frozen=True, kw_only=True):
    """The electronic seal of one letter, judged at the time its envelope was accepted."""

    letter: str
    envelope: int
    station: str | None
    certificate: str | None
    signed_at: str | None
    indication: str
    checks: tuple[ReportCheck, ...]


class ReportFile(_Part, frozen=True, kw_only=True):
    """One attachment: `size` in bytes; `envelope` is the number of the first envelope that names it."""

    digest: str
    size: int
    name: str
    media_type: str
    role: str | None
    envelope: int | None


class ReportTime(_Part, frozen=True, kw_only=True):
    """One time limit of one inquiry. `late` is judged by `received_at`, the hub's time (by `made_at` without a receipt).

    `made_at` is the sender's word, by its own clock, and `in_time_as_claimed` what would follow from it. `start_before` is the
    time that the inquiry before this correction named, when this one names another; the earliest counts.
    """

    envelope: int
    step: str
    due_at: str
    received_at: str | None
    late: bool
    reason: str | None
    made_at: str
    in_time_as_claimed: bool
    start_before: str | None


class ReportErasure(_Part, frozen=True, kw_only=True):
    """One erasure: when, why, by which two administrators (number and name), said by the notice of that digest."""

    notice: str
    at: str
    reason: str
    people: tuple[str, str]


class ReportRemoved(_Part, frozen=True, kw_only=True):
    """Something that was erased: its digest, `what` it was (envelope, file), and when the hub had accepted it (envelopes)."""

    digest: str
    what: str
    accepted_at: str | None


@dataclass(frozen=True, slots=True)
class TimedEnvelope:
    """An envelope of the timeline and when the hub accepted it, for whoever judges the times."""

    number: int
    envelope: Envelope
    accepted_at: str | None


JudgeTimes = Callable[[Sequence[TimedEnvelope]], tuple[ReportTime, ...]]
"""Judges the limits of a case; the rules of case types are not known here."""


class EvidenceReport(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """The whole report. `judged_at` is the instant of judging, against which the age of revocation lists counted, with
    `crl_max_age_s` seconds as the limit."""

    version: int
    case: str
    judged_at: WireInstant
    crl_max_age_s: Annotated[int, msgspec.Meta(ge=0, le=10**10)]
    indication: str
    conclusion_zh: str
    conclusion_en: str
    checks: tuple[ReportCheck, ...]
    timeline: tuple[ReportEnvelope, ...]
    acts: tuple[ReportAct, ...]
    seals: tuple[ReportSeal, ...]
    files: tuple[ReportFile, ...]
    by_hand_zh: str
    by_hand_en: str
    times: tuple[ReportTime, ...] = ()
    erasures: tuple[ReportErasure, ...] = ()
    removed: tuple[ReportRemoved, ...] = ()


def make_report(
    case: CaseId,
    verdict: Verdict,
    *,
    judged_at: datetime,
    crl_max_age: timedelta,
    timeline: Iterable[ReportEnvelope],
    acts: Iterable[ReportAct],
    seals: Iterable[ReportSeal],
    files: Iterable[ReportFile],
    times: Iterable[ReportTime] = (),
    erasures: Iterable[ReportErasure] = (),
    removed: Iterable[ReportRemoved] = (),
) -> EvidenceReport:
    """Return the report of `verdict` about a case."""
    zh, en = _CONCLUSIONS[verdict.indication]
    if any(check.result is Result.REDACTED for check in verdict.checks) and verdict.indication is not _FAILED:
        zh, en = _REDACTED
    return EvidenceReport(
        version=VERSION,
        case=case,
        judged_at=format_instant(judged_at),
        crl_max_age_s=int(crl_max_age.total_seconds()),
        indication=verdict.indication.value,
        conclusion_zh=zh,
        conclusion_en=en,
        checks=tuple(map(report_check, verdict.checks)),
        timeline=tuple(timeline),
        acts=tuple(acts),
        seals=tuple(seals),
        files=tuple(files),
        by_hand_zh=BY_HAND_ZH,
        by_hand_en=BY_HAND_EN,
        times=tuple(times),
        erasures=tuple(erasures),
        removed=tuple(removed),
    )


def report_check(check: Check) -> ReportCheck:
    """Return `check` with its texts."""
    text = text_of(check.cause).filled(check.values) if check.cause is not None else None
    question_zh, question_en = {**QUESTIONS, ERASURE: ERASURE_QUESTION}.get(check.code, ("", ""))
    return ReportCheck(
        code=check.code,
        result=check.result.value,
        cause=check.cause.value if check.cause is not None else None,
        detail=check.detail,
        question_zh=question_zh,
        question_en=question_en,
        reason_zh=text.zh if text else "",
        reason_en=text.en if text else "",
        remedy_zh=text.remedy_zh if text else "",
        remedy_en=text.remedy_en if text else "",
    )


def report_envelope(
    number: int, raw: bytes, envelope: Envelope, accepted_at: str | None, handed_over_at: str | None
) -> ReportEnvelope:
    """Return the line of one envelope."""
    return ReportEnvelope(
        number=number,
        digest=digest_of(raw),
        id=envelope.id,
        kind=envelope.kind.value,
        type=envelope.type,
        from_=envelope.from_,
        to=envelope.to,
        officer_number=envelope.officer.number,
        officer_name=envelope.officer.name,
        created=envelope.created,
        accepted_at=accepted_at,
        handed_over_at=handed_over_at,
        previous=envelope.previous,
    )


def encode_report(report: EvidenceReport) -> bytes:
    """Return the report as the container holds it."""
    return encode_json(report)


def parse_report(raw: bytes) -> EvidenceReport:
    """Return the report in `raw`. Raises: Refused (`json.*`), also for the report of a later version."""
    return decode_strict(raw, EvidenceReport)


def read_report(raw: bytes) -> EvidenceReport | None:
    """Return the report in `raw`, or None when it is none that this version knows."""
    try:
        report = parse_report(raw)
        parse_instant(report.judged_at)
        return report
    except Refused:
        return None


def differences(stored: EvidenceReport, derived: EvidenceReport) -> tuple[str, ...]:
    """Name what `stored` states otherwise than `derived` finds. Texts do not count: their wording may improve.

    A report of the first version is compared with what that version would have found.
    """
    if stored.version == 1:
        derived = as_version_1(derived)
    pairs = {
        "version": (stored.version, derived.version),
        "case": (stored.case, derived.case),
        "indication": (stored.indication, derived.indication),
        "checks": (_outcomes(stored.checks), _outcomes(derived.checks)),
        "timeline": (stored.timeline, derived.timeline),
        "acts": (stored.acts, derived.acts),
        "seals": (_seals(stored), _seals(derived)),
        "files": (stored.files, derived.files),
        "erasures": (stored.erasures, derived.erasures),
        "removed": (stored.removed, derived.removed),
    }
    if (
        stored.times and derived.times
    ):  # reports of before there were times have none, nor has a reader without the rules
        pairs["times"] = (stored.times, derived.times)
    return tuple(name for name, (there, here) in pairs.items() if there != here)


def as_version_1(report: EvidenceReport) -> EvidenceReport:
    """Return what the first version of the report would have said."""
    checks = tuple(check for check in report.checks if check.code not in NEW_IN_2)
    results = {check.result for check in checks}
    indication = Indication.TOTAL_PASSED
    if Result.FAILED.value in results:
        indication = Indication.TOTAL_FAILED
    elif Result.INDETERMINATE.value in results:
        indication = Indication.INDETERMINATE
    return msgspec.structs.replace(report, version=1, checks=checks, indication=indication.value)


def _outcomes(checks: Iterable[ReportCheck]) -> tuple[tuple[str, str, str | None], ...]:
    return tuple((check.code, check.result, check.cause) for check in checks)


def _seals(report: EvidenceReport) -> tuple[tuple[Digest | str | None, ...], ...]:
    return tuple(
        (seal.letter, seal.station, seal.certificate, seal.signed_at, seal.indication) for seal in report.seals
    )
