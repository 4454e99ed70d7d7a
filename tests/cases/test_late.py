"""The start of a limit is what the sender enters: not after the message, and not moved by a correction without a trace."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.cases.calendar import default_calendar
from hub.cases.catalogue import default_catalogue
from hub.cases.clocks import SiteHours
from hub.cases.late import StartChange, changed_starts, judge_late, require_started
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from tests.cases.builders import a_c06_inquiry, beijing_time

CATALOGUE = default_catalogue()
C06, C04 = CATALOGUE.case_type("C06"), CATALOGUE.case_type("C04")
FOUND = "2026-09-30T15:50:00Z"  # 23:50 in Beijing
NEXT_DAY = "2026-10-01T00:10:00Z"


def judged_late(body: dict[str, object], *earlier: dict[str, object], sent_at: str) -> bool:
    (judged,) = judge_late(
        C06, body, sent_at=beijing_time(sent_at), calendar=default_calendar(), hours=SiteHours(), earlier=earlier
    )
    return judged.late


def test_found_after_the_message_was_made_is_refused() -> None:
    body = a_c06_inquiry(discovered_at=FOUND)
    require_started(C06, body, created=beijing_time("2026-09-30 23:50:00"))
    with pytest.raises(Refused) as refused:
        require_started(C06, body, created=beijing_time("2026-09-30 23:49:59"))
    assert (refused.value.code, refused.value.field) == (Code.BODY_AFTER_CREATED, "/body/discovered_at")


def test_a_type_without_such_a_limit_asks_nothing() -> None:
    require_started(C04, {"discovered_at": "2099-01-01T00:00:00Z"}, created=beijing_time("2026-09-30 23:50:00"))


def test_a_correction_that_names_a_later_discovery_is_shown_and_judged_by_the_earliest() -> None:
    first, second = a_c06_inquiry(discovered_at=FOUND), a_c06_inquiry(discovered_at=NEXT_DAY)
    assert changed_starts(C06, second, [first]) == (StartChange("discovered_at", FOUND, NEXT_DAY),)
    assert judged_late(second, first, sent_at="2026-10-01 09:00:00")
    assert not judged_late(second, sent_at="2026-10-01 09:00:00")  # alone it would pass for punctual


def test_a_correction_that_keeps_the_time_however_it_is_spelt_changes_nothing() -> None:
    first, second = a_c06_inquiry(discovered_at=FOUND), a_c06_inquiry(discovered_at="2026-09-30T15:50:00.000Z")
    assert changed_starts(C06, second, [first]) == ()
    assert changed_starts(C06, second, []) == ()


@given(st.lists(st.sampled_from([FOUND, NEXT_DAY, "2026-09-29T00:00:00Z"]), min_size=1, max_size=5))
def test_no_order_of_corrections_makes_a_late_case_punctual(times: list[str]) -> None:
    bodies = [a_c06_inquiry(discovered_at=time) for time in times]
    late = [judged_late(body, *bodies[:number], sent_at="2026-10-01 09:00:00") for number, body in enumerate(bodies)]
    assert late == sorted(late)  # once late, late in every later correction
