"""What the desk says of a scan beside its case: other cases' sheets and scans, an unapproved print, no impression."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hanxun.demo.paper import DPI, stamp_and_scan
from hub.letters.limits import default_limits
from hub.letters.preview import render_page
from hub.letters.report import ScanReport
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId
from station_agent.desk.approve import approve
from station_agent.desk.draft import draft
from station_agent.desk.paper import letter_paper
from station_agent.desk.scan import ProofTicks, scan
from station_agent.desk.stamp import stamp
from tests.exchange.builders import a_province, now_utc
from tests.station.desks import Desk, a_desk, a_draft
from tests.station.scene import OPENER, ORIGIN, a_scan, cached_check
from tests.trail.builders import a_log

TICKS = ProofTicks(pages=1, stamp_clear=True, persons_equal=True, original=True)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder: Path = tmp_path_factory.mktemp("papers")
    made = a_desk(a_province(), folder / "a", OPENER, hub="http://127.0.0.1:9", trail_key=a_log().key.text)
    yield made
    made.agent.close()


def a_stamped_case(desk: Desk, **changes: object) -> CaseId:
    case = draft(desk.agent, desk.window, type="C06", to=ORIGIN, body=a_draft(**changes), now=now_utc())
    approve(desk.agent, desk.head, case, now=now_utc())
    stamp(desk.agent, desk.custodian, case, copies=1, now=now_utc())
    return case


def a_scan_of_paper(desk: Desk, case: CaseId) -> bytes:
    pdf = letter_paper(desk.agent, desk.window, case, addressee="宣州派出所", telephone="0563-1", now=now_utc())
    return stamp_and_scan(render_page(pdf, 1, DPI, limits=default_limits()), station="广德市公安局某派出所", seed=4)


def scanned(desk: Desk, case: CaseId, raw: bytes) -> ScanReport:
    return scan(desk.agent, desk.window, case, raw=raw, name="函.jpg", ticks=TICKS, check=cached_check(), now=now_utc())


def codes(report: ScanReport) -> set[str]:
    return {finding.code for finding in report.findings}


def test_the_approved_letter_on_our_paper_is_accepted_without_a_word_about_paper(desk: Desk) -> None:
    case = a_stamped_case(desk)
    assert codes(scanned(desk, case, a_scan_of_paper(desk, case))) == set()


def test_the_sheet_of_another_case_is_refused_and_that_case_is_named(desk: Desk) -> None:
    case, other = a_stamped_case(desk), a_stamped_case(desk)
    with pytest.raises(Refused) as refused:
        scanned(desk, case, a_scan_of_paper(desk, other))
    assert (refused.value.code, refused.value.detail) == (Code.SCAN_REFUSED, "paper.other_case")
    assert other in str(refused.value.values["message"])


def test_a_letter_on_own_paper_is_allowed_with_a_note(desk: Desk) -> None:
    assert "paper.no_mark" in codes(scanned(desk, a_stamped_case(desk), a_scan()))


def test_the_same_scan_in_another_case_is_e203_and_that_case_is_named(desk: Desk) -> None:
    first, second = a_stamped_case(desk), a_stamped_case(desk)
    raw = a_scan() + b"\n"  # another scan than the other tests', byte for byte
    assert "E203" not in codes(scanned(desk, first, raw))
    (finding,) = [one for one in scanned(desk, second, raw).findings if one.code == "E203"]
    assert first in finding.message


def test_a_scan_without_a_red_impression_is_warned_of(desk: Desk) -> None:
    case = a_stamped_case(desk)
    pdf = letter_paper(desk.agent, desk.window, case, addressee="宣州派出所", telephone="0563-1", now=now_utc())
    page = render_page(pdf, 1, 150, limits=default_limits())
    assert "scan.no_stamp" in codes(scanned(desk, case, page))
