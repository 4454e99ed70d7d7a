"""The network is cut in the middle of an upload, of a submission, of an answer, of a download: all goes on, everything once.

A longer run:  HANXUN_SOAK=20 pytest tests/faults/test_network.py   (that many times the cuts, at random bytes, and the cases)
"""

import os
import random
from dataclasses import replace
from pathlib import Path

import pytest

from tests.end_to_end.findings import check_everything
from tests.end_to_end.stories import open_correction, some_file
from tests.end_to_end.world import World, a_world, free_port, wait_until
from tests.faults.cutting_proxy import Cut, a_cutting_proxy
from tests.faults.test_clock import settled

pytestmark = pytest.mark.long

SOAK = int(os.environ.get("HANXUN_SOAK", "1"))
BIG = (2_000_000, 2_000_000)
CUTS = (
    # Mid-upload: before the first byte of the file, in its middle, twice, and before its last.
    Cut(b"PATCH /v1/blobs/", 10, up=True),
    Cut(b"PATCH /v1/blobs/", 700_000, up=True),
    Cut(b"PATCH /v1/blobs/", 1_500_000, up=True),
    Cut(b"PATCH /v1/blobs/", 150_000, up=True),
    # The upload is whole, its answer is lost.
    Cut(b"PATCH /v1/blobs/", 30, up=False),
    # Mid-submission, and mid-answer: the hub has it and the station has not heard, or only half.
    Cut(b"POST /v1/envelopes", 600, up=True),
    Cut(b"POST /v1/envelopes", 1, up=False),
    Cut(b"POST /v1/envelopes", 400, up=False),
    # The other station: its mailbox, its downloads, its handover.
    Cut(b"GET /v1/mailbox", 300, up=False),
    Cut(b"GET /v1/blobs/", 200, up=False),
    Cut(b"GET /v1/blobs/", 1_000_000, up=False),
    Cut(b"POST /v1/token", 20, up=False),
)


def cuts(rng: random.Random) -> list[Cut]:
    """The cuts, and in a longer run the same again and again after other numbers of bytes."""
    more = [replace(cut, after=rng.randint(1, max(2, 2 * cut.after))) for _ in range(SOAK - 1) for cut in CUTS]
    return [*CUTS, *more]


def test_a_network_that_is_cut_anywhere_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    world, rng = a_world(tmp_path), random.Random(6)
    to_port = through_a_proxy(world)
    try:
        with a_cutting_proxy(port=world.port, to_port=to_port) as proxy:
            proxy.left += cuts(rng)
            asked = set(proxy.left)
            world.start()
            opener, answerer = world.stations
            exchanges = [
                open_correction(opener, answerer, rng, story="plain", file=some_file(rng, BIG)) for _ in range(2 * SOAK)
            ]
            wait_until(lambda: settled(world, exchanges), what=lambda: f"{proxy.left}\n{world.hub.tail()}")
            assert proxy.left == []
            assert set(proxy.made) == asked
            world.stop()
        check_everything(world, exchanges)
    finally:
        world.close()


def through_a_proxy(world: World) -> int:
    """Let the hub listen elsewhere: at the address that everybody knows stands the proxy."""
    to_port = free_port(but=world.port)
    settings = f'[listen]\nport = {to_port}\npublic_url = "http://127.0.0.1:{world.port}"\n'
    world.hub_folder.settings.write_text(settings)
    return to_port
