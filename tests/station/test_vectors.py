"""Acceptance vectors of letters that need two desks and a hub: a byte of page 2 changed at the hub, a status list 25 hours old."""

from datetime import timedelta
from pathlib import Path

import pytest

from hub.protocol.codes import Code
from hub.protocol.identifiers import CaseId
from hub.protocol.verdict import NotVerified, Result
from station_agent.desk.act import act
from station_agent.desk.approve import approve
from station_agent.desk.draft import draft
from station_agent.desk.scan import ProofTicks, scan
from station_agent.desk.seal import seal
from station_agent.desk.send import send
from station_agent.desk.stamp import stamp
from station_agent.store.cases import find_case
from station_agent.store.deliveries import quarantined
from station_agent.store.letters import require_letter
from station_agent.store.verdicts import decode_checks
from tests.exchange.builders import now_utc
from tests.letters.builders import a_page, encoded
from tests.station.desks import Desk, a_claimed_case, a_draft, a_world
from tests.station.scene import ORIGIN, PERSON, cached_check, cached_readers

PAGES = 2


def a_sent_letter_of_two_pages(desk: Desk) -> CaseId:
    first, second = a_page(), a_page().rotate(180)
    raw = encoded(first, "TIFF", save_all=True, append_images=[second], compression="jpeg")
    case = draft(desk.agent, desk.window, type="C06", to=ORIGIN, body=a_draft(), now=now_utc())
    approve(desk.agent, desk.head, case, now=now_utc())
    stamp(desk.agent, desk.custodian, case, copies=1, now=now_utc())
    ticks = ProofTicks(pages=PAGES, stamp_clear=True, persons_equal=True, original=True)
    scan(desk.agent, desk.window, case, raw=raw, name="函.tif", ticks=ticks, check=cached_check(), now=now_utc())
    to_pdf = cached_readers().scan_to_pdf
    seal(desk.agent, desk.custodian, case, seal_key=desk.seal, to_pdf=to_pdf, now=now_utc())
    send(desk.agent, desk.window, case, now=now_utc())
    return case


def middle_of_page(letter: bytes, page: int) -> int:
    """Return an offset in the middle of the picture of a page."""
    place = -1
    for _ in range(page):
        place = letter.index(b"/Subtype/Image", place + 1)
    start = letter.index(b"stream\n", place)
    return (start + letter.index(b"endstream", start)) // 2


async def test_vector_8_one_byte_of_page_2_changed_at_the_hub_is_e401_in_the_origins_agent(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        case = a_sent_letter_of_two_pages(world.opener)
        await world.opener.sync()
        with world.opener.agent.store.read() as tx:
            letter = require_letter(tx, case).letter
        (blob,) = [path for path in (world.hub_data / "blobs").rglob(str(letter)) if path.is_file()]
        raw = bytearray(blob.read_bytes())
        raw[middle_of_page(bytes(raw), PAGES)] ^= 1
        blob.chmod(0o600)
        blob.write_bytes(raw)
        await world.origin.sync()
        with world.origin.agent.store.read() as tx:
            (aside,) = quarantined(tx)
            assert find_case(tx, case) is None
        assert [check.cause for check in decode_checks(aside.checks).not_passed] == [Code.SEAL_INVALID]
        assert Code.SEAL_INVALID.value == "E401"


async def test_vector_18_a_status_list_25_h_old_is_w403_at_the_gate_and_the_register_is_not_touched(
    tmp_path: Path,
) -> None:
    async with a_world(tmp_path) as world:
        case = await a_claimed_case(world)
        origin, later = world.origin, now_utc() + timedelta(hours=25)
        before = world.register.look_up(PERSON["id18"])
        with pytest.raises(NotVerified) as refused:
            act(origin.agent, origin.window, case, register=world.register, readers=cached_readers(), now=later)
        assert world.register.look_up(PERSON["id18"]) == before
    failed = {check.cause: check.result for check in refused.value.verdict.not_passed}
    assert failed == {Code.STATUS_LIST_TOO_OLD: Result.INDETERMINATE}
    assert Code.STATUS_LIST_TOO_OLD.value == "W403"
