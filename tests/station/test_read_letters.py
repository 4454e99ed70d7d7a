"""What is read on a letter beside its case, at the sender's scan and at the receiver's look; a reader that fails stops nothing."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from hanxun.demo.paper import DPI, stamp_and_scan
from hub.letters.limits import default_limits
from hub.letters.preview import render_page
from hub.letters.reading.lines import Line
from hub.letters.report import PdfPolicy
from hub.protocol.codes import Code
from hub.protocol.errors import Unavailable
from hub.protocol.identifiers import CaseId
from station_agent.desk.approve import approve
from station_agent.desk.claim import claim
from station_agent.desk.draft import draft
from station_agent.desk.paper import letter_paper
from station_agent.desk.proofread import examine
from station_agent.desk.scan import ProofTicks, scan
from station_agent.desk.seal import seal
from station_agent.desk.send import send
from station_agent.desk.stamp import stamp
from station_agent.readers import scan_check
from tests.exchange.builders import a_province, now_utc
from tests.letters.reading.test_fields import lines_of
from tests.station.desks import Desk, a_desk, a_draft, a_sent_letter, a_world
from tests.station.scene import OPENER, ORIGIN, PERSON, a_scan, cached_check, cached_readers
from tests.trail.builders import a_log

TICKS = ProofTicks(pages=1, stamp_clear=True, persons_equal=True, original=True)


def a_letter_about(name: str, id18: str) -> Sequence[Line]:
    return lines_of("关于户口错误迁移情况的说明函", f"1|{name}|{id18}|本人")


def a_stamped_case(folder: Path) -> tuple[Desk, CaseId]:
    desk = a_desk(a_province(), folder, OPENER, hub="http://127.0.0.1:9", trail_key=a_log().key.text)
    case = draft(desk.agent, desk.window, type="C06", to=ORIGIN, body=a_draft(), now=now_utc())
    approve(desk.agent, desk.head, case, now=now_utc())
    stamp(desk.agent, desk.custodian, case, copies=1, now=now_utc())
    return desk, case


def test_a_number_that_differs_is_shown_with_both_readings_when_the_scan_is_taken(tmp_path: Path) -> None:
    desk, case = a_stamped_case(tmp_path / "a")
    misread = PERSON["id18"][:-1] + "1"
    report = scan(
        desk.agent,
        desk.window,
        case,
        raw=a_scan(),
        name="函.jpg",
        ticks=TICKS,
        check=cached_check(),
        read=lambda raw, name: a_letter_about(PERSON["name"], misread),
        now=now_utc(),
    )
    (finding,) = [one for one in report.findings if one.code == "reading.id_differs"]
    assert PERSON["id18"] in finding.message
    assert misread in finding.message
    desk.agent.close()


def test_a_reader_that_fails_is_spoken_of_and_stops_nothing(tmp_path: Path) -> None:
    desk, case = a_stamped_case(tmp_path / "a")

    def broken(raw: bytes, name: str) -> Sequence[Line]:
        raise Unavailable(Code.SCAN_SANDBOX)

    report = scan(
        desk.agent,
        desk.window,
        case,
        raw=a_scan(),
        name="函.jpg",
        ticks=TICKS,
        check=cached_check(),
        read=broken,
        now=now_utc(),
    )
    assert "reading.not_done" in {one.code for one in report.findings}
    desk.agent.close()


@pytest.mark.parametrize(
    ("name", "code"), [(PERSON["name"], "reading.agrees"), ("张叁", "reading.name_differs")], ids=["agrees", "differs"]
)
async def test_the_receiver_is_told_before_the_look(name: str, code: str, tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        case, _ = a_sent_letter(world.opener)
        await world.opener.sync()
        await world.origin.sync()
        claim(world.origin.agent, world.origin.window, case, now=now_utc())
        report = examine(
            world.origin.agent,
            case,
            check=scan_check(policy=PdfPolicy.SEALED_LETTER),
            read=lambda raw, _: a_letter_about(name, PERSON["id18"]),
            now=now_utc(),
        )
    assert report.ok
    assert {code, "paper.no_mark"} <= {finding.code for finding in report.findings}


async def test_our_own_paper_is_matched_again_by_the_receiver(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        opener = world.opener
        case = draft(opener.agent, opener.window, type="C06", to=ORIGIN, body=a_draft(), now=now_utc())
        approve(opener.agent, opener.head, case, now=now_utc())
        stamp(opener.agent, opener.custodian, case, copies=1, now=now_utc())
        pdf = letter_paper(opener.agent, opener.window, case, addressee="宣州派出所", telephone="0563-1", now=now_utc())
        page = render_page(pdf, 1, DPI, limits=default_limits())
        raw = stamp_and_scan(page, station="广德市公安局某派出所", seed=2)
        desk, read = scan_check(), cached_readers()
        scan(opener.agent, opener.window, case, raw=raw, name="函.jpg", ticks=TICKS, check=desk, now=now_utc())
        seal(opener.agent, opener.custodian, case, seal_key=opener.seal, to_pdf=read.scan_to_pdf, now=now_utc())
        send(opener.agent, opener.window, case, now=now_utc())
        await opener.sync()
        await world.origin.sync()
        sealed = scan_check(policy=PdfPolicy.SEALED_LETTER)
        report = examine(world.origin.agent, case, check=sealed, read=None, now=now_utc())
    assert len(report.marks) == 1
    assert [finding.code for finding in report.findings if finding.code.startswith("paper.")] == []
