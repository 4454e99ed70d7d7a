"""The verification report of an evidence file, laid out for printing. Nothing is judged here: what the report says, is set."""

from datetime import datetime

from hub.letters.printing.report import (
    PrintedCheck,
    PrintedEvent,
    PrintedFact,
    PrintedFile,
    PrintedReport,
    print_report,
)
from hub.protocol.instants import beijing, parse_instant
from hub.protocol.verdict import Indication, Result
from hub.trail.evidence.report import EvidenceReport, ReportAct, ReportCheck, ReportEnvelope, ReportSeal, ReportTime

_KINDS = {
    "inquiry": "发函",
    "handover": "送达",
    "claim": "签收",
    "ask": "要求补充",
    "supply": "补充",
    "return": "退回补正",
    "reply": "答复",
    "close": "办结",
    "dispute": "异议",
    "withdraw": "撤回",
}
_REMOVED = {"envelope": "函件 envelope", "file": "附件 file"}
_ACTS = {
    "draft": "拟稿",
    "approval": "审批",
    "seal-use": "用印",
    "scan": "扫描校对",
    "look": "印文核对",
    "register": "登记操作",
}


def print_evidence_report(report: EvidenceReport, *, printed_at: datetime | None = None) -> bytes:
    """Return `report` as PDF/A-2b, Chinese and English; printed at the time it was judged unless another is given.

    Raises: Refused (`print.glyph_missing`) naming a character that no font has.
    """
    judged_at = parse_instant(report.judged_at)
    return print_report(as_printed(report), printed_at=printed_at or judged_at)


def as_printed(report: EvidenceReport) -> PrintedReport:
    """Return the page of `report`: every check, the timeline of envelopes and acts, every file with its digest."""
    events = sorted(
        [*map(_envelope, report.timeline), *map(_act, report.acts)],
        key=lambda event: event.at.timestamp() if event.at else float("inf"),
    )
    return PrintedReport(
        title_zh="证据文件核验报告",
        title_en="Verification report of an evidence file",
        reference=report.case,
        indication=Indication(report.indication),
        summary=f"{report.conclusion_zh} / {report.conclusion_en}",
        facts=_facts(report),
        checks=tuple(map(_check, report.checks)),
        timeline=tuple(events),
        files=(
            *(PrintedFile(file.name, file.role or "—", file.size, file.digest) for file in report.files),
            *(PrintedFile("已删除 erased", _REMOVED[one.what], 0, one.digest) for one in report.removed),
        ),
        notes=(report.by_hand_zh, report.by_hand_en),
    )


def _facts(report: EvidenceReport) -> tuple[PrintedFact, ...]:
    facts = [
        PrintedFact("案件号", "Case", report.case),
        PrintedFact("核验时间", "Judged at", beijing(parse_instant(report.judged_at))),
    ]
    if report.timeline:
        first = report.timeline[0]
        facts.append(PrintedFact("发函方", "Sending station", first.from_))
        facts.append(PrintedFact("收函方", "Receiving station", first.to))
    for erasure in report.erasures:
        said = f"{_at(erasure.at)},{erasure.reason}({'、'.join(erasure.people)})"
        facts.append(PrintedFact("内容已删除", "Erased", said))
    facts += [fact for time in report.times for fact in _time(time)]
    facts += [PrintedFact("电子签名", "Electronic seal", _seal(seal)) for seal in report.seals]
    return tuple(facts)


def _time(time: ReportTime) -> list[PrintedFact]:
    received = "尚无中心回执 no receipt" if time.received_at is None else f"中心收到 received {_at(time.received_at)}"
    said = "迟发 late" if time.late else "按时 in time"
    facts = [PrintedFact("时限", "Time limit", f"{said},截止 due {_at(time.due_at)},{received}")]
    if time.late and time.reason:
        facts.append(PrintedFact("迟发原因", "Reason", time.reason))
    if time.late and time.in_time_as_claimed:
        claim = f"{_at(time.made_at)} 制作,未经证明 / made then, unproved"
        facts.append(PrintedFact("发函单位自称", "Claimed by the sender", claim))
    if time.start_before is not None:
        facts.append(PrintedFact("起算时间有改动", "Start was changed", f"先前 before {_at(time.start_before)}"))
    return facts


def _at(text: str) -> str:
    return beijing(parse_instant(text))


def _seal(seal: ReportSeal) -> str:
    signed = beijing(parse_instant(seal.signed_at)) if seal.signed_at else "—"
    return f"{seal.indication},{seal.station or '—'},{signed}"


def _check(check: ReportCheck) -> PrintedCheck:
    def joined(zh: str, en: str) -> str:
        return f"{zh} / {en}" if zh else ""

    reason = joined(check.reason_zh, check.reason_en) + (f" ({check.detail})" if check.detail else "")
    return PrintedCheck(
        code=check.code,
        result=Result(check.result),
        reason=reason,
        remedy=joined(check.remedy_zh, check.remedy_en),
        title=joined(check.question_zh, check.question_en),
    )


def _envelope(line: ReportEnvelope) -> PrintedEvent:
    at = line.accepted_at or line.created
    what = f"{_KINDS.get(line.kind, line.kind)} {line.from_} → {line.to}"
    detail = "中心收下 accepted" if line.accepted_at else "尚无回执 no receipt"
    return PrintedEvent(
        parse_instant(at), what, f"{line.officer_name} {line.officer_number}", f"{detail} · {line.digest[:16]}"
    )


def _act(line: ReportAct) -> PrintedEvent:
    who = f"{line.officer_name} {line.officer_number}"
    return PrintedEvent(
        parse_instant(line.at), _ACTS.get(line.act, line.act), who, f"{line.station} · {line.digest[:16]}"
    )
