"""Late or in time, in the evidence file: by the hub's receipts, derived again by every reader, claims marked as claims."""

from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.protocol.codes import Code
from hub.protocol.envelope import Kind
from hub.protocol.identifiers import digest_of
from hub.protocol.instants import format_instant
from hub.protocol.verdict import Indication
from hub.reports.evidence import as_printed
from hub.reports.times import judge_times
from hub.signing.envelopes import sign_envelope
from hub.trail.evidence.check import check_parts
from hub.trail.evidence.parts import EvidenceFile, EvidenceParts
from hub.trail.evidence.report import EvidenceReport, TimedEnvelope, encode_report, parse_report
from hub.trail.evidence.standing import keys_name
from hub.trail.evidence.verify import check_evidence, write_container
from tests.cases.builders import a_c06_inquiry, beijing_time
from tests.station.scene import Bundle, a_body, a_bundle, a_receipt, a_scene, an_envelope, statement_of_keys

FOUND = "2026-09-30T15:50:00Z"


def parts_of(bundle: Bundle) -> EvidenceParts:
    """The parts of the bundle's evidence file."""
    scene = bundle.scene
    people = dict.fromkeys(person.certified.pem for person in bundle.people)
    return EvidenceParts(
        case=bundle.case,
        envelopes=tuple(bundle.envelopes),
        receipts=tuple(bundle.receipts),
        attachments={digest: EvidenceFile("file", "application/pdf", raw) for digest, raw in bundle.files.items()},
        certificates=(scene.agent.certified.pem, scene.origin_agent.certified.pem, scene.hub.certified.pem, *people),
        crls=(scene.crl.pem,),
        trail={keys_name(1): statement_of_keys()},
    )


def report_on(parts: EvidenceParts, now: datetime) -> EvidenceReport:
    """The report with its times."""
    return check_parts(parts, trust=a_scene().trust(), now=now, judge_times=judge_times)


def container(parts: EvidenceParts, report: EvidenceReport, now: datetime) -> bytes:
    """The evidence file."""
    return write_container(parts, report=report, report_pdf=b"%PDF-1.7", signer=a_scene().evidence, at=now)


def verified(raw: bytes, now: datetime) -> tuple[Indication, frozenset[Code | None]]:
    """What a reader with the rules finds."""
    verdict, _ = check_evidence(raw, trust=a_scene().trust(), now=now, judge_times=judge_times)
    return verdict.indication, frozenset(check.cause for check in verdict.not_passed)


def test_a_late_letter_is_late_in_the_report_and_the_file_passes() -> None:
    scene = a_scene()
    now = scene.at + timedelta(minutes=5)
    body = a_body(discovered_at=FOUND, late_reason="夜间发现,次日补发")
    parts = parts_of(a_bundle(body=body))
    report = report_on(parts, now)
    (time,) = report.times
    assert (time.late, time.reason, time.received_at) == (True, "夜间发现,次日补发", format_instant(scene.at))
    assert time.due_at == "2026-09-30T15:59:59.000Z"
    assert report.indication == Indication.TOTAL_PASSED.value
    assert verified(container(parts, report, now), now) == (Indication.TOTAL_PASSED, frozenset())
    shown = " ".join(fact.value for fact in as_printed(report).facts)
    assert "迟发" in shown
    assert "夜间发现" in shown


def test_what_only_the_sender_says_is_marked_as_claimed() -> None:
    scene = a_scene()
    next_day = scene.at + timedelta(days=1)
    parts = parts_of(a_bundle(body=a_body(discovered_at=format_instant(scene.at)), received_at=next_day))
    (time,) = report_on(parts, next_day).times
    assert (time.late, time.in_time_as_claimed) == (True, True)
    assert time.made_at == format_instant(scene.at)
    assert "发函单位自称" in {fact.zh for fact in as_printed(report_on(parts, next_day)).facts}


def test_a_report_that_calls_a_late_letter_punctual_is_noticed() -> None:
    now = a_scene().at + timedelta(minutes=5)
    parts = parts_of(a_bundle(body=a_body(discovered_at=FOUND, late_reason="夜间发现")))
    honest = report_on(parts, now)
    kinder = msgspec.structs.replace(honest, times=(msgspec.structs.replace(honest.times[0], late=False),))
    indication, causes = verified(container(parts, kinder, now), now)
    assert indication is Indication.TOTAL_FAILED
    assert causes == {Code.EVIDENCE_REPORT_DIFFERS}


def test_a_file_of_before_there_were_times_still_passes() -> None:
    now = a_scene().at + timedelta(minutes=5)
    parts = parts_of(a_bundle())
    old = check_parts(parts, trust=a_scene().trust(), now=now)
    assert b'"times"' not in encode_report(old)
    assert parse_report(encode_report(old)) == old
    assert verified(container(parts, old, now), now)[0] is Indication.TOTAL_PASSED


def test_a_corrected_letter_shows_the_time_it_named_before() -> None:
    scene, bundle = a_scene(), a_bundle(body=a_body(discovered_at=FOUND, late_reason="夜间发现"))
    later = format_instant(scene.at)
    attachments = bundle.material().inquiry.envelope.attachments
    envelope = an_envelope(
        Kind.INQUIRY, a_body(discovered_at=later), attachments, previous=digest_of(bundle.envelopes[0])
    )
    raw = sign_envelope(envelope, signer=scene.agent)
    both = replace(bundle, envelopes=[*bundle.envelopes, raw], receipts=[*bundle.receipts, a_receipt(raw, at=scene.at)])
    first, second = report_on(parts_of(both), scene.at).times
    assert (first.start_before, second.start_before) == (None, FOUND)
    assert first.late
    assert second.late


@given(
    st.dictionaries(
        st.sampled_from(["discovered_at", "late_reason"]),
        st.none() | st.integers() | st.text(max_size=30) | st.lists(st.integers(), max_size=2),
    )
)
@settings(max_examples=60)
def test_any_body_is_judged_or_left_out(changes: dict[str, object]) -> None:
    body = a_c06_inquiry() | changes
    envelope = an_envelope(Kind.INQUIRY, body)
    lines = [TimedEnvelope(number, envelope, format_instant(beijing_time("2026-11-24 12:00:00"))) for number in (1, 2)]
    assert len(judge_times(lines)) in (0, 2)
